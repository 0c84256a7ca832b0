"""The event log: append atomically, load an aggregate, look at one event. The only publisher to the stream.

Reading on and on from a cursor is `reader.py`; durable work queues are `consumer.py`.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

from raro.errors import LogUnavailable
from raro.events import reader, wire
from raro.events.cursor import Cursor
from raro.events.direct import StoredMessage, get_many, get_one
from raro.events.envelope import Event, Recorded, parse_event
from raro.events.live import activities
from raro.events.reader import RawMessage
from raro.events.stream import STREAM, StreamState, ensure_stream, stream_state
from raro.events.subjects import aggregate_filter, aggregate_of
from raro.events.upcasters import CURRENT, Upcasters

MAX_BATCH = 1000
TRIES = 4
_REMEMBERED = 1000
_WRONG_LAST_SEQUENCE = (10071, 10164)
_DUPLICATE_IN_BATCH = 10201


class WrongLastSequence(Exception):
    """Somebody else appended to the aggregate first: load it again and decide again."""


@dataclass(frozen=True, slots=True)
class History:
    """One aggregate's events in order, and the sequence to expect when appending to it."""

    events: tuple[Recorded, ...]
    last_seq: int


class EventLog:
    """The stream `RARO_EVENTS` on one NATS connection; build it with `open_log`."""

    def __init__(self, nc: Client, state: StreamState, upcasters: Upcasters = CURRENT) -> None:
        self.nc = nc
        self.upcasters = upcasters
        self.incarnation = state.incarnation
        # Batches found whole, each with an id that is given once: else every member would look for the commit anew.
        self._committed: OrderedDict[str, None] = OrderedDict()

    async def state(self) -> StreamState:
        """The stream's first and last sequence, counts and bytes."""
        return await stream_state(self.nc)

    async def head(self) -> int:
        """The last sequence in the log."""
        return (await self.state()).last_seq

    async def append(
        self, events: Sequence[Event], *, expect: Mapping[str, int] | None = None, tries: int = TRIES
    ) -> int:
        """Append all events or none; return the sequence of the last.

        `expect` maps an aggregate's filter to the last sequence it must still have. The same events may be
        appended again after an unknown outcome: they are found and counted once.

        Raises WrongLastSequence on a conflict, LogUnavailable when the log cannot be reached (the outcome is
        then unknown and the same call may be repeated), ValueError for an event over 64 KiB or over 1000 events.
        """
        if not 0 < len(events) <= MAX_BATCH:
            raise ValueError(f"a batch has 1 to {MAX_BATCH} events, this one has {len(events)}")
        messages = _messages(events, dict(expect or {}))
        for attempt in range(tries):
            try:
                return await self._publish(messages)
            except wire.ApiError as error:
                if error.code not in (*_WRONG_LAST_SEQUENCE, _DUPLICATE_IN_BATCH):
                    raise LogUnavailable(f"the event log refused to store: {error}. See `raro doctor`.") from error
                if (seq := await self._already_there(events, expect or {})) is not None:
                    return seq
                raise WrongLastSequence(events[0].subject) from error
            except LogUnavailable:
                if attempt == tries - 1:
                    raise
                await asyncio.sleep(0.1 * 2**attempt)
        raise AssertionError("unreachable")

    async def read_aggregate(self, client_id: str, aggregate: str, aggregate_id: str, *, after: int = 0) -> History:
        """Every event of one aggregate with a sequence above `after`, in order."""
        stored = await get_many(self.nc, aggregate_filter(client_id, aggregate, aggregate_id), after)
        if not stored:
            return History((), after)
        whole = await self._whole(stored)
        return History(tuple(self._recorded(message) for message in whole), stored[-1].seq)

    async def get(self, seq: int) -> Recorded | None:
        """The event at one sequence, None when there is none."""
        stored = await get_one(self.nc, seq)
        return self._recorded(stored) if stored else None

    async def check(self, cursor: Cursor) -> None:
        """Raise LogDamaged unless the log still holds the cursor's event."""
        await reader.check_cursor(self.nc, cursor)

    async def publish_live(self, subject: str, activity: Mapping[str, Any]) -> None:
        """Say what is happening right now; nobody keeps it."""
        await self.nc.publish(subject, json.dumps(activity, ensure_ascii=False, default=str).encode())

    def live(self, client_id: str) -> AsyncIterator[dict[str, Any]]:
        """Live activity of a client's runs; a slow receiver misses some."""
        return activities(self.nc, client_id)

    def read(self, after: Cursor | None = None, *, batch_max: int = 20_000) -> AsyncGenerator[list[RawMessage]]:
        """Every event behind a cursor in order, for ever; see `raro.events.reader.read`."""
        return reader.read(self.nc, after, batch_max=batch_max, upcasters=self.upcasters)

    async def _publish(self, messages: list[tuple[str, bytes, dict[str, str]]]) -> int:
        if len(messages) > 1:
            batch_id = uuid.uuid4().hex
            for number, (_, _, headers) in enumerate(messages, start=1):
                headers[wire.BATCH_ID] = batch_id
                headers[wire.BATCH_SEQ] = str(number)
            messages[-1][2][wire.BATCH_COMMIT] = "1"
            for subject, body, headers in messages[:-1]:
                await wire.publish(self.nc, subject, body, headers)
        subject, body, headers = messages[-1]
        reply = await wire.request(self.nc, subject, body, headers)
        return int(wire.checked(json.loads(reply.data))["seq"])

    async def _already_there(self, events: Sequence[Event], expect: Mapping[str, int]) -> int | None:
        """Where the last event stands, when an earlier try did store the batch.

        A standalone server checks the expected sequence before the message id, so the retry of an append
        that succeeded is told "wrong last sequence" (FACTS.md): what came after that sequence decides. The batch must
        come first there, or the caller would take a state for whole that lacks what is in between.
        """
        last = events[-1]
        aggregate = aggregate_of(last.subject)
        batch = [event.id for event in events if aggregate_of(event.subject) == aggregate]
        stored = await get_many(self.nc, aggregate, expect.get(aggregate, 0))
        there = [self._recorded(message).event.id for message in stored]
        if aggregate in expect:
            return stored[len(batch) - 1].seq if there[: len(batch)] == batch else None
        return next((message.seq for message, event_id in zip(stored, there, strict=True) if event_id == last.id), None)

    async def _whole(self, stored: Sequence[StoredMessage]) -> list[StoredMessage]:
        """Leave out the members of batches whose commit never reached the disk (FACTS.md, torn batches)."""
        committed = {message.batch_id for message in stored if message.commits}
        return [one for one in stored if one.batch_id in committed or await self.is_committed(one)]

    async def is_committed(self, message: StoredMessage) -> bool:
        """Whether the atomic batch of this message has its commit in the log."""
        if message.batch_id is None or message.batch_id in self._committed:
            return True
        current: StoredMessage | None = message
        while current is not None and current.batch_id == message.batch_id:
            if current.commits:
                self._committed[message.batch_id] = None
                if len(self._committed) > _REMEMBERED:
                    self._committed.popitem(last=False)
                return True
            current = await get_one(self.nc, current.seq + 1)
        return False

    def _recorded(self, stored: StoredMessage) -> Recorded:
        return Recorded(stored.seq, parse_event(self.upcasters.upcast(stored.body)), stored.body)


def _messages(events: Sequence[Event], expect: dict[str, int]) -> list[tuple[str, bytes, dict[str, str]]]:
    """Subject, body and headers per event; each expectation goes on its aggregate's first event."""
    messages = []
    for event in events:
        headers = {wire.MSG_ID: event.id}
        aggregate = aggregate_of(event.subject)
        if aggregate in expect:
            headers[wire.EXPECTED_SEQ] = str(expect.pop(aggregate))
            headers[wire.EXPECTED_SUBJECT] = aggregate
        messages.append((event.subject, event.to_json(), headers))
    if expect:
        raise ValueError(f"an expectation names no event of the batch: {sorted(expect)}")
    return messages


async def open_log(nc: Client, *, replicas: int = 1, upcasters: Upcasters = CURRENT) -> EventLog:
    """Create or check the stream, and stand ready to append and read. Raises StartFailed, LogUnavailable."""
    return EventLog(nc, await ensure_stream(nc, replicas), upcasters)


__all__ = ["MAX_BATCH", "STREAM", "TRIES", "EventLog", "History", "WrongLastSequence", "open_log"]
