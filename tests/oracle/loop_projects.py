"""Projects with async fixtures: what they make belongs to one event loop, and their tests fail if another one uses it.

LOOP_SESSION, LOOP_MODULE, ... stand for the argument of the mark that puts a test on the loop of that scope.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopProject:
    """Files, options of `[tool.pytest.ini_options]`, and whether narrowing is possible where `loop_scope` is known."""

    files: str
    ini: str = ""
    narrowed: bool = True


BOUND = """\
# --- bound.py
import asyncio


class Bound:
    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.queue, self.lock, self.event = asyncio.Queue(), asyncio.Lock(), asyncio.Event()
        self.future = self.loop.create_future()

    async def use(self):
        assert asyncio.get_running_loop() is self.loop
        self.loop.call_later(0.001, self.queue.put_nowait, 1)
        assert await self.queue.get() == 1
        self.loop.call_later(0.001, self.event.set)
        await self.event.wait()
        self.event.clear()
        async with self.lock:
            waiting = asyncio.ensure_future(self.lock.acquire())
            await asyncio.sleep(0)
        assert await waiting
        self.lock.release()
        if not self.future.done():
            self.loop.call_later(0.001, self.future.set_result, 1)
        assert await self.future == 1
"""

_HEAD = "import asyncio\nimport pytest\nimport pytest_asyncio\nfrom bound import Bound\n\n\n"

_IMPLIED = """\
# --- conftest.py
{head}@pytest_asyncio.fixture(scope="{scope}")
async def engine():
    yield Bound()


@pytest_asyncio.fixture(scope="{scope}")
async def client(engine):
    await engine.use()
    yield engine
    await engine.use()
# --- test_a.py
{head}class TestIt:
    @pytest.mark.asyncio({mark})
    async def test_one(self, client, engine):
        await client.use()
        await engine.use()

    @pytest.mark.asyncio({mark})
    async def test_two(self, client):
        await client.use()
"""


def _implied(scope: str) -> str:
    return _IMPLIED.format(head=_HEAD, scope=scope, mark=f"LOOP_{scope.upper()}")


PROJECTS = {
    "loop implied by session scope": LoopProject(files=_implied("session")),
    "loop implied by package scope": LoopProject(files=_implied("package") + "# --- __init__.py\n"),
    "loop implied by module scope": LoopProject(files=_implied("module")),
    "loop implied by class scope": LoopProject(files=_implied("class")),
    "auto mode": LoopProject(files=_implied("session"), ini='asyncio_mode = "auto"'),
    "auto mode with plain fixtures": LoopProject(
        files=_implied("session").replace("pytest_asyncio.fixture", "pytest.fixture"), ini='asyncio_mode = "auto"', narrowed=False
    ),
    "auto mode with plain fixtures on the loop of the ini-file": LoopProject(
        files=_implied("session").replace("pytest_asyncio.fixture", "pytest.fixture"),
        ini='asyncio_mode = "auto"\nasyncio_default_fixture_loop_scope = "session"',
    ),
    "loop of the ini-file": LoopProject(
        files=_implied("module").replace("LOOP_MODULE", "LOOP_SESSION"), ini='asyncio_default_fixture_loop_scope = "session"'
    ),
    "loop of the ini-file that follows the scope": LoopProject(
        files=_implied("session"), ini='asyncio_default_fixture_loop_scope = "fixture-scope"'
    ),
    "loop written out": LoopProject(
        files=_implied("module").replace('scope="module"', 'loop_scope="session", scope="module"').replace("LOOP_MODULE", "LOOP_SESSION"),
    ),
    "sync and async dependents of several scopes": LoopProject(
        files=f"""\
# --- conftest.py
{_HEAD}@pytest_asyncio.fixture(scope="session")
async def engine():
    return Bound()


@pytest.fixture(scope="session")
def wrapped(engine):
    return [engine]


@pytest.fixture(scope="module")
def unwrapped(wrapped):
    return wrapped[0]


@pytest_asyncio.fixture(LOOP_SESSION)
async def used(unwrapped):
    await unwrapped.use()
    return unwrapped
