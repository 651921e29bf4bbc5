"""Which test modules the conftest.py files above them keep pytest from collecting (pytest: `collect_ignore`, `collect_ignore_glob`)."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath

from rescope.model.facts import ModuleFacts

_Lists = tuple[tuple[str, ...] | None, tuple[str, ...] | None]


class Ignores:
    """The lists of all conftest.py files; pytest asks for each folder and file the nearest one above it that has the list.

    It asks for none of the paths that it is given, `testpaths`, nor for what lies above them; and a hook of the project's own may
    answer in the lists' place, so nothing is ignored where there is one.
    """

    def __init__(self, modules: Mapping[str, ModuleFacts], testpaths: Iterable[str]) -> None:
        self._given = [top.removeprefix("./").rstrip("/") for top in testpaths]
        conftests = ((PurePosixPath(path), module) for path, module in modules.items() if module.ignores != (None, None))
        self._lists: dict[PurePosixPath, _Lists] = {path.parent: module.ignores for path, module in conftests if path.name == "conftest.py"}
        if any(f.address.qualname == "pytest_ignore_collect" for module in modules.values() for f in module.functions):
            self._lists = {}

    def covers(self, path: str) -> bool:
        """Whether pytest, run without arguments, passes over the file or a folder that it lies in."""
        if not self._lists:
            return False
        file = PurePosixPath(path)
        return any(self._ignored(each) for each in (*file.parents[:-1], file) if not self._is_given(str(each)))

    def _is_given(self, path: str) -> bool:
        return any(fnmatch(path, top) or top.startswith(f"{path}/") for top in self._given)

    def _ignored(self, path: PurePosixPath) -> bool:
        plain = any(folder / text == path for folder, texts in self._nearest(path.parent, 0) for text in texts)
        return plain or any(fnmatch(str(path), str(folder / text)) for folder, texts in self._nearest(path.parent, 1) for text in texts)

    def _nearest(self, folder: PurePosixPath, which: int) -> Iterator[tuple[PurePosixPath, tuple[str, ...]]]:
        for each in (folder, *folder.parents):
            texts = self._lists.get(each, (None, None))[which]
            if texts is not None:
                yield each, texts
                return
