"""The real things that tests stand on, each made of the one before: servers, connection, log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from pathlib import Path

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


@pytest.fixture
async def nc(servers: Servers) -> AsyncIterator[Client]:
    """A connection to the nats-server."""
    credentials = servers.nats_credentials
    assert credentials is not None
    client = await connect(servers.nats_url, user=credentials.user, password=credentials.password)
    yield client
    await client.close()


@pytest.fixture
async def log(nc: Client) -> EventLog:
    """An empty event log."""
    return await open_log(nc)
