"""The order of a run that somebody saved: node ids, the output of `pytest -v`, or JUnit XML."""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from xml.etree import ElementTree as ET

_WORD = r"(?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)"
_BEGINNING = re.compile(rf"(?:\[(?P<worker>gw\d+)\] \[ *\d+%\] )?(?:{_WORD} )?")


class OrderError(Exception):
    """No order can be had from the text; the message is for the user."""


def saved_order(text: str, collected: Sequence[str], test: str = "") -> tuple[str, ...]:
    """The tests of the run in its order, each once; of a run by several workers, those of the worker that ran `test`."""
    found = _from_junit(text, collected) if text.lstrip().startswith("<") else _from_lines(text, frozenset(collected))
    tests = tuple(found)
    workers = {worker for worker, name in tests if name == test}
    chosen = tuple(dict.fromkeys(name for worker, name in tests if not test or worker in workers))
    if not chosen:
        raise OrderError(f"no line names {test}" if tests and test else "no line names a test of this project")
    return chosen


def _from_lines(text: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    for line in map(str.strip, text.splitlines()):
        match = _BEGINNING.match(line)
        words = line[match.end() :].split(" ") if match else []
        # Parameters may hold blanks: the longest beginning that names a test is meant.
        beginnings = (" ".join(words[:count]) for count in range(len(words), 0, -1))
        test = next((beginning for beginning in beginnings if beginning in known), None)
        if match and test:
            yield match["worker"] or "", test


def _from_junit(text: str, collected: Iterable[str]) -> Iterator[tuple[str, str]]:
    names = {_junit_name(test): test for test in collected}
    try:
        cases = list(ET.fromstring(text).iter("testcase"))  # noqa: S314 - a file that the user wrote and names
    except ET.ParseError as error:
        raise OrderError(f"no JUnit XML: {error}") from error
    for case in cases:
        test = names.get((case.get("classname", ""), case.get("name", "")))
        if test is not None:
            yield "", test


def _junit_name(test: str) -> tuple[str, str]:
    """The class name and name under which `--junitxml` writes a node id."""
    path, bracket, parameters = test.partition("[")
    first, *rest = path.split("::")
    parts = [first.replace("/", ".").removesuffix(".py"), *rest]
    return ".".join(parts[:-1]), parts[-1] + bracket + parameters


def matching(text: str, collected: Sequence[str]) -> tuple[str, ...]:
    """The tests that an abbreviation may mean: the end of a node id, with or without parameters."""
    if text in collected:
        return (text,)
    return tuple(test for test in collected if _ends_with(test, text) or _ends_with(test.partition("[")[0], text))


def _ends_with(test: str, text: str) -> bool:
    return test == text or test.endswith((f"/{text}", f"::{text}"))


def similar(text: str, collected: Sequence[str]) -> tuple[str, ...]:
    """A few tests whose names look like it."""
    by_name = {test.rpartition("::")[2]: test for test in collected}
    return tuple(by_name[name] for name in get_close_matches(text.rpartition("::")[2], by_name, n=3))
