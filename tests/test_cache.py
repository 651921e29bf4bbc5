"""The cache changes how long an answer takes, never the answer."""

import os
import time
from pathlib import Path

import pytest

from projects import LEAK, check, codes, make_project
from rescope.cache import SHARDS, FactsCache, shard_of


def cached(project: Path) -> set[str]:
    """The paths of all files whose facts are cached."""
    return {path for number in range(SHARDS) for path in FactsCache(root=project).entries(number)}


def shards(project: Path) -> list[Path]:
    """The files that hold facts."""
    found = [FactsCache(root=project).file(number) for number in range(SHARDS)]
    return [file for file in found if file.exists()]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one finding, analysed once."""
    root = make_project(tmp_path, LEAK)
    check(root)
    return root


def test_repeated(project: Path) -> None:
    """A second run says the same, from the cache."""
    assert cached(project) == {"app.py", "conftest.py", "test_app.py"}
    assert codes(check(project)) == ["RSC101"]


def test_changed_file(project: Path) -> None:
    """A changed file is read again."""
    conftest = project / "conftest.py"
    conftest.write_text(conftest.read_text().replace('scope="session"', 'scope="function"'))

    assert codes(check(project)) == []


def test_same_size_and_later(project: Path) -> None:
    """A change that keeps the size is seen by its time."""
    conftest = project / "conftest.py"
    text = conftest.read_text()
    conftest.write_text(text.replace("app.dependency_overrides[", "app.dependency_overridez["))
    os.utime(conftest, ns=(1, 1))

    assert codes(check(project)) == []


@pytest.mark.parametrize("damage", [b"", b"nonsense", None], ids=["empty", "nonsense", "one flipped byte"])
def test_damaged_cache(project: Path, damage: bytes | None) -> None:
    """A damaged cache is rebuilt in silence, never believed."""
    (project / "test_more.py").write_text("def test_more(): ...")
    for file in shards(project):
        content = file.read_bytes()
        file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:] if damage is None else damage)

    assert cached(project) == set()
    assert codes(check(project)) == ["RSC101"]
    assert cached(project) == {"app.py", "conftest.py", "test_app.py", "test_more.py"}


def test_one_change_writes_one_shard(project: Path) -> None:
    """What has not changed is not written again, and stays."""
    before = {file: file.stat().st_mtime_ns for file in shards(project)}
    (project / "app.py").write_text("app = None")

    check(project)

    changed = {file for file in shards(project) if before.get(file) != file.stat().st_mtime_ns}
    assert changed == {FactsCache(root=project).file(shard_of("app.py"))}
    assert cached(project) == {"app.py", "conftest.py", "test_app.py"}


def test_removed_file(project: Path) -> None:
    """A file that is gone counts no more, whatever the cache holds of it."""
    (project / "test_app.py").unlink()

    assert check(project).stats.files == 2


def test_damaged_answer(project: Path) -> None:
    """A damaged answer is worked out anew."""
    (file,) = shards(project)[0].parent.glob("*.answer")
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    assert codes(check(project)) == ["RSC101"]


def test_answer_is_not_worked_out_again(project: Path) -> None:
    """Where nothing has changed, not even the facts are read."""
    for file in shards(project):
        file.write_bytes(b"")

    assert codes(check(project)) == ["RSC101"]
    assert cached(project) == set()


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("test_more.py", "def test_more(client): ...", ["RSC101"]),
        ("pyproject.toml", '[tool.pytest.ini_options]\n[tool.rescope.keep]\n"conftest.py::client" = "ours"\n', ["RSC900"]),
        (".gitignore", "test_app.py\n", []),
    ],
    ids=["new file", "configuration", "ignored file"],
)
def test_answer_depends_on_all_that_was_read(project: Path, path: str, text: str, expected: list[str]) -> None:
    """A new file, another configuration and an ignored file give another answer."""
    before = check(project).stats
    (project / path).write_text(text)

    report = check(project)

    assert codes(report) == expected
    assert (report.stats.files, report.stats.tests) != (before.files, before.tests) or path == "pyproject.toml"


def test_old_caches_are_dropped(project: Path) -> None:
    """What no run has written for a month goes when something is written."""
    folder = shards(project)[0].parent
    old, new = folder / "old.facts", folder / "new.facts"
    for file in (old, new):
        file.write_bytes(b"")
    os.utime(old, (1, 1))
    (project / "test_more.py").write_text("def test_more(): ...")

    check(project)

    assert not old.exists()
    assert new.exists()


def test_what_another_version_left_is_dropped_sooner(project: Path) -> None:
    """Of the same project, a day after it was written; two Pythons that take turns keep what they have."""
    (answer,) = shards(project)[0].parent.glob("*.answer")
    theirs, mine, _ = answer.name.split(".")
    yesterday, other = answer.with_name(f"{theirs}.other.facts-0"), answer.with_name(f"{theirs}.another.facts-0")
    elsewhere, own = answer.with_name(f"elsewhere.{mine}.facts-0"), answer.with_name(f"{theirs}.{mine}.facts-z")
    for file in (yesterday, other, elsewhere, own):
        file.write_bytes(b"")
    for file in (yesterday, elsewhere, own):
        os.utime(file, (time.time() - 2 * 86400,) * 2)
    (project / "test_more.py").write_text("def test_more(): ...")

    check(project)

    assert [file.exists() for file in (yesterday, other, elsewhere, own)] == [False, True, True, True]


def test_unwritable_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no cache can be written the answer is the same."""
    (project / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "file"))

    assert codes(check(project)) == ["RSC101"]
