"""Sessions: `nox` runs the quick ones, `nox -l` lists all."""

import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "imports", "tests"]
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.11", "3.12", "3.13"]
WITH_TESTS = {"PYTHONPATH": str(Path("tests").resolve())}


def install(session: nox.Session, group: str) -> None:
    session.install("-e", ".", *nox.project.dependency_groups(PYPROJECT, group))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The test suite, in random order and in parallel."""
    install(session, "test")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def samples(session: nox.Session) -> None:
    """The projects of fixtures_samples, before and after a fix."""
    install(session, "test")
    session.run("pytest", "tests/samples", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, all rules, and the form of action.yml."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    install(session, "lint")
    session.install("nox", "pytest")
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """The architecture: who may import whom."""
    install(session, "lint")
    session.run("lint-imports")


@nox.session
def sarif(session: nox.Session) -> None:
    """SARIF logs against the official schema, which the source distribution of sarif-pydantic carries."""
    install(session, "test")
    place = session.cache_dir / "sarif"
    options = ("--quiet", "--no-deps", "--no-binary", "sarif-pydantic", "--dest", str(place))
    session.run("python", "-m", "pip", "download", *options, "sarif-pydantic==0.6.2")
    session.run("python", "-m", "tarfile", "-e", str(place / "sarif_pydantic-0.6.2.tar.gz"), str(place))
    schema = place / "sarif_pydantic-0.6.2" / "sarif-schema-2.1.0.json"
    session.run("pytest", "tests/reporting/sarif_schema.py", *session.posargs, env={"RESCOPE_SARIF_SCHEMA": str(schema.resolve())})


@nox.session
def browser(session: nox.Session) -> None:
    """The HTML page in a headless Chromium, which Debian has as `chromium` and `chromium-driver`."""
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    if missing:
        session.error(f"{' and '.join(missing)} not found; install them, on Debian: apt-get install chromium chromium-driver")
    install(session, "browser")
    session.run("pytest", "tests/reporting/browser.py", *session.posargs)


@nox.session
def pre_commit(session: nox.Session) -> None:
    """The hooks of the last commit, run by pre-commit in a small project."""
    install(session, "test")
    session.install("pre-commit")
    session.run("pytest", "tests/integrations/pre_commit.py", "-p", "no:randomly", *session.posargs)


@nox.session
def self(session: nox.Session) -> None:
    """Nothing in rescope leaks by its own rules."""
    session.install("-e", ".")
    session.run("rescope", "check", "src", "tests")


@nox.session
def cover(session: nox.Session) -> None:
    """The test suite with coverage."""
    install(session, "test")
    session.install("coverage[toml]")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report")


@nox.session
def corpus(session: nox.Session) -> None:
    """Real suites before and after the edits, written to tests/corpus/table.md: `nox -s corpus -- [--anew] [NAME...]`."""
    session.install("-e", ".", "pip>=25.1")
    command = ("python", "-m", "corpus", "--work", str(session.cache_dir / "corpus"), "--table", "tests/corpus/table.md")
    session.run(*command, *session.posargs, env=WITH_TESTS)


@nox.session
def every_file(session: nox.Session) -> None:
    """Forced edits on every Python file of large source distributions: `nox -s every_file -- [NAME...]`."""
    session.install("-e", ".")
    session.run("python", "-m", "corpus.every_file", "--work", str(session.cache_dir / "corpus"), *session.posargs, env=WITH_TESTS)


@nox.session
def oracle(session: nox.Session) -> None:
    """The fixture graph against pytest's own collection of real projects, edge by edge: `nox -s oracle -- [NAME...]`."""
    session.install("-e", ".", "hypothesis>=6.130", "pytest", "pip>=25.1")
    command = ("python", "-m", "oracle.compare", "--work", str(session.cache_dir / "corpus"))
    session.run(*command, *session.posargs, env=WITH_TESTS)


@nox.session
@nox.parametrize("pytest", ["7.4.4", "newest"])
def random_trees(session: nox.Session, pytest: str) -> None:
    """The fixture graph and forced plans against pytest on random trees: `nox -s random_trees -- --examples 500 --seed 1`."""
    session.install("-e", ".", "hypothesis>=6.130", "pytest" if pytest == "newest" else f"pytest=={pytest}")
    session.run("python", "-m", "oracle.random_trees", *session.posargs, env=WITH_TESTS)


@nox.session
@nox.parametrize("releases", [("0.21.2", "7.4.4"), ("0.23.8", "8.2.2"), ("0.24.0", "8.3.5"), ("0.26.0", "8.4.2"), ("1.0.0", "8.4.2"), ()])
def event_loops(session: nox.Session, releases: tuple[str, ...]) -> None:
    """Async fixtures narrowed by force, with old and the newest pytest-asyncio and pytest: all stays on its event loop."""
    pins = [f"=={release}" for release in releases] or ["", ""]
    session.install("-e", ".", "hypothesis>=6.130", "anyio", f"pytest-asyncio{pins[0]}", f"pytest{pins[1]}")
    session.run("python", "-m", "oracle.event_loops", *session.posargs, env=WITH_TESTS)


@nox.session
def evaluation(session: nox.Session) -> None:
    """Verdicts beside what maintainers did: `nox -s evaluation -- CLONES LABELS`."""
    session.install("-e", ".")
    session.run("python", "tests/evaluation/evaluate.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Speed beside ruff, on one large tree of source distributions."""
    session.install("-e", ".", "ruff")
    session.run("python", "tests/bench/bench.py", "--work", str(session.cache_dir / "bench"), *session.posargs)


@nox.session
def pollution_bench(session: nox.Session) -> None:
    """Which planted leaks `rescope bisect` and detect-test-pollution find, in how many runs and seconds."""
    session.install("-e", ".")
    session.run("python", "tests/bench/pollution.py", "--work", str(session.cache_dir / "pollution"), *session.posargs)


@nox.session
def suites_bench(session: nox.Session) -> None:
    """Which tests that hang on others the same tools explain in real suites: `nox -s suites_bench -- [NAME...]`."""
    session.install("-e", ".", "pip>=25.1")
    session.run("python", "tests/bench/suites.py", "--work", str(session.cache_dir / "suites"), *session.posargs, env=WITH_TESTS)


@nox.session
def observer_bench(session: nox.Session) -> None:
    """What `pytest --rescope` costs on 1,000 short tests, as ratios of CPU time."""
    install(session, "test")
    session.run("python", "tests/bench/observer.py", *session.posargs)


@nox.session
def reset_bench(session: nox.Session) -> None:
    """What 1, 10 and 50 reset fixtures cost per test."""
    install(session, "test")
    session.run("python", "tests/bench/resets.py", *session.posargs)


@nox.session
def picture(session: nox.Session) -> None:
    """The picture in README, made from a real run on the sample."""
    session.install("-e", ".")
    session.run("python", "-c", PICTURE)


PICTURE = """
import io, subprocess, sys
from rich.console import Console
from rich.text import Text
command = [sys.executable, "-m", "rescope", "check", "--show-kept", "--color", "always"]
shown = subprocess.run(command, cwd="fixtures_samples/session_management", capture_output=True, text=True).stdout
console = Console(record=True, width=132, file=io.StringIO())
console.print("[bold green]$[/] rescope check --show-kept")
console.print(Text.from_ansi(shown), soft_wrap=True)
console.save_svg(".github/check.svg", title="fixtures_samples/session_management")
"""
