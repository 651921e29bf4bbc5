"""The graph as JSON, as pictures and as trees: every definition, what each test gets, and what is not certain."""

import json
from pathlib import Path

from oracle.plans import context_of

from projects import make_project
from rescope.reporting.graph_json import render_graph_json
from rescope.reporting.graph_pictures import render_dot, render_mermaid
from rescope.reporting.graph_tree import render_tree

SHOP = """\
# --- conftest.py
import pytest


@pytest.fixture(scope="session")
def base():
    return 1


@pytest.fixture(scope="session")
def client(base):
    return base
# --- api/conftest.py
import pytest


@pytest.fixture
def client(client, request):
    return client
# --- api/test_api.py
def test_one(client, mocker):
    pass


def test_two(client):
    pass
# --- web/conftest.py
import pytest


@pytest.fixture(scope="session")
def base():
    return 2
# --- web/test_web.py
import pytest


def make():
    @pytest.fixture
    def fix():
        return 1

    return fix


page = make()


def test_page(page, client):
    pass
"""

OUTER = """\
client: conftest.py:9 (session)
  UNCERTAIN: 'page' of web/test_web.py is made at run time and may request any fixture
  overridden by client: api/conftest.py:4 (function)
  requests
    base: conftest.py:4 (session)
    base: web/conftest.py:4 (session)
  requested by
    client: api/conftest.py:4 (function)
    web/test_web.py::test_page
  set up for 3 tests
"""
INNER = """\
client: api/conftest.py:4 (function)
  overrides client: conftest.py:9 (session)
  requests
    client: conftest.py:9 (session)
      base: conftest.py:4 (session)
  requested by
    api/test_api.py: 2 tests
  set up for 2 tests
"""
TEST = """\
api/test_api.py::test_one: line 1
  base: conftest.py:4 (session)
  client: api/conftest.py:4 (function)
    requests client: conftest.py:9
  mocker: not defined in this project
"""


def test_trees(tmp_path: Path) -> None:
    """A fixture is shown with its overrides, requests and requesters, a test with what it sets up in order."""
    graph = context_of(make_project(tmp_path, SHOP)).graph

    assert render_tree(graph, {}, "client") == f"{OUTER}\n{INNER}"
    assert render_tree(graph, {}, "test_one") == TEST
    assert "  page: UNCERTAIN, web/test_web.py: made by make()" in render_tree(graph, {}, "test_page")
    assert render_tree(graph, {}, "nobody") == ""


def test_json(tmp_path: Path) -> None:
    """Every test has its closure, the names that no fixture of the project has, and what only running it can tell."""
    graph = json.loads(render_graph_json(context_of(make_project(tmp_path, SHOP)).graph))
    names = {f["id"]: (f["name"], f["path"]) for f in graph["fixtures"]}
    tests = {t["id"]: t for t in graph["tests"]}

    one, two, page = tests["api/test_api.py::test_one"], tests["api/test_api.py::test_two"], tests["web/test_web.py::test_page"]
    assert [names[i] for i in one["closure"]] == [("base", "conftest.py"), ("client", "api/conftest.py")]
    assert (one["unresolved"], [u["name"] for u in one["unknown"]]) == (["mocker"], ["mocker"])
    assert (two["unresolved"], two["unknown"]) == ([], [])
    assert {"name": "page", "reason": "web/test_web.py: made by make()"} in page["unknown"]
    assert {f["name"] for f in graph["fixtures"] if f["uncertain"]} == {"base", "client"}


def test_pictures(tmp_path: Path) -> None:
    """Mermaid and Graphviz show name, place and scope of each definition, and doubt where there is some."""
    graph = context_of(make_project(tmp_path, SHOP)).graph

    assert 'f1["client<br>conftest.py:9<br>session<br>UNCERTAIN"]:::session' in render_mermaid(graph, {})
    assert 'f2 [label="client\\napi/conftest.py:4\\nfunction", fillcolor="#e8e8e8"]' in render_dot(graph, {})
    assert "  f2 -> f1\n" in render_dot(graph, {})
