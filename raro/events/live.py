"""Core NATS beside the stream: what is happening right now, and hints that something was appended.

Nothing here is kept or guaranteed. A hint only says "look again": the log itself decides.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from raro.events.subjects import LIVE_PREFIX, subject_of

_QUEUE = 1000
_STEERING = (
    "stopped",
    "failed",
    "paused",
    "resumed",
    "approval_granted",
    "approval_denied",
    "agent_puppeted",
    "agent_turn_completed",
)


async def activities(nc: Client, client_id: str) -> AsyncIterator[dict[str, Any]]:
    """Live activity of every run of a client, as it is said; a slow receiver misses some."""
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_QUEUE)

    async def on_message(message: Msg) -> None:
        if not queue.full():
            queue.put_nowait(json.loads(message.data))

    subscription = await nc.subscribe(f"{LIVE_PREFIX}.{client_id}.*", cb=on_message)
    try:
        while True:
            yield await queue.get()
    finally:
        await subscription.unsubscribe()


@asynccontextmanager
async def run_hints(nc: Client, client_id: str, run_id: str) -> AsyncIterator[asyncio.Event]:
    """An event that is set whenever something that steers the run may have been appended."""
    changed = asyncio.Event()

    async def on_message(message: Msg) -> None:
        changed.set()

    subscriptions = [
        await nc.subscribe(subject_of(client_id, "run", run_id, event), cb=on_message) for event in _STEERING
    ]
    try:
        yield changed
    finally:
        for subscription in subscriptions:
            await subscription.unsubscribe()
