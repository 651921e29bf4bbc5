"""The HTML page: whole, escaped, closed to the network, and made of everything that the report holds."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from projects import LEAK, check, make_project, rescope
from rescope.config import load_project
from rescope.pipeline import fixture_graph
from rescope.reporting.html.layout import BANDS, lay_out
from rescope.reporting.html.network import Network, Node, choose
from rescope.reporting.read_verdict import read_verdict
from rescope.reporting.verdict import render_verdict_json

HOSTILE = "</script><img src=x onerror=alert(1)>"
KEPT = f"""\
# --- database/conftest.py
import pytest
from sqlalchemy import create_engine


@pytest.fixture(scope="session")
def engine():
    return create_engine("sqlite://")  # {HOSTILE}


def scope():
    return "session"


@pytest.fixture(scope=scope())
def computed(engine):
    return engine
# --- database/test_database.py
def test_engine(computed):
    assert computed
# --- broken.py
def f(:
"""
FOLLOWED = r"""\
# --- test_more.py
import pytest

from app import app


@pytest.fixture(scope="session", name="</title><svg onload=alert(2)>\ud800\0é")
def odd(client):
    return client


@pytest.fixture(scope="module")
def user(client):
    return client


@pytest.mark.usefixtures("</title><svg onload=alert(2)>\ud800\0é")
def test_user(user):
    assert user
"""
VOID = {"meta", "input", "wbr"}


class Page(HTMLParser):
    """Every element with its attributes and the text below it; what is opened must be closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[dict] = []
        self.elements: list[dict] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute of {tag} stands twice"
        element = {"tag": tag, "text": "", **dict(attrs)}
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag: str, **attributes: str) -> list[dict]:
        """The elements of a tag with these attributes."""
        return [e for e in self.elements if e["tag"] == tag and attributes.items() <= e.items()]

    def by_id(self, name: str) -> dict:
        """The one element of an id."""
        (found,) = [e for e in self.elements if e.get("id") == name]
        return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a leak, its dependents, a keep, a skip, a file that does not parse, and hostile text in all of them."""
    hostile = LEAK.replace('["user"] = "ada"', f'["{HOSTILE}"] = "ada"')
    return make_project(tmp_path, hostile + KEPT + FOLLOWED)


@pytest.fixture
def source(root: Path) -> str:
    """The page as check prints it."""
    return rescope(root, "check", "--output-format", "html").stdout


@pytest.fixture
def page(source: str) -> Page:
    """The page, parsed."""
    return Page(source)


def test_everything_of_the_report_is_there(root: Path, page: Page) -> None:
    """Each finding with evidence, fix, dependents and diff, each keep, skip and failure has its place."""
    plan = check(root).plan
    finding = page.by_id("RSC101-client")["text"]

    assert [g.finding.code for g in plan.groups] == ["RSC101"]
    assert plan.groups[0].finding.message in finding
    assert f'app.dependency_overrides["{HOSTILE}"] = "ada"' in finding
    assert all(f"{d.subject.address.path}:{d.subject.line}" in finding for d in plan.groups[0].dependents)
    assert '-@pytest.fixture(scope="session")' in finding
    assert "+++ b/conftest.py" in finding
    assert {k.subject.name for k in plan.kept} == {"engine"}
    assert "creates a SQLAlchemy engine" in page.by_id("RSC901-engine")["text"]
    assert [s.reason in page.by_id("skipped")["text"] for s in plan.skipped] == [True]
    assert "broken.py:1" in page.by_id("failures")["text"]


def test_boxes_and_evidence_lead_to_each_other(page: Page) -> None:
    """Each link of the page has its target; a box leads to its finding, its keep, or its row."""
    ids = {e["id"] for e in page.elements if "id" in e}
    links = [e["href"] for e in page.elements if "href" in e]
    leads = {e["aria-label"].partition(",")[0]: e["href"] for e in page.elements if e.get("class", "").startswith("node ")}

    assert len(ids) == len([e for e in page.elements if "id" in e])
    assert [link for link in links if not link.startswith("#") or link[1:] not in ids] == []
    assert leads["client"] == leads["user"] == "#RSC101-client"
    assert leads["engine"] == "#RSC901-engine"
    assert leads["computed"].startswith("#row-")
    assert {"test_app.py", "test_more.py", "database/test_database.py"} <= leads.keys()


def test_hostile_text_stays_text(page: Page) -> None:
    """Nothing that foreign code says becomes an element, an attribute or the end of one."""
    assert not page.all("img")
    assert len(page.all("script")) == len(page.all("style")) == len(page.all("head")) == 1
    assert not [e for e in page.elements for key in e if key.startswith("on")]
    assert [e for e in page.all("a", **{"class": "node session follows"}) if e["aria-label"].startswith("</title><svg onload=alert(2)>")]


def test_policy_allows_its_own_style_and_script_alone(page: Page) -> None:
    """The policy forbids everything but the two hashes, which are those of what stands in the page."""
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    hashes = {tag: base64.b64encode(hashlib.sha256(page.all(tag)[0]["text"].encode()).digest()).decode() for tag in ("style", "script")}

    assert policy["content"].split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{hashes['style']}'",
        f"script-src 'sha256-{hashes['script']}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not [e for e in page.elements if "style" in e or "src" in e]


def test_nothing_comes_from_elsewhere(source: str) -> None:
    """No address and no import stands in the page."""
    assert re.findall(r"https?:|url\((?!#)|@import|//[a-z]+\.[a-z]", source) == []


def test_two_pages_are_equal(root: Path, source: str) -> None:
    """The same project makes the same page, byte by byte, from the cache or without."""
    assert rescope(root, "check", "--output-format", "html", "--no-cache").stdout == source


def test_no_finding(tmp_path: Path) -> None:
    """A project without findings and fixtures has a page that says so."""
    root = make_project(tmp_path, "# --- test_one.py\ndef test_one():\n    assert True\n")
    page = Page(rescope(root, "check", "--output-format", "html").stdout)

    assert "Nothing was found that leaks" in page.by_id("findings")["text"]
    assert "no fixtures to draw" in page.by_id("graph")["text"]


# --- the drawing ----------------------------------------------------------------------------------


def test_scopes_stand_above_each_other(root: Path) -> None:
    """Boxes do not overlap, each lies in the stripe of its scope, and broad scopes stand above narrow ones."""
    drawing = lay_out(choose(fixture_graph(load_project([root])), check(root).plan))
    places = [(box.x, box.y) for box in drawing.boxes]
    stripes = {band.name: band for band in drawing.bands}

    assert len(set(places)) == len(places)
    assert [b.name for b in drawing.bands] == [name for name in BANDS if name in stripes]
    assert all(stripes[b.node.band].y < b.y < stripes[b.node.band].y + stripes[b.node.band].height for b in drawing.boxes)
    assert all(0 <= b.x < drawing.width and b.y < drawing.height for b in drawing.boxes)


def test_a_ring_of_requests_is_drawn() -> None:
    """Fixtures that request each other, which pytest refuses, still get their boxes."""
    nodes = tuple(Node(key=key, name=key, band="function", path="test_ring.py") for key in "abc")
    drawing = lay_out(Network(nodes=nodes, arrows=(("a", "b"), ("b", "c"), ("c", "a"))))

    assert {box.node.name for box in drawing.boxes} == {"a", "b", "c"}


def test_large_projects_show_what_matters(tmp_path: Path) -> None:
    """Of many fixtures the leak and its dependents are drawn, tests fold into folders, and the rest is listed by file."""
    text = LEAK + "".join(
        f"# --- area{n % 3}/test_{n}.py\nimport pytest\n\n\n@pytest.fixture\ndef own_{n}(): ...\n\n\ndef test_{n}(own_{n}, client): ...\n"
        for n in range(80)
    )
    text += "# --- conftest.py\n" + LEAK.partition("# --- conftest.py\n")[2].partition("# ---")[0]
    text += "\n\n@pytest.fixture(scope='module')\ndef user(client): ...\n"
    root = make_project(tmp_path, text)
    network = choose(fixture_graph(load_project([root])), check(root).plan)
    page = rescope(root, "check", "--output-format", "html").stdout

    assert {n.name for n in network.nodes} == {"client", "user", "area0/", "area1/", "area2/", "test_app.py"}
    assert sum(n.tests for n in network.nodes if n.band == "tests") == 82
    assert sum(len(names) for _, names in network.folded) == 80
    assert "80 more fixtures in 80 files" in page
    assert len(page) < 100_000


# --- the verdict ----------------------------------------------------------------------------------


@pytest.fixture
def verdict() -> dict:
    """What verify writes."""
    counts = {"passed": 8, "failed": 2, "seconds": 1.25, "cut": None}
    kinds = {"order_dependent": ["t.py::<b>"], "victims": ["t.py::<b>"], "brittles": [], "unclear": [], "never": [], "flaky": []}
    return {
        "schema": 1,
        "python": "/venv/bin/python",
        "groups": 2,
        "files": 1,
        "orders": [{"order": "file order", "before": counts, "after": counts | {"passed": 7777}}],
        "before": kinds,
        "after": kinds | {"victims": [], "order_dependent": []},
        "regressions": [{"test": "t.py::slow", "orders": ["seed 1"], "outcome": "failed", "message": "KeyError", "brittle": True}],
        "cured": ["t.py::<b>"],
        "slowdown_percent": 5.4,
        "cpu_slowdown_percent": None,
        "new_warnings": [{"category": "UserWarning", "text": "take care"}],
        "notes": ["seed 1, after: stopped"],
    }


def with_verdict(root: Path, content: str) -> tuple[int, str, str]:
    """Exit code, page and messages of check with a verdict."""
    (root / "verdict.json").write_text(content)
    result = rescope(root, "check", "--output-format", "html", "--verdict", "verdict.json", "-q")
    return result.returncode, result.stdout, result.stderr


def test_verdict(tmp_path: Path, verdict: dict) -> None:
    """The table, the tests that hang on the order, regressions, cost, warnings and notes are part of the page."""
    code, source, _ = with_verdict(make_project(tmp_path, LEAK), json.dumps(verdict))
    shown = Page(source).by_id("verify")["text"]

    assert code == 1
    assert all(text in shown for text in ("1 regression.", "7777", "1.25", "+5.4 %", "t.py::slow", "take care", "seed 1, after: stopped"))
    assert "t.py::<b> (no longer)" in shown


def test_verdict_of_nothing(tmp_path: Path, verdict: dict) -> None:
    """Where there was nothing to apply, there are no columns of "after"."""
    verdict["orders"][0]["after"] = verdict["after"] = verdict["slowdown_percent"] = None
    _, source, _ = with_verdict(make_project(tmp_path, LEAK), json.dumps(verdict | {"regressions": [], "cured": []}))

    assert "There was nothing to apply." in Page(source).by_id("verify")["text"]
    assert "Passed after" not in source


def test_nothing_of_a_verdict_is_lost(verdict: dict) -> None:
    """What verify writes is read back whole."""
    assert json.loads(render_verdict_json(*read_verdict(json.dumps(verdict)))) == verdict


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 2}, "its schema is 2, not 1"),
        ({"groups": None}, "'groups' is no whole number"),
        ({"orders": []}, "it tells of no run"),
        ({"orders": ["file order"]}, "'orders' holds something that is no object"),
        ({"before": {}}, "'victims' is missing"),
        ({"cured": "t.py"}, "'cured' is no list"),
        ({"slowdown_percent": "5"}, "'slowdown_percent' is no number"),
    ],
)
def test_damaged_verdict(tmp_path: Path, verdict: dict, change: dict, says: str) -> None:
    """A verdict with a part of the wrong kind is refused with the name of that part."""
    code, source, error = with_verdict(make_project(tmp_path, LEAK), json.dumps(verdict | change))

    assert (code, source) == (2, "")
    assert error == f"error: verdict.json: this is not what `rescope verify --output-format json` writes: {says}\n"


def test_no_verdict(tmp_path: Path) -> None:
    """A file that is cut off or missing, and a verdict for another format, are refused."""
    root = make_project(tmp_path, LEAK)
    missing = rescope(root, "check", "--output-format", "html", "--verdict", "none.json")
    other = rescope(root, "check", "--verdict", "none.json")
    code, _, error = with_verdict(root, '{"schema": 1, ')

    assert (code, error.count("it is not JSON")) == (2, 1)
    assert (missing.returncode, missing.stderr) == (2, "error: none.json: the verdict cannot be read: No such file or directory\n")
    assert (other.returncode, other.stderr) == (2, "error: --verdict goes with --output-format html\n")
