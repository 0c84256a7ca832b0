"""Events to append."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from raro.embedded.servers import Servers
from raro.events.catalogue import Paused
from raro.events.cursor import Cursor
from raro.events.envelope import Cause, Event, new_event
from raro.events.log import EventLog
from raro.events.reader import RawMessage


def paused(run_id: str, number: int) -> Event:
    """A small event of a run; the same arguments make the same event."""
    return new_event(
        "acme", run_id, Paused(reason=str(number)), Cause(f"{number}", "user:t", run_id, datetime.now(UTC))
    )


async def read_until(log: EventLog, seq: int, after: Cursor | None = None) -> list[RawMessage]:
    """Everything behind the cursor up to a sequence."""
    found: list[RawMessage] = []
    messages: AsyncIterator[list[RawMessage]] = log.read(after)
    async for group in messages:
        found += group
        if found[-1].seq >= seq:
            break
    return found


def kill_nats(servers: Servers) -> None:
    """kill -9 the nats-server; its supervisor starts it again."""
    for child in servers.children:
        if child.server.name.startswith("nats") and child.pid:
            os.kill(child.pid, signal.SIGKILL)
