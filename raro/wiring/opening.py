"""The servers of a storage folder and the log on them: what everything else stands on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from raro.embedded.lock import StorageLock
from raro.embedded.servers import Servers, embedded
from raro.events.connection import connect
from raro.events.log import EventLog, open_log
from raro.settings import Settings


@asynccontextmanager
async def opened(
    settings: Settings, lock: StorageLock | None, *, cache: bool = True
) -> AsyncIterator[tuple[Servers, EventLog]]:
    """Start or reach the servers and open the log; closed with the block.

    Without `cache` there is no Redis: no agent will ask for another's output.

    Raises StartFailed, LogUnavailable, StorageFault.
    """
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(
            embedded(settings.storage, nats_url=settings.nats_url, redis_url=settings.redis_url, lock=lock, cache=cache)
        )
        credentials = servers.nats_credentials
        nc = await connect(
            servers.nats_url,
            user=credentials.user if credentials else None,
            password=credentials.password if credentials else None,
        )
        stack.push_async_callback(nc.close)
        yield servers, await open_log(nc, replicas=settings.nats_replicas)
