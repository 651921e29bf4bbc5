"""Who finds which polluter: rescope bisect beside detect-test-pollution, on a project with planted leaks of different kinds.

    python tests/bench/pollution.py --work DIR

For each victim: whether the planted tests were named, in how many runs and seconds. pytest-randomly and pytest-random-order find no
polluter; for them the table says in how many of five seeds the victim failed at all.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MODULES = 20
FILLERS = 10
SEEDS = 5

PROGRAM = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "shop/__init__.py": "",
    "shop/app.py": """\
class Catalog:
    def __init__(self):
        self.rows = []


class App:
    def __init__(self):
        self.dependency_overrides = {}


app = App()
_registry = {}
debug = False
_catalog = None


def catalog():
    global _catalog
    if _catalog is None:
        _catalog = Catalog()
    return _catalog


def register(key, value):
    _registry[key] = value


def registered(key):
    return _registry.get(key)
""",
    "shop/settings.py": """\
import os
from functools import lru_cache


@lru_cache
def settings():
    return {"currency": os.environ.get("CURRENCY", "EUR")}
""",
    "tests/conftest.py": """\
import os

import pytest

from shop.app import app


@pytest.fixture(scope="session")
def client():
    app.dependency_overrides["user"] = "ada"
    yield app
    app.dependency_overrides.clear()


@pytest.fixture(scope="session")
def staging():
    os.environ["SHOP_MODE"] = "staging"
    yield "staging"
    del os.environ["SHOP_MODE"]
""",
}
TESTS = {
    "tests/test_m03.py": """\
def test_client_has_user(client):
    assert client.dependency_overrides["user"] == "ada"


def test_mode(staging):
    import os

    assert os.environ["SHOP_MODE"] == staging
""",
    "tests/test_m05.py": """\
from shop.app import catalog, register, registered


def test_insert():
    catalog().rows.append(1)
    assert catalog().rows == [1]


def test_tenant():
    register("tenant", "acme")
    assert registered("tenant") == "acme"
""",
    "tests/test_m08.py": """\
import pytest

from shop import settings


def test_dollars(monkeypatch):
    monkeypatch.setenv("CURRENCY", "USD")
    assert settings.settings()["currency"] == "USD"


@pytest.fixture(scope="module")
def cart():
    return ["apple"]


def test_add_pear(cart):
    cart.append("pear")
    assert len(cart) == 2
""",
    "tests/test_m11.py": """\
from shop.app import register, registered


def test_strict():
    register("strict", True)
    assert registered("strict")


def test_login():
    register("login", "ada")
    assert registered("login") == "ada"
""",
    "tests/test_m12.py": """\
from shop import app

app.debug = True


def test_debug():
    assert app.debug
""",
    "tests/test_m15.py": """\
import os

from shop import app, settings


def test_no_override():
    assert not app.app.dependency_overrides


def test_production():
    assert "SHOP_MODE" not in os.environ


def test_no_rows():
    assert app.catalog().rows == []


def test_euros():
    assert settings.settings()["currency"] == "EUR"


def test_any_tenant():
    assert not (app.registered("tenant") and app.registered("strict"))


def test_logged_in():
    assert app.registered("login") == "ada"


def test_no_debug():
    assert not app.debug
""",
}
CART_VICTIM = """

def test_one_apple(cart):
    assert cart == ["apple"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A leak: its kind, the test that suffers or profits, and the tests (or the file) that are to be found."""

    kind: str
    victim: str
    others: tuple[str, ...]


PLANTED = (
    Planted(
        kind="override in a session fixture",
        victim="tests/test_m15.py::test_no_override",
        others=("tests/test_m03.py::test_client_has_user",),
    ),
    Planted(kind="os.environ in a session fixture", victim="tests/test_m15.py::test_production", others=("tests/test_m03.py::test_mode",)),
    Planted(kind="lazy global", victim="tests/test_m15.py::test_no_rows", others=("tests/test_m05.py::test_insert",)),
    Planted(kind="lru_cache", victim="tests/test_m15.py::test_euros", others=("tests/test_m08.py::test_dollars",)),
    Planted(kind="mutated module fixture", victim="tests/test_m08.py::test_one_apple", others=("tests/test_m08.py::test_add_pear",)),
    Planted(
        kind="two tests together",
        victim="tests/test_m15.py::test_any_tenant",
        others=("tests/test_m05.py::test_tenant", "tests/test_m11.py::test_strict"),
    ),
    Planted(kind="missing setter", victim="tests/test_m15.py::test_logged_in", others=("tests/test_m11.py::test_login",)),
    Planted(kind="change at import", victim="tests/test_m15.py::test_no_debug", others=("tests/test_m12.py",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one tool says of one victim; `runs` are calls of pytest, None where they were not counted."""

    found: str
    seconds: float
    runs: int | None = None
    state: str = ""


def write_project(root: Path) -> None:
    """The project, with fillers around the planted tests."""
    files = dict(PROGRAM)
    for number in range(MODULES):
        fillers = "\n\n".join(f"def test_filler_{number:02}_{n}():\n    assert {n} + 1 == {n + 1}\n" for n in range(FILLERS))
        path = f"tests/test_m{number:02}.py"
        end = CART_VICTIM if path == "tests/test_m08.py" else ""
        files[path] = f"{TESTS.get(path, '')}\n\n{fillers}{end}"
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    for arguments in (["init", "-q"], ["add", "-A"], ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "Start"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)


def interpreter(work: Path, tool: str) -> Path:
    """That of a virtual environment with pytest and one tool."""
    folder = work / tool
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "pytest", tool], check=True)
    return python


