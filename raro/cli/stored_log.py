"""The event log of a storage folder that no server holds: its nats-server is started for the moment.

With RARO_NATS_URL the log is elsewhere and is read there. Gives events in the form of `/audit/events`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Unpack, cast

from raro.client.audit import EventFilters
from raro.client.rows import LogEvent
from raro.embedded.lock import hold_storage
from raro.errors import NotFound
from raro.events.log import EventLog
from raro.settings import Settings
from raro.wiring.opening import opened


@asynccontextmanager
async def open_stored_log(settings: Settings) -> AsyncIterator[EventLog]:
    """The log, until the block ends.

    Raises:
        NotFound: the folder holds no log; none is made.
        StorageInUse: a server holds the folder.
        StartFailed: nats-server does not start, or its stream is not set up as it must be.
    """
    if settings.nats_url is None and not (settings.storage / "nats").is_dir():
        raise NotFound(f"{str(settings.storage)!r} holds no log. Name RARO's data folder with --storage.")
    with ExitStack() as stack:
        lock = stack.enter_context(hold_storage(settings.storage)) if settings.nats_url is None else None
        async with opened(settings, lock, cache=False) as (_, log):
            yield log


class StoredLog:
    """Events of every client, read from the log itself."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def head(self) -> int:
        """The last event's number."""
        return await self._log.head()

    async def events(
        self, *, after: int | str | None = None, **filters: Unpack[EventFilters]
    ) -> AsyncGenerator[LogEvent]:
        """Every event behind `after` up to the log's end as it is now."""
        head = await self.head()
        behind = int(after or 0)
        if behind >= head:
            return
        async with aclosing(cast(Any, self._log.read())) as batches:
            async for batch in batches:
                for message in batch:
                    if message.seq <= behind or message.torn:
                        continue
                    event = _row(message.seq, json.loads(message.body))
                    if _fits(event, filters):
                        yield event
                if batch[-1].seq >= head:
                    return


def _row(seq: int, body: dict[str, Any]) -> LogEvent:
    return {
        "seq": seq,
        "id": body["id"],
        "type": body["type"],
        "subject": body["subject"],
        "client_id": body["clientid"],
        "actor": body["actor"],
        "time": body["time"],
        "correlation_id": body["correlationid"],
        "causation_id": body["causationid"],
        "data": body["data"],
    }


def _fits(event: LogEvent, filters: EventFilters) -> bool:
    """Whether `/audit/events` would show it with these filters."""
    type, text = filters.get("type"), filters.get("text")
    return (
        filters.get("run_id") in (None, event["correlation_id"], *event["subject"].split(".")[4:5])
        and type in (None, event["type"], event["subject"].rpartition(".")[2])
        and filters.get("actor") in (None, event["actor"])
        and filters.get("agent") in (None, event["data"].get("agent_id"))
        and _is_between(event["time"], filters.get("begin"), filters.get("end"))
        and (not text or text.lower() in _all_text(event).lower())
    )


def _is_between(time: str, begin: datetime | None, end: datetime | None) -> bool:
    moment = datetime.fromisoformat(time)
    return (begin is None or _utc(begin) <= moment) and (end is None or moment < _utc(end))


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _all_text(event: LogEvent) -> str:
    data = json.dumps(event["data"], ensure_ascii=False, separators=(",", ":"))
    return " ".join((event["id"], event["subject"], event["type"], event["actor"], data))
