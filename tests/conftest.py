"""The real things that tests stand on, each made of the one before: servers, connection, log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event, Thread

import pytest
from nats.aio.client import Client

from raro.embedded.servers import Servers, embedded
from raro.events.connection import connect
from raro.events.log import EventLog, open_log
from raro.garbage import loading


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: it is not looked through again and again, in each of the processes."""
    with loading():
        return (yield)


@pytest.fixture
def me(request: pytest.FixtureRequest) -> str:
    """A client id of the test's own."""
    return f"t{abs(hash(request.node.nodeid)):x}"


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    """A nats-server and a Valkey of this test's own."""
    async with embedded(tmp_path / "storage") as running:
        yield running


@pytest.fixture(scope="session")
def shared_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shared nats-server keeps its streams."""
    return tmp_path_factory.mktemp("nats")


@pytest.fixture(scope="session")
def shared_nats(shared_storage: Path) -> Iterator[Servers]:
    """A nats-server for all tests that leave its process and its folder alone."""
    ready: Future[Servers] = Future()
    leave = Event()

    async def serve() -> None:
        try:
            async with embedded(shared_storage, cache=False) as running:
                ready.set_result(running)
                await asyncio.to_thread(leave.wait)
        except Exception as error:  # noqa: BLE001  told to who waits
            ready.set_exception(error)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yield ready.result()
    leave.set()
    thread.join()


@pytest.fixture
def log_servers(request: pytest.FixtureRequest) -> Servers:
    """The servers that `nc` is connected to: the test's own if it asks for `servers`, the shared one if not."""
    found: Servers = request.getfixturevalue("servers" if "servers" in request.fixturenames else "shared_nats")
    return found


@pytest.fixture
async def nc(log_servers: Servers, shared_storage: Path) -> AsyncIterator[Client]:
    """A connection to a nats-server without streams."""
    credentials = log_servers.nats_credentials
    assert credentials is not None
    client = await connect(log_servers.nats_url, user=credentials.user, password=credentials.password)
    jetstream = client.jetstream()
    for stream in await jetstream.streams_info():
        await _last_deletion_done(shared_storage)
        await jetstream.delete_stream(str(stream.config.name))
    yield client
    await client.close()


async def _last_deletion_done(storage: Path) -> None:
    """Wait until nats-server has removed what it renamed to `.NAME` in an earlier deletion.

    While that folder is there, it says that it deleted a stream of the same name and leaves the files where they
    are: the next stream of that name begins with their messages.
    """
    async with asyncio.timeout(30):
        while any(storage.glob("nats/jetstream/*/streams/.*")):
            await asyncio.sleep(0.01)


@pytest.fixture
async def log(nc: Client) -> EventLog:
    """An empty event log."""
    return await open_log(nc)
