"""The commands as users type them, in real repositories."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from projects import LEAK, commit_all, findings, git, make_project, rescope

UNSAFE = """\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return {"apples": 1}


def test_add(cart):
    cart["pears"] = 2
    assert len(cart) == 2


def test_initial(cart):
    assert "apples" in cart
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clean git repository with one safe and one unsafe finding."""
    return commit_all(make_project(tmp_path / "project", LEAK + UNSAFE))


def test_diff_is_a_patch(repository: Path) -> None:
    """In a pipe, diff is what `git apply` takes, and applying it equals fix."""
    patch = rescope(repository, "diff", "--unsafe")
    applied = git(repository, "apply", "-", stdin=patch.stdout)

    assert (1, 0) == (patch.returncode, applied.returncode)
    by_patch = git(repository, "diff").stdout
    git(repository, "checkout", "-q", ".")
    rescope(repository, "fix", "--unsafe")
    assert by_patch == git(repository, "diff").stdout


def test_unsafe_edits_need_to_be_asked_for(repository: Path) -> None:
    """Without --unsafe only safe edits are made, and the rest is pointed out."""
    result = rescope(repository, "fix")

    assert git(repository, "status", "--porcelain", "--untracked-files=no").stdout == " M conftest.py\n"
    assert "1 more with --unsafe" in result.stderr


def test_fix_refuses_a_dirty_file(repository: Path) -> None:
    """fix refuses files with uncommitted changes, and takes them with --allow-dirty."""
    conftest = repository / "conftest.py"
    conftest.write_text(conftest.read_text() + "\n# mine\n")
    refused = rescope(repository, "fix")

    assert refused.returncode == 2
    assert "uncommitted changes in conftest.py" in refused.stderr
    assert 'scope="session"' in conftest.read_text()
    assert rescope(repository, "fix", "--allow-dirty").returncode == 0
    assert "# mine" in conftest.read_text()


def test_fix_refuses_an_unversioned_tree(tmp_path: Path) -> None:
    """fix refuses files outside version control, and takes them with --allow-no-vcs."""
    root = make_project(tmp_path, LEAK)

    assert rescope(root, "fix").returncode == 2
    assert rescope(root, "fix", "--allow-no-vcs").returncode == 0


def test_undo(repository: Path) -> None:
    """undo brings every byte back, once; then there is nothing to undo."""
    rescope(repository, "fix", "--unsafe")

    assert rescope(repository, "undo").returncode == 0
    assert git(repository, "status", "--porcelain").stdout == ""
    assert rescope(repository, "undo").returncode == 2


def test_undo_refuses_an_edited_file(repository: Path) -> None:
    """undo does not overwrite what was edited since."""
    rescope(repository, "fix")
    conftest = repository / "conftest.py"
    conftest.write_text(conftest.read_text() + "\n# mine\n")
    result = rescope(repository, "undo")

    assert result.returncode == 2
    assert "# mine" in conftest.read_text()


@pytest.mark.parametrize(("answer", "changed"), [("y\nn\n", 1), ("n\nn\n", 0), ("a\n", 2), ("q\n", 0)])
def test_interactive(repository: Path, answer: str, changed: int) -> None:
    """fix --interactive takes yes, no, all and quit."""
    assert rescope(repository, "fix", "--unsafe", "--interactive", stdin=answer).returncode == 0

    assert changed == len(git(repository, "diff", "--name-only").stdout.split())


def test_exit_codes(repository: Path) -> None:
    """check and diff exit 1 while there is something, and 0 after it was fixed."""
    assert (1, 1, 0) == tuple(rescope(repository, *c).returncode for c in (["check"], ["diff"], ["check", "--exit-zero"]))
    rescope(repository, "fix", "--unsafe")
    assert (0, 0) == tuple(rescope(repository, *c).returncode for c in (["check"], ["diff"]))


def test_select_ignore_only(repository: Path) -> None:
    """--select, --ignore and --only choose by code and name."""

    def chosen(*options: str) -> list[str]:
        report = json.loads(rescope(repository, "check", "--output-format", "json", *options).stdout)
        return [f["code"] for f in report["findings"]]

    assert ["RSC101", "RSC103"] == chosen()
    assert ["RSC101"] == chosen("--select", "RSC101,RSC2") == chosen("--ignore", "RSC103") == chosen("--only", "client")


def test_paths_limit_the_report(repository: Path) -> None:
    """PATHS limit what is reported; the project is analysed whole."""
    report = json.loads(rescope(repository, "check", "--output-format", "json", "test_cart.py").stdout)

    assert ["RSC103"] == [f["code"] for f in report["findings"]]
    assert report["stats"]["tests"] == 4


def test_broad_fixtures_stand_once(repository: Path) -> None:
    """Each broad fixture stands in exactly one of findings, edits, kept, skipped, or is counted as unremarkable."""
    report = findings(repository)
    named = [f["subject"]["name"] for f in report["findings"]] + [k["subject"]["name"] for k in report["kept"]]

    assert ["client", "cart"] == named
    assert report["stats"]["unremarkable"] == 0


def test_why(repository: Path) -> None:
    """why tells who requests a fixture, which tests use it, and the verdict; near names are offered."""
    story = rescope(repository, "why", "client")

    assert story.returncode == 0
    assert "verdict: it leaks" in story.stdout
    assert "used by 1 test," in story.stdout
    assert "did you mean 'client'?" in rescope(repository, "why", "clint").stderr


def test_explain_and_rules(tmp_path: Path) -> None:
    """rules lists every rule, explain prints one by code or name."""
    listed = rescope(tmp_path, "rules").stdout.splitlines()

    assert all(rescope(tmp_path, "explain", line.split()[0]).returncode == 0 for line in listed[:2])
    assert "Why it leaks" in rescope(tmp_path, "explain", "lazy-global").stdout
    assert rescope(tmp_path, "explain", "RSC999").returncode == 2


def test_version_is_cheap(tmp_path: Path) -> None:
    """--version answers without loading typer, rich or libcst; check does without libcst."""
    make_project(tmp_path, LEAK)
    for arguments, unwanted in ((["--version"], "typer rich libcst"), (["check"], "libcst")):
        code = f"""
