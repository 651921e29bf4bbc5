"""What the static analysis names, read from the JSON of `rescope check`, or from a run of it."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_BY_SET_UP = "RSC102"
_BY_TEST = "RSC208"


class WatchError(Exception):
    """The list of what to watch cannot be had; the message is for the user."""


class Subject(NamedTuple):
    """A fixture or singleton that the analysis names.

    `names` are the globals that are written together, `readers` the places in tests, as `path:line`, that are seen to use them.
    """

    kind: str
    name: str
    path: str
    qualname: str
    line: int
    scope: str = ""
    names: tuple[str, ...] = ()
    message: str = ""
    readers: tuple[str, ...] = ()


class WatchList(NamedTuple):
    """Subjects to watch, each once; whether a finding is about the state of the process, and whether set-ups change it."""

    singletons: tuple[Subject, ...] = ()
    fixtures: tuple[Subject, ...] = ()
    process: bool = False
    by_set_ups: bool = False


def parse(text: str, source: str) -> WatchList:
    """The list in the JSON of `rescope check`; `source` names it in the error."""
    try:
        data = json.loads(text)
        subjects = tuple(dict.fromkeys(_subjects(data)))
        codes = {f["code"] for f in data["findings"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{source}: not the output of `rescope check --output-format json`"
        raise WatchError(message) from error
    return WatchList(
        singletons=_each_once(s for s in subjects if s.kind == "singleton"),
        fixtures=_each_once(s for s in subjects if s.kind == "fixture"),
        process=bool({_BY_SET_UP, _BY_TEST} & codes),
        by_set_ups=_BY_SET_UP in codes,
    )


def _each_once(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    """One subject for each definition, that of a finding (which has a message) before any other."""
    found: dict[tuple[str, str, int], Subject] = {}
    for subject in subjects:
        key = (subject.path, subject.qualname, subject.line)
        if key not in found or (subject.message and not found[key].message):
            found[key] = subject
    return tuple(found.values())


def _subjects(data: Mapping[str, Any]) -> Iterator[Subject]:
    for finding in data["findings"]:
        if finding["code"] != _BY_TEST:
            yield _subject(finding["subject"], f"{finding['code']} {finding['message']}")
        for edit in (finding["fix"] or {}).get("edits", ()):
            if edit["kind"] == "change-scope":
                yield _subject({**edit, "kind": "fixture", "scope": edit["from"]}, "")
    for entry in (*data["kept"], *data["skipped"]):
        yield _subject(entry["subject"], "")


def _subject(data: Mapping[str, Any], message: str) -> Subject:
    return Subject(
        kind=str(data["kind"]),
        name=str(data["name"]),
        path=str(data["path"]),
        qualname=str(data["qualname"]),
        line=int(data["line"]),
        scope=str(data["scope"] or ""),
        names=tuple(str(n) for n in data.get("names") or (data["qualname"],)),
        message=message,
        readers=tuple(str(at) for at in data.get("readers", ())),
    )


def read(path: Path) -> str:
    """The text of a file given with `--rescope-watch`."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        message = f"{path}: cannot be read: {error}"
        raise WatchError(message) from error


def ask(root: Path) -> str:
    """What `rescope check` says of the project at root, as JSON: one run, in a process of its own."""
    import subprocess

    command = [sys.executable, "-m", "rescope", "check", "--quiet", "--output-format", "json", "--exit-zero"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=False)  # noqa: S603 - our own interpreter
    if not result.stdout.startswith("{"):
        last = (result.stderr.strip().splitlines() or ["no output"])[-1]
        message = f"`rescope check` failed in {root}: {last}; give its JSON with --rescope-watch FILE"
        raise WatchError(message)
    return result.stdout
