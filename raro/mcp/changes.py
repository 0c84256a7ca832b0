"""What goes on at the server: one watch, for those who wait for something and for clients that keep lists.

A notice says "look again" and nothing else, so one too many does no harm. Waiting goes on without it, only slower.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, suppress

from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    ToolsListChanged,
)

from raro.client import Patch, RaroClient
from raro.errors import RaroError
from raro.mcp.addresses import ArtifactAddress, LibraryAddress

logger = logging.getLogger(__name__)

_LOOK_AGAIN_S = 1.0
_TRY_AGAIN_S = 2.0

Listener = Callable[[ServerEvent], Awaitable[None]]


class Changes:
    """Follows the client's views; `bus` carries notices to those who listen as of 2026-07-28."""

    def __init__(self, client: RaroClient) -> None:
        self._client = client
        self._moved = asyncio.Event()
        self.bus = InMemorySubscriptionBus()
        self.tell_older: Listener | None = None
        """Tells a client that speaks an older version, which has no way to listen."""

    async def follow(self) -> None:
        """Watch until cancelled, whatever the server does."""
        while True:
            try:
                async with aclosing(self._client.watch(["library", "artifacts", "runs", "approvals"])) as patches:
                    async for patch in patches:
                        await self._take(patch)
            except RaroError as error:
                logger.warning("not watching %s: %s", self._client.server, error.message)
            await asyncio.sleep(_TRY_AGAIN_S)

    async def soon(self) -> None:
        """Wait until something changed, or for a second."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await self._moved.wait()

    async def tools_changed(self) -> None:
        """Say that there are other tools now."""
        await self._tell([ToolsListChanged()])

    async def _take(self, patch: Patch) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        uris = [*_uris(patch)]
        if uris or patch.removes:
            await self._tell([ResourcesListChanged(), *(ResourceUpdated(uri) for uri in uris)])

    async def _tell(self, notices: Sequence[ServerEvent]) -> None:
        for notice in notices:
            await self.bus.publish(notice)
        if self.tell_older is not None:
            await self.tell_older(notices[0])


def _uris(patch: Patch) -> list[str]:
    match patch.view:
        case "library":
            return [str(LibraryAddress(row["filename"])) for row in patch.upserts]
        case "artifacts":
            return [str(ArtifactAddress(row["run_id"], row["filename"])) for row in patch.upserts]
        case _:
            return []