def by_rescope(root: Path, planted: Planted, python: Path) -> Result:
    """What rescope bisect says, with the state and the cure."""
    started = time.monotonic()
    command = [sys.executable, "-m", "rescope", "bisect", "-q", "--output-format", "json", "--python", str(python), planted.victim]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if not done.stdout:
        return Result(found=f"exit {done.returncode}: {done.stderr.strip()[-100:]}", seconds=seconds)
    said = json.loads(done.stdout)
    names = tuple(other["test"] for other in (*said["polluters"], *said["setters"]))
    carried = "; ".join(state["name"] for state in said["states"]) or "not seen"
    cured = ", ".join(finding["code"] for finding in said["cure"]["findings"]) if said["cure"] else "no cure"
    return Result(found=_verdict(names, planted, said["kind"]), seconds=seconds, runs=said["runs"], state=f"{carried} ({cured})")


def by_detect_test_pollution(root: Path, planted: Planted, python: Path) -> Result:
    """What detect-test-pollution says, run in its own virtual environment."""
    started = time.monotonic()
    command = [str(python.with_name("detect-test-pollution")), "--failing-test", planted.victim, "--tests", "tests"]
    done = subprocess.run(command, cwd=root, env=_environment(), capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    named = re.search(r"polluting test is: (\S+)", done.stdout)
    lines = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
    found = _verdict((named[1],), planted, "victim") if named else f"no: {lines[-1][:60]}"
    return Result(
        found=found, seconds=seconds, runs=len(re.findall(r"(?m)^(?:discovering|ensuring|running step|double checking)", done.stdout))
    )


def _verdict(names: tuple[str, ...], planted: Planted, kind: str) -> str:
    if names == planted.others:
        return "yes"
    return f"no: {', '.join(names) or kind}"


def detected(root: Path, python: Path, options: list[str]) -> dict[str, int]:
    """In how many of the seeds each victim fails, by a plugin that shuffles; the option ends where the seed begins."""
    counts = dict.fromkeys((p.victim for p in PLANTED), 0)
    for seed in range(1, SEEDS + 1):
        command = [str(python), "-m", "pytest", "-q", "-rfE", "-p", "no:cacheprovider", *options[:-1], f"{options[-1]}{seed}"]
        done = subprocess.run(command, cwd=root, env=_environment(), capture_output=True, text=True, check=False)
        failed = set(re.findall(r"(?m)^(?:FAILED|ERROR) (\S+)", done.stdout))
        counts |= {victim: counts[victim] + (victim in failed) for victim in counts}
    return counts


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}


def main() -> None:
    """Write the project, run the tools, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    work = parser.parse_args().work.resolve()
    root = work / "project"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    write_project(root)
    plain = interpreter(work, "detect-test-pollution")
    randomly = detected(root, interpreter(work, "pytest-randomly"), ["--randomly-seed="])
    random_order = detected(root, interpreter(work, "pytest-random-order"), ["--random-order", "--random-order-seed="])
    print("| leak | rescope bisect | runs | s | state (cure) | detect-test-pollution | runs | s | randomly | random-order |")
    print("|---|---|---:|---:|---|---|---:|---:|---:|---:|")
    for planted in PLANTED:
        ours, theirs = by_rescope(root, planted, plain), by_detect_test_pollution(root, planted, plain)
        cells = [planted.kind, ours.found, ours.runs, f"{ours.seconds:.1f}", ours.state, theirs.found, theirs.runs, f"{theirs.seconds:.1f}"]
        cells += [f"{randomly[planted.victim]} of {SEEDS}", f"{random_order[planted.victim]} of {SEEDS}"]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
