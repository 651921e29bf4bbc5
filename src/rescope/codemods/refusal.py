"""Why an edit was not made."""


class EditRefused(Exception):
    """An edit does not fit the file at `path`; nothing of the call was applied."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


class MisfitError(Exception):
    """A definition has a shape that cannot be rewritten for certain; `apply` adds path and line."""