# --- test_a.py
{_HEAD}@pytest.mark.asyncio(LOOP_SESSION)
async def test_one(used, unwrapped):
    assert used is unwrapped
    await used.use()


def test_sync(wrapped, engine):
    assert wrapped == [engine]
""",
    ),
    "tests on loops of their own": LoopProject(
        files=f"""\
# --- conftest.py
{_HEAD}@pytest_asyncio.fixture(scope="session")
async def engine():
    return Bound()


@pytest_asyncio.fixture(scope="session")
async def warmed(engine):
    await engine.use()
    return engine
# --- test_a.py
{_HEAD}@pytest.mark.asyncio
async def test_one(warmed):
    assert warmed.loop is not asyncio.get_running_loop()


@pytest.mark.asyncio
async def test_two(warmed, engine):
    assert warmed is engine
""",
    ),
    "a session fixture without a loop, shared by async ones": LoopProject(
        files=f"""\
# --- conftest.py
{_HEAD}@pytest.fixture(scope="session")
def inbox():
    return asyncio.Queue()


@pytest_asyncio.fixture(scope="session")
async def worker(inbox):
    outbox = asyncio.Queue()

    async def work():
        while True:
            await outbox.put(await inbox.get() + 1)

    task = asyncio.ensure_future(work())
    yield outbox
    task.cancel()
# --- test_a.py
{_HEAD}@pytest.mark.asyncio(LOOP_SESSION)
async def test_one(inbox, worker):
    await inbox.put(1)
    assert await worker.get() == 2


@pytest.mark.asyncio(LOOP_SESSION)
async def test_two(inbox, worker):
    await inbox.put(2)
    assert await worker.get() == 3
""",
    ),
    "streams": LoopProject(
        files=f"""\
# --- conftest.py
{_HEAD}@pytest_asyncio.fixture(scope="session")
async def address():
    async def echo(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()
    server.close()


@pytest_asyncio.fixture(scope="module")
async def streams(address):
    reader, writer = await asyncio.open_connection(*address)
    yield reader, writer
    writer.close()
# --- test_a.py
{_HEAD}@pytest.mark.asyncio(LOOP_MODULE)
async def test_one(streams):
    reader, writer = streams
    writer.write(b"x\\n")
""",
    ),
    "futures made without a running loop": LoopProject(
        files=f"""\
# --- conftest.py
{_HEAD}@pytest_asyncio.fixture(scope="session")
async def engine():
    return asyncio.get_running_loop()


@pytest.fixture(scope="session")
def answer(engine):
    return asyncio.Future(loop=engine)
# --- test_a.py
{_HEAD}@pytest.mark.asyncio(LOOP_SESSION)
async def test_one(answer, engine):
    if not answer.done():
        engine.call_later(0.001, answer.set_result, 1)
    assert await answer == 1
""",
        narrowed=False,
    ),
    "an event_loop fixture of the project": LoopProject(
        files=f"""\
# --- conftest.py
{_HEAD}@pytest.fixture(scope="session")
def event_loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest_asyncio.fixture(scope="session")
async def engine():
    return Bound()


@pytest_asyncio.fixture(scope="session")
async def client(engine):
    await engine.use()
    return engine
# --- test_a.py
{_HEAD}@pytest.mark.asyncio
async def test_one(client, engine):
    assert client is engine


@pytest.mark.asyncio
async def test_two(client):
    assert client.future.done()
""",
    ),
    "a mark of version 0.23": LoopProject(files=_implied("session").replace("LOOP_SESSION", 'scope="session"'), narrowed=False),
}

ANYIO = {
    "a broad fixture keeps anyio's loop": LoopProject(
        files="""\
# --- conftest.py
import pytest
from bound import Bound


@pytest.fixture(scope="session")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
async def engine():
    yield Bound()


KEPT = []


@pytest.fixture
async def memory():
    KEPT.append(Bound()) if not KEPT else None
    return KEPT[0]
# --- test_a.py
import pytest

pytestmark = pytest.mark.anyio


async def test_one(engine, memory):
    await engine.use()
    await memory.use()


async def test_two(engine, memory):
    await engine.use()
    await memory.use()
""",
        narrowed=False,
    ),
}
