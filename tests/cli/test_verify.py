"""rescope verify and fix --verify as users type them, by real pytest in real repositories."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects import LEAK, commit_all, environment, git, make_project, rescope

pytestmark = pytest.mark.usefixtures("few_plugins")

VICTIM = """\
# --- test_late.py
from app import app


def test_no_user():
    assert not app.dependency_overrides
"""
BUILDS_ON_ANOTHER = """\
# --- test_cart.py
import pytest


@pytest.fixture(scope="module")
def cart():
    return {"apples": 1}


def test_add(cart):
    cart["pears"] = 2
    assert len(cart) == 2


def test_builds_on_add(cart):
    assert "pears" in cart
"""
UNSTEADY = """\
# --- test_unsteady.py
from pathlib import Path


def test_every_other_time():
    counter = Path(__file__).with_name("counter")
    real = Path({counter!r})
    count = int(real.read_text() or 0) if real.exists() else 0
    real.write_text(str(count + 1))
    assert count % 2
"""

BECOMES_UNSTEADY = """\
# --- test_basket.py
from pathlib import Path

import pytest

made = []
AGAIN = Path({counter!r})


@pytest.fixture(scope="module")
def basket():
    made.append(1)
    fruits = ["apple"]
    if len(made) > 1:
        count = int(AGAIN.read_text()) if AGAIN.exists() else 0
        AGAIN.write_text(str(count + 1))
        if count % 2:
            fruits.clear()
    return fruits


def test_add(basket):
    basket.append("pear")
    assert "pear" in basket


def test_apple(basket):
    assert "apple" in basket
"""


@pytest.fixture
def few_plugins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A quick start of the pytest that verify runs, and a folder for temporary files that can be looked at."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a leak that has a victim, and with tests that build on each other."""
    return commit_all(make_project(tmp_path / "project", LEAK + VICTIM + BUILDS_ON_ANOTHER))


def verdict(root: Path, *arguments: str) -> dict:
    return json.loads(rescope(root, "verify", "-q", "--seeds", "1", "--output-format", "json", *arguments).stdout)


def test_cure_is_seen(project: Path) -> None:
    """The victim of a leak fails before and passes after, in every order, and exit is 0 without a regression."""
    result = rescope(project, "verify", "--unsafe", "--only", "client", "--seeds", "1")

    assert result.returncode == 0, result.stderr
    assert "cured: 1" in result.stdout
    assert "  test_late.py::test_no_user  (no longer)" in result.stdout
    assert "before, file order: 4 without failure, 1 failed" in result.stderr
    assert " left\n" in result.stderr


def test_regression_is_seen(project: Path, few_plugins: Path) -> None:
    """A plan that breaks a test exits 1, names the test as brittle, and leaves tree, git and temporary folder as they were."""
    result = rescope(project, "verify", "--unsafe", "-q", "--seeds", "1", "--output-format", "json")
    found = json.loads(result.stdout)

    assert result.returncode == 1
    (regression,) = found["regressions"]
    assert (regression["test"], regression["brittle"]) == ("test_cart.py::test_builds_on_add", True)
    assert "file order" in regression["orders"]
    assert regression["message"].startswith("AssertionError: assert 'pears' in")
    assert found["before"]["victims"] == found["cured"] == ["test_late.py::test_no_user"]
    assert found["before"]["brittles"] == found["after"]["never"] == ["test_cart.py::test_builds_on_add"]
    assert [row["order"] for row in found["orders"]] == ["file order", "reversed", "seed 1"]
    assert git(project, "status", "--porcelain", "--ignored").stdout == ""
    assert len(git(project, "worktree", "list").stdout.splitlines()) == 1
    assert list(few_plugins.iterdir()) == []


def test_flaky_is_not_called_order_dependent(tmp_path: Path) -> None:
    """A test that differs from run to run of one order is flaky, and no regression."""
    text = LEAK + UNSTEADY.format(counter=str(tmp_path / "counter"))
    root = commit_all(make_project(tmp_path / "project", text))
    found = verdict(root, "--unsafe")

    assert found["before"]["flaky"] == ["test_unsteady.py::test_every_other_time"]
    assert (found["before"]["order_dependent"], found["regressions"]) == ([], [])


