"""rescope narrows leaking pytest fixtures and resets leaking singletons.

The promise of this package: `analyze`, `plan`, `rewrite` and the model types in `__all__`. Everything else may move.
"""

from importlib import import_module

from rescope.version import __version__

_PUBLIC = {
    "analyze": "rescope.api",
    "plan": "rescope.api",
    "rewrite": "rescope.api",
    "Applicability": "rescope.model.finding",
    "Finding": "rescope.model.finding",
    "Keep": "rescope.model.finding",
    "ChangeGroup": "rescope.model.plan",
    "FileChange": "rescope.model.plan",
    "Plan": "rescope.model.plan",
    "Skipped": "rescope.model.plan",
    "Report": "rescope.model.report",
    "Rewrite": "rescope.model.report",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> object:
    """Load a public name on first use: `rescope --version` must not pay for the analysis."""
    if name not in _PUBLIC:
        message = f"module 'rescope' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_PUBLIC[name]), name)
