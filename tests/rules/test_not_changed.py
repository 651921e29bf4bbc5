"""What looks like a change of a broad fixture's value and is none: each case was a false finding once, and its counterpart is found."""

from pathlib import Path

import pytest

from projects import check, make_project, outcome, run_pytest

PROGRAM = """\
# --- shop.py
import copy
import functools
from contextlib import nullcontext


class Query:
    def __init__(self, client):
        self.client = client

    def update(self, name, *, kind):
        return name, kind

    def insert(self):
        return nullcontext()

    def reverse(self):
        return Query(self.client)

    def remove(self, name):
        return name == "a"


class Orders:
    @classmethod
    def update(cls, name):
        return name


class Api:
    Orders = Orders


class View:
    def __init__(self, client):
        self.names = client.names


class Client:
    limit = 3

    def __init__(self):
        self.rows = []
        self.names = {}
        self.link = object()
        self.orders = Query(self)
        self.token = ""
        self.sent = 0
        self.api = Api()
        self.Rows = []
        self.Table = {}

    def send(self, name):
        try:
            self.check(name)
        except ValueError:
            self.token = "none"
        if name == "closed":
            self.link = object()
            self.log_in()

    def check(self, name):
        self.fetch(name)

    def fetch(self, name):
        self.token = name

    def log_in(self):
        self.fetch("new")

    def count(self):
        self.step()

    def step(self):
        self.sent += 1

    @property
    def query(self):
        return Query(self)

    @property
    def copied(self):
        return copy.deepcopy(self.names)

    @property
    @functools.cache
    def kept(self):
        return copy.deepcopy(self.names)

    @property
    def held(self):
        return self.names

    @property
    def view(self):
        return View(self)


class Order:
    def __init__(self, client):
        self.client = client
        self.note = None

    @property
    def limit(self):
        return self.client.limit

    @limit.setter
    def limit(self, value):
        self.client.limit = value


def next_limit(client):
    limit: int = client.limit
    limit += 1
    return limit


def wait(seconds, more):
    seconds += more
    return seconds


def mark(client, name=None, times=0, *, loud=False):
    if name:
        client.names[name] = 1
    if times and client.rows is not None:
        client.rows.append(times)
    if loud is not None and loud:
        client.limit = 9
    return client


def keep(client, plain=True):
    if plain:
        client.limit = 9
    return client


def grow(client):
    rows = client.rows
    rows += [1]
    return rows
# --- conftest.py
import pytest

from shop import Client, Order


@pytest.fixture(scope="session")
def client():
    return Client()


@pytest.fixture
def order(client):
    yield client, Order(client)
# --- test_shop.py
from shop import grow, keep, mark, next_limit, wait


def test_first(client, order):
    BODY


def test_second(client, order):
    assert client and order
"""
UNCHANGED = {
    "a local number": "assert next_limit(client) == 4",
    "a number handed on": "assert wait(client.limit, 1) == 4",
    "a method whose result is kept": 'row = client.query.update("a", kind="b")\n    assert row == ("a", "b")',
    "a method whose result is entered": "with client.query.insert() as row:\n        assert row is None",
    "a method whose result is denied": 'assert not client.orders.remove("b")',
    "what a property copies": 'client.copied["a"] = 1\n    assert client.names == {}',
    "a class deep in the value": 'client.api.Orders.update(name="a")',
    "a method in a list": "queries = [client.query.reverse(), client.query]\n    assert queries",
    "a request that connects anew": 'client.send("a")\n    assert client.link',
    "what a helper does only if it is asked to": "assert mark(client).limit == 3",
    "what a helper does only if it is asked otherwise": "assert mark(client=client).rows == []",
    "the other part of a tuple": 'shop, made = order\n    made.note = "x"\n    assert shop',
}
CHANGED = {
    "a list with the name of a class": "client.Rows.append(1)\n    assert client.Rows",
    "a dict with the name of a class": "client.Table.update(a=1)\n    assert client.Table",
    "a copy that is kept": 'client.kept["a"] = 1\n    assert client.kept',
    "what stands behind a view": 'client.view.names["a"] = 1\n    assert client.names',
    "what a property hands out": 'client.held["a"] = 1\n    assert client.names',
    "a local list": "assert grow(client) == [1]",
    "a method called for what it does": "client.names.update(a=1)\n    assert client.names",
    "a method that calls one that does": "client.count()\n    assert client.sent",
    "a method called for each of some": "assert [client.rows.append(n) for n in (1, 2)]",
    "what a helper is asked to": "assert mark(client, 'a')",
    "what a helper is asked to by keyword": "assert mark(client, loud=True)",
    "what a helper is asked to by a name": "assert mark(client, client)",
    "what a helper does unless it is asked otherwise": "assert keep(client)",
    "what a helper is perhaps asked to": "more = {}\n    assert mark(client, **more)",
    "this part of a tuple": "shop, made = order\n    shop.limit = 4\n    assert made",
    "any part of a tuple": "for part in order:\n        part.limit = 4\n    assert order",
}


@pytest.mark.parametrize("body", UNCHANGED.values(), ids=[name.replace(" ", "-") for name in UNCHANGED])
def test_no_change(body: str, tmp_path: Path) -> None:
    """Nothing is reported."""
    root = make_project(tmp_path, PROGRAM.replace("BODY", body))
    assert outcome(run_pytest(root)) == "2 passed"
    assert [g.finding.message for g in check(root).plan.groups] == []


@pytest.mark.parametrize("body", CHANGED.values(), ids=[name.replace(" ", "-") for name in CHANGED])
def test_a_change(body: str, tmp_path: Path) -> None:
    """The session's client is found."""
    root = make_project(tmp_path, PROGRAM.replace("BODY", body))
    assert outcome(run_pytest(root)) == "2 passed"
    assert [(g.finding.code, g.finding.subject.name) for g in check(root).plan.groups] == [("RSC103", "client")]


JOINED = """\
# --- test_rows.py
import pytest


@pytest.fixture(scope="session")
def rows():
    return {made}


def join(rows, more):
    rows += more
    return rows


def test_join(rows):
    assert join(rows, {more}) is not None


def test_usual(rows):
    assert rows == {made}
"""


@pytest.mark.parametrize(("made", "more", "found"), [("[1]", "[2]", ["RSC103"]), ("1", "2", [])])
def test_what_is_joined_to_an_argument(tmp_path: Path, made: str, more: str, found: list[str]) -> None:
    """A list grows in place, a number is bound anew."""
    root = make_project(tmp_path, JOINED.format(made=made, more=more))
    assert outcome(run_pytest(root)) == ("1 failed, 1 passed" if found else "2 passed")
    assert [g.finding.code for g in check(root).shown] == found