def test_nothing_to_apply(tmp_path: Path) -> None:
    """Without edits the suite is measured once, and exit is 0."""
    root = commit_all(make_project(tmp_path / "project", "# --- test_one.py\ndef test_one(): pass\n"))
    result = rescope(root, "verify", "--seeds", "0")

    assert (result.returncode, result.stdout.splitlines()[-1]) == (0, "nothing to apply")
    assert "after," not in result.stderr


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("import missing_module\n", "missing_module"),
        ("x = 1\n", "no tests ran"),
        ("import os\nos._exit(3)\n", "exit code 3"),
        (
            "# --- conftest.py\nimport sys\nsys.exit(7)\n",
            "exit code 7 of pytest), which is none of its own: a conftest.py",
        ),
    ],
    ids=["import error", "no tests", "death", "exit"],
)
def test_suite_that_does_not_run(tmp_path: Path, test: str, said: str) -> None:
    """A suite that does not run as it is is refused, with what pytest said."""
    root = commit_all(make_project(tmp_path / "project", f"# --- test_one.py\n{test}"))
    result = rescope(root, "verify")

    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert "the suite does not run as it is" in result.stderr


def test_interpreter_without_pytest(project: Path, tmp_path: Path) -> None:
    """An interpreter that lacks pytest is refused with a word on --python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    result = rescope(project, "verify", "--python", str(tmp_path / "bare/bin/python"))

    assert result.returncode == 2
    assert "No module named pytest" in result.stderr
    assert "--python" in result.stderr


def test_workers_that_are_not_there(project: Path) -> None:
    """--xdist where pytest-xdist is not loaded is refused, not left out in silence."""
    result = rescope(project, "verify", "--seeds", "0", "--xdist", "2")

    assert result.returncode == 2
    assert "pytest-xdist is not installed" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="virtual environments look otherwise there")
def test_installed_apart_from_the_project(tmp_path: Path) -> None:
    """The project's interpreter knows nothing of rescope, and has the project's src folder in editable mode."""
    layout = (LEAK + VICTIM).replace("# --- app.py", "# --- src/app.py").replace("# --- test_", "# --- tests/test_")
    layout = layout.replace("# --- conftest.py", "# --- tests/conftest.py") + "# --- pyproject.toml\n[tool.pytest.ini_options]\n"
    root = commit_all(make_project(tmp_path / "project", layout))
    site = environment(tmp_path / "venv", str(root / "src"))
    python = site.parents[2] / "bin" / "python"
    assert subprocess.run([python, "-c", "import rescope"], capture_output=True, check=False).returncode == 1
    found = verdict(root, "--unsafe", "--python", str(python))

    assert (found["python"], found["cured"]) == (str(python), ["tests/test_late.py::test_no_user"])
    assert (found["regressions"], found["notes"]) == ([], [])


def test_options_for_pytest(project: Path) -> None:
    """What stands behind -- goes to pytest."""
    found = verdict(project, "--unsafe", "--", "-k", "no_user or alone")

    assert {row["before"]["passed"] + row["before"]["failed"] for row in found["orders"]} == {2}


def test_each_run_has_a_fresh_copy(tmp_path: Path) -> None:
    """A suite that trips over its own leftovers passes in every run."""
    leftover = "# --- test_left.py\nfrom pathlib import Path\ndef test_once(): Path('left').mkdir()\n"
    root = commit_all(make_project(tmp_path / "project", leftover))
    found = verdict(root)

    assert [row["before"]["failed"] for row in found["orders"]] == [0, 0, 0]
    assert not (root / "left").exists()


def test_suite_that_hangs(tmp_path: Path) -> None:
    """A run that goes beyond the time limit is stopped and refused."""
    hanging = "# --- test_hang.py\nimport time\ndef test_hang(): time.sleep(600)\n"
    root = commit_all(make_project(tmp_path / "project", hanging))
    result = rescope(root, "verify", "--timeout", "3")

    assert result.returncode == 2
    assert "stopped after 3 s" in result.stderr


def test_order_that_hangs_is_repeated_once(tmp_path: Path) -> None:
    """An order in which a test does not end is waited for twice, to tell it from a flaky one, and no more."""
    hanging = (
        "# --- test_hang.py\nimport time\nmade = []\ndef test_makes(): made.append(1)\ndef test_waits(): time.sleep(0 if made else 600)\n"
    )
    root = commit_all(make_project(tmp_path / "project", hanging))
    said = rescope(root, "verify", "--seeds", "0", "--timeout", "4").stderr

    assert ["stopped after 4 s" in line for line in said.splitlines() if line.startswith("before, reversed: ")] == [True, True]


def test_markdown_into_a_file(project: Path, tmp_path: Path) -> None:
    """The verdict for a pull request goes where it is asked for."""
    target = tmp_path / "verdict.md"
    result = rescope(project, "verify", "-q", "--seeds", "0", "--output-format", "markdown", "--output-file", str(target))

    assert (result.returncode, result.stdout) == (0, "")
    assert "| file order | " in target.read_text()


# --- fix --verify ----------------------------------------------------------------------------------


def test_fix_leaves_out_what_breaks(project: Path) -> None:
    """fix --verify writes the group that holds, and says why the other is left out."""
    result = rescope(project, "fix", "--unsafe", "--verify", "--seeds", "1")

    assert result.returncode == 0, result.stderr
    assert git(project, "status", "--porcelain").stdout == " M conftest.py\n"
    assert "left out: 'cart': test_cart.py::test_builds_on_add failed in file order (it passes only after others)" in result.stderr
    assert result.stdout.startswith("no regression in file order, reversed, seed 1; slow-down ")
    assert "1 finding fixed in 1 file" in result.stdout


def test_fix_leaves_out_what_makes_a_test_flaky(tmp_path: Path) -> None:
    """A group under which a steady test fails in some runs of one order only is left out, with both counts; the other is written."""
    text = LEAK + VICTIM + BECOMES_UNSTEADY.format(counter=str(tmp_path / "counter"))
    root = commit_all(make_project(tmp_path / "project", text))
    result = rescope(root, "fix", "--unsafe", "--verify", "--seeds", "1")

    assert result.returncode == 0, result.stderr
    assert git(root, "diff", "--name-only").stdout.split() == ["conftest.py"]
    (left_out,) = re.findall(r"left out: 'basket': .*", result.stderr)
    assert re.search(r"test_basket.py::test_\w+ failed in .*in \d of \d runs, and in none of \d+ before", left_out)


def test_fix_leaves_out_what_costs_too_much(tmp_path: Path) -> None:
    """With --max-slowdown a narrowing that makes the suite slower than allowed is not written."""
    slow = LEAK.replace('app.dependency_overrides["user"]', 'sum(range(15_000_000)); app.dependency_overrides["user"]')
    more = "# --- test_more.py\nimport pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_more(client, n): pass\n"
    root = commit_all(make_project(tmp_path / "project", slow + more))
    result = rescope(root, "fix", "--unsafe", "--verify", "--seeds", "0", "--max-slowdown", "5")

    assert result.stdout == "nothing to do\n"
    assert re.search(r"^left out: 'client': the suite gets \d+ % slower, 5 % are allowed$", result.stderr, re.MULTILINE)
    assert git(root, "status", "--porcelain").stdout == ""


def test_fix_writes_nothing_that_cannot_be_proven(tmp_path: Path) -> None:
    """Where the suite does not run, fix --verify refuses and writes nothing."""
    root = commit_all(make_project(tmp_path / "project", LEAK + "# --- test_bad.py\nimport missing_module\n"))
    result = rescope(root, "fix", "--unsafe", "--verify")

    assert result.returncode == 2
    assert git(root, "status", "--porcelain").stdout == ""


def test_options_of_verify_need_it(project: Path) -> None:
    """--max-slowdown without --verify is refused, since nothing would be measured."""
    assert rescope(project, "fix", "--max-slowdown", "5").returncode == 2


# --- interrupts ------------------------------------------------------------------------------------

SLEEPS = """\
# --- test_sleeps.py
import os
import subprocess
import sys
import time
from pathlib import Path


