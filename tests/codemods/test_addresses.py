"""Edits find the definition that the facts mean, whatever else in the file has its name."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.trees import projects

from rescope.codemods import apply
from rescope.facts import collect
from rescope.model.edit import ChangeScope
from rescope.model.facts import FixtureDef
from rescope.model.scope import Scope

CROWD = """\
import pytest
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    @pytest.fixture(scope="session")
    def client(): pass
    client = pytest.fixture(impl, scope="session")
try:
    @pytest.fixture(scope="session")
    def client(): pass
    client = pytest.fixture(impl, scope="session")
except ImportError:
    @pytest.fixture(scope="session")
    def client(): pass
    client = pytest.fixture(impl, scope="session")
else:
    @pytest.fixture(scope="session")
    def client(): pass
    client = pytest.fixture(impl, scope="session")
if False:
    client = 1
else: client = 2
for _ in (): client = 3
while True:
    if 1:
        client = 4
        raise SystemExit
class client:
    client = 5
@pytest.fixture(scope="session")
def client(): pass
client: object = pytest.fixture(impl, scope="session")
client = other = pytest.fixture(impl, scope="session")
"""


def scopes(fixtures: tuple[FixtureDef, ...]) -> list[tuple[str, str]]:
    return [(str(f.address), str(f.scope)) for f in fixtures]


def check_every_fixture(source: str) -> int:
    """Narrow each broad fixture of a file alone: only its own scope changes. How many there were."""
    before = collect("test_a.py", source.encode()).fixtures
    broad = [f for f in before if isinstance(f.scope, Scope) and f.scope > Scope.FUNCTION and not f.editable]
    for fixture in broad:
        edit = ChangeScope(address=fixture.address, before=fixture.scope, after=Scope.FUNCTION)
        after = collect("test_a.py", apply(source.encode(), [edit])).fixtures
        changed = [(str(f.address), "function" if f.address == fixture.address else str(f.scope)) for f in before]
        assert scopes(after) == changed
    return len(broad)


def test_a_crowd_of_one_name() -> None:
    """Branches that never run, arms of `try`, one-line suites and chained assignments do not shift what an edit means."""
    assert check_every_fixture(f"def impl(): pass\n{CROWD}") == 9


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(projects(), st.data())
def test_random_modules(files: dict[str, str], data: st.DataObject) -> None:
    """In drawn modules each edit changes the fixture that it names, and no other."""
    path = data.draw(st.sampled_from([p for p in files if p.endswith(".py")]))
    check_every_fixture(files[path])
