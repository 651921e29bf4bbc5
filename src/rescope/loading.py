"""Files to facts: from the cache where a file is unchanged, else by worker processes."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from multiprocessing import get_context
from os import cpu_count

from rescope.cache import FactsCache, Stamp, pack, shard_of, unpack
from rescope.config import Project
from rescope.discovery import SourceFile
from rescope.facts import collect
from rescope.model.facts import ModuleFacts, ParseFailure

_PARALLEL_FROM = 400
_BATCH = 40
_TOLD = 100
Loaded = ModuleFacts | ParseFailure
Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Tells nobody what is being done."""


def load_facts(
    project: Project, files: Sequence[SourceFile], tell: Tell = silent
) -> tuple[tuple[ModuleFacts, ...], tuple[ParseFailure, ...]]:
    """The facts of every file, and the files that could not be read; `tell` hears how many are done."""
    if project.settings.cache:
        results: Iterable[Loaded] = _through_cache(FactsCache(root=project.root), files, project.settings.jobs, tell)
    else:
        results = [facts for facts, _ in _collect_all(files, project.settings.jobs, tell)]
    found = tuple(results)
    return tuple(r for r in found if isinstance(r, ModuleFacts)), tuple(r for r in found if isinstance(r, ParseFailure))


def stamps(files: Iterable[SourceFile]) -> dict[str, Stamp]:
    """Size and time of change of each file; (-1, -1) where it cannot be asked."""
    return {file.path: _stamp(file) for file in files}


def _stamp(file: SourceFile) -> Stamp:
    try:
        return file.stamp()
    except OSError:
        return (-1, -1)


def _through_cache(cache: FactsCache, files: Sequence[SourceFile], jobs: int, tell: Tell) -> list[Loaded]:
    stamped = stamps(files)
    known: dict[str, Loaded] = dict(cache.known(stamped))
    missing = sorted((f for f in files if f.path not in known), key=lambda f: shard_of(f.path))
    collected = _collect_all(missing, jobs, tell)
    for number, results in groupby(collected, key=lambda answer: shard_of(answer[0].path)):
        fresh: dict[str, bytes] = {}
        for result, packed in results:
            known[result.path] = result
            if isinstance(result, ModuleFacts):
                fresh[result.path] = packed or pack(result)
        cache.add(number, fresh, stamped)
    return [known[file.path] for file in files]


def _collect_all(files: Sequence[SourceFile], jobs: int, tell: Tell) -> Iterator[tuple[Loaded, bytes]]:
    for number, result in enumerate(_collect_each(files, jobs)):
        if number % _TOLD == 0:
            tell(f"reading files: {number} of {len(files)}")
        yield result


def _collect_each(files: Sequence[SourceFile], jobs: int) -> Iterator[tuple[Loaded, bytes]]:
    """The facts of each file; with the bytes that carried them, where a worker process did the work."""
    workers = jobs or cpu_count() or 1
    if workers == 1 or len(files) < _PARALLEL_FROM:
        yield from ((_read(file), b"") for file in files)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=gc.disable) as pool:
        for answer in pool.map(_read_packed, files, chunksize=_BATCH):
            facts = answer if isinstance(answer, ParseFailure) else unpack(answer)
            if facts is not None:
                yield facts, b"" if isinstance(answer, ParseFailure) else answer


def _read_packed(file: SourceFile) -> bytes | ParseFailure:
    facts = _read(file)
    return facts if isinstance(facts, ParseFailure) else pack(facts)


def _read(file: SourceFile) -> Loaded:
    try:
        content = file.read()
    except OSError as error:
        return ParseFailure(path=file.path, line=1, message=f"cannot be read: {error.strerror}")
    return collect(file.path, content)
