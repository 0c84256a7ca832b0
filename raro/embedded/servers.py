"""Starts the servers that this machine is to run, and says where they are.

What runs elsewhere (`RARO_NATS_URL`, `RARO_REDIS_URL`) is passed through untouched. The cache may be
missing (RARO is slower then, and right); the log's server may not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from raro.embedded.child import Child
from raro.embedded.lock import StorageLock
from raro.embedded.nats import NatsServer
from raro.embedded.valkey import ValkeyServer
from raro.errors import StartFailed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Credentials:
    """What nats-py's `connect` takes as `user` and `password`."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Servers:
    """Where NATS and Redis are.

    `nats_credentials` is None for a server that runs elsewhere: they are part of its URL.
    `redis_url` is None when the embedded cache could not start; `cache_fault` says why.
    `children` are the processes supervised here.
    """

    nats_url: str
    nats_credentials: Credentials | None
    redis_url: str | None = field(repr=False)
    cache_fault: str | None = None
    children: tuple[Child, ...] = ()


@asynccontextmanager
async def embedded(
    storage: Path,
    *,
    nats_url: str | None = None,
    redis_url: str | None = None,
    lock: StorageLock | None = None,
    cache: bool = True,
    on_restart: Callable[[str, int], None] | None = None,
) -> AsyncIterator[Servers]:
    """Run the servers that no URL is given for, with their data in `storage`, until the block ends.

    Give the `lock` of the same storage: the servers hold on to it, so that a start right after this
    process was killed waits for them. Without `cache` there is no Redis.
    `on_restart(name, restarts)` is told of each one that died and serves again, on its old address.
    Call it on an event loop that lives as long as the program: the servers end with the thread that
    started them.

    Raises:
        StartFailed: nats-server did not come up.
    """
    keep_fds = (lock.fd,) if lock else ()

    def child(server: NatsServer | ValkeyServer) -> Child:
        return Child(server, keep_fds=keep_fds, on_restart=on_restart)

    nats = None if nats_url else NatsServer(storage / "nats")
    valkey = None if redis_url or not cache else ValkeyServer(storage / "redis")
    children = tuple(child(server) for server in (nats, valkey) if server)
    async with AsyncExitStack() as stack:
        for each in children:
            stack.push_async_callback(each.stop)
        faults = await _start_all(children)
        if nats and (fault := faults.get(nats.name)):
            raise fault
        cache_fault = faults.get(valkey.name) if valkey else None
        if cache_fault:
            log.warning("RARO runs without its cache: %s", cache_fault)
        yield Servers(
            nats_url=nats.url if nats else str(nats_url),
            nats_credentials=Credentials(nats.user, nats.password) if nats else None,
            redis_url=(redis_url if cache else None) or (valkey.url if valkey and not cache_fault else None),
            cache_fault=str(cache_fault) if cache_fault else None,
            children=tuple(each for each in children if each.server.name not in faults),
        )


async def _start_all(children: tuple[Child, ...]) -> dict[str, StartFailed]:
    results = await asyncio.gather(*(each.start() for each in children), return_exceptions=True)
    faults = {}
    for each, result in zip(children, results, strict=True):
        if isinstance(result, StartFailed):
            faults[each.server.name] = result
        elif isinstance(result, BaseException):
            raise result
    return faults
