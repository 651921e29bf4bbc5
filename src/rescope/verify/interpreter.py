"""Which Python runs the project's suite, and in which environment."""

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

# A hook of git, and a pytest around this one, hand down what belongs to them alone.
_FOREIGN = re.compile(
    r"GIT_(DIR|WORK_TREE|INDEX_FILE|COMMON_DIR|OBJECT_DIRECTORY|PREFIX|NAMESPACE)|PYTEST_(CURRENT_TEST|XDIST_\w+|VERSION)"
)


def project_python(root: Path, asked: Path | None, environ: Mapping[str, str]) -> Path:
    """The interpreter asked for, else that of the active or the project's own virtual environment, else the one that runs rescope.

    Where rescope was installed apart from everything (pipx), the last has no pytest, and it is what `python3` starts.
    """
    if asked is not None:
        return Path(os.path.abspath(asked))  # noqa: PTH100 - resolving would leave the virtual environment
    active = environ.get("VIRTUAL_ENV", "")
    folders = [*([Path(active)] if active else []), root / ".venv", root / "venv"]
    found = (python for folder in folders if (python := _python_of(folder)).is_file())
    return next(found, _usual())


def _usual() -> Path:
    other = None if importlib.util.find_spec("pytest") else shutil.which("python3") or shutil.which("python")
    return Path(other or sys.executable)


def child_environment(python: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment, as activating the interpreter's virtual environment would leave it."""
    kept = {name: value for name, value in environ.items() if not _FOREIGN.fullmatch(name)}
    home = python.parent.parent
    if (home / "pyvenv.cfg").is_file():
        kept |= {"VIRTUAL_ENV": str(home), "PATH": os.pathsep.join([str(python.parent), kept.get("PATH", os.defpath)])}
        kept.pop("PYTHONHOME", None)
    return kept


def _python_of(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"
