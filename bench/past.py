"""A storage folder whose log has a past, and its servers: for measures that read much and run nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bench.history import write_history
from bench.wire import CLIENT
from raro.embedded.servers import Servers, embedded
from raro.events.connection import connect
from raro.events.log import open_log
from raro.files.blobs import BlobStore

TREES_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Past:
    """Where the servers are, as environment for `raro serve` and `raro rebuild`; how many events there are."""

    env: dict[str, str]
    events: int


@asynccontextmanager
async def past(storage: Path, runs: int) -> AsyncIterator[Past]:
    """Write so many finished runs, and keep the servers until the block ends.

    No reactor runs on them: what is measured is the views and nothing beside them.
    """
    async with embedded(storage) as servers:
        credentials = servers.nats_credentials
        assert credentials
        client = await connect(servers.nats_url, user=credentials.user, password=credentials.password)
        blob = await BlobStore(storage / "blobs").put_bytes(b"# Report\n")
        events = await write_history(await open_log(client), runs, blob)
        await client.close()
        yield Past(_env(servers), events)


async def trees_kept(storage: Path, runs: int) -> None:
    """Wait until the server has made the folders of all runs: work that would disturb a measure."""
    async with asyncio.timeout(TREES_TIMEOUT_S):
        while sum(1 for _ in (storage / "artifacts" / CLIENT).glob("*/metadata.json")) < runs:
            await asyncio.sleep(1)


def _env(servers: Servers) -> dict[str, str]:
    credentials = servers.nats_credentials
    assert credentials
    address = servers.nats_url.removeprefix("nats://")
    env = {"RARO_NATS_URL": f"nats://{credentials.user}:{quote(credentials.password)}@{address}"}
    return env | ({"RARO_REDIS_URL": servers.redis_url} if servers.redis_url else {})