import sys
sys.argv = ["rescope", *{arguments!r}]
from rescope.__main__ import main
try:
    main()
except SystemExit:
    pass
print([name for name in {unwanted.split()!r} if name in sys.modules])
"""
        result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert result.stdout.splitlines()[-1] == "[]"


def test_color(repository: Path) -> None:
    """diff is coloured when asked, and carries no escape codes in a pipe."""
    assert "\x1b[" in rescope(repository, "diff", "--color", "always").stdout
    assert "\x1b[" not in rescope(repository, "diff").stdout
    assert "\x1b[" in rescope(repository, "check", "--color", "always").stdout


def test_graph_pictures(repository: Path) -> None:
    """Graph draws the whole as Mermaid or Graphviz, and one fixture or test as a tree with its verdict."""
    tree = rescope(repository, "graph", "--of", "client").stdout

    assert tree.splitlines()[0] == "client: conftest.py:6 (session) LEAKS"
    assert "set up for 1 test" in tree
    assert "  client: conftest.py:6 (session) LEAKS" in rescope(repository, "graph", "--of", "test_client").stdout
    assert rescope(repository, "graph", "--format", "mermaid").stdout.startswith("flowchart LR\n")
    assert rescope(repository, "graph", "--format", "dot").stdout.startswith("digraph fixtures {\n")
    assert rescope(repository, "graph", "--of", "nobody").returncode == 2


def test_diff_in_a_subfolder_of_a_repository(tmp_path: Path) -> None:
    """The patch of a project inside a larger repository applies from the project's folder."""
    make_project(tmp_path / "mono" / "sub", LEAK)
    commit_all(tmp_path / "mono")
    patch = rescope(tmp_path / "mono" / "sub", "diff").stdout

    assert git(tmp_path / "mono" / "sub", "apply", "-", stdin=patch).returncode == 0
    assert git(tmp_path / "mono", "diff", "--name-only").stdout == "sub/conftest.py\n"


def test_fix_leaves_an_ignored_file_alone(repository: Path) -> None:
    """Fix leaves a file alone that git ignores: nothing could bring it back."""
    git(repository, "rm", "-q", "--cached", "conftest.py")
    (repository / ".gitignore").write_text("conftest.py\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Ignore")
    before = (repository / "conftest.py").read_text()

    rescope(repository, "fix", "--unsafe")
    assert before == (repository / "conftest.py").read_text()


@pytest.mark.parametrize("line", ["!", "conftest.py\\"])
def test_lines_of_gitignore_that_match_nothing(repository: Path, line: str) -> None:
    """A line that is no pattern hides nothing, as in git, and those around it count."""
    (repository / "gen").mkdir()
    (repository / "gen" / "conftest.py").write_text((repository / "conftest.py").read_text())
    (repository / ".gitignore").write_text(f"{line}\ngen/\n")

    found = rescope(repository, "check", "--no-cache")

    assert found.returncode == 1
    assert "conftest.py:7:1: RSC101" in found.stdout
    assert "gen/" not in found.stdout


@pytest.mark.parametrize("name", ["{{ cookiecutter.name }}/tests/test_a.py", "test_{{name}}.py"])
def test_templates_are_passed_over(repository: Path, name: str) -> None:
    """A file or folder whose name a template engine fills in holds no Python yet: it is no file that cannot be parsed."""
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text("from {{ cookiecutter.name }} import a\n", "utf-8")
    done = rescope(repository, "check")
    assert "cannot be parsed" not in done.stderr
    assert done.returncode == 1


def test_state_that_is_no_singleton(tmp_path: Path) -> None:
    """`--only` takes what a finding is about, also where that is an attribute of somebody else's, as printed commands name it."""
    text = (
        "# --- test_mode.py\nimport json\n\n\ndef test_a():\n    json.mode = 1\n    assert json.mode\n\n\ndef test_b():\n    assert json\n"
    )
    done = rescope(make_project(tmp_path, text), "diff", "--unsafe", "--only", "json.mode")
    assert '+    monkeypatch.setattr(json, "mode", 1, raising=False)' in done.stdout, done.stderr


def test_strange_names(repository: Path) -> None:
    """A name that nothing bears and a report that cannot be written are usage errors, not success or a crash."""
    assert rescope(repository, "check", "--only", "nobody").returncode == 2
    assert rescope(repository, "check", "--output-file", "missing/report.json").returncode == 2