def test_sleeps():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    started = Path({marker!r})
    started.with_name("half").write_text(f"{{os.getpid()}} {{child.pid}}")
    started.with_name("half").rename(started)
    time.sleep(600)
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
def test_interrupt_leaves_nothing(tmp_path: Path, few_plugins: Path, number: signal.Signals) -> None:
    """Interrupted in the middle of a run, verify leaves no copy, no process, no work tree and no change."""
    marker = tmp_path / "started"
    root = commit_all(make_project(tmp_path / "project", LEAK + SLEEPS.format(marker=str(marker))))
    before = (git(root, "for-each-ref").stdout, git(root, "worktree", "list").stdout, sorted(p.name for p in (root / ".git").iterdir()))
    command = [sys.executable, "-m", "rescope", "verify", "--unsafe"]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as running:
        while not marker.exists() and running.poll() is None:
            time.sleep(0.05)
        assert any(few_plugins.iterdir())
        running.send_signal(number)
        said = running.communicate()[1]

    assert running.returncode == 130, said
    assert "interrupted" in said
    assert list(few_plugins.iterdir()) == []
    assert [alive(int(process)) for process in marker.read_text().split()] == [False, False]
    after = (git(root, "for-each-ref").stdout, git(root, "worktree", "list").stdout, sorted(p.name for p in (root / ".git").iterdir()))
    assert before == after
    assert git(root, "status", "--porcelain").stdout == ""
