"""Reading the log in order from a cursor, for ever, with backpressure and without trust.

A push consumer is the fastest way to read (FACTS.md), but loses messages in silence when its receiver is
slow. So flow control is answered only while the buffer has room, every sequence must be the previous one
plus one, and after any gap or silence a new consumer starts behind the last message that was handed out.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg

from raro.errors import LogUnavailable
from raro.events import wire
from raro.events.cursor import Cursor
from raro.events.direct import get_one
from raro.events.envelope import body_hash
from raro.events.stream import STREAM, stream_state
from raro.events.upcasters import CURRENT, Upcasters

logger = logging.getLogger(__name__)

_BUFFER = 60_000
_HEARTBEAT_S = 1.0
_SILENCE_S = 3.5
# With more than this still to come it pays to wait for a full batch: what is made of one costs most for its beginning.
_FAR_BEHIND = 2_000


class RawMessage(NamedTuple):
    """One event's bytes in the current version.

    `stored` are the bytes in the log when an upcaster changed them. `torn` marks a member of a batch whose commit
    was lost in a crash: it counts as a sequence, not as an event.
    """

    seq: int
    subject: str
    body: bytes
    torn: bool = False
    stored: bytes | None = None

    @property
    def hash(self) -> str:
        """The hash of the bytes as stored, for a cursor."""
        return body_hash(self.body if self.stored is None else self.stored)


Arrived = tuple[RawMessage, str | bytes | None, bool]
"""A message with what its headers say of its atomic batch: which it is in, and whether it commits that."""


async def check_cursor(nc: Client, cursor: Cursor) -> None:
    """Raise LogDamaged unless the log still holds the cursor's event."""
    state = await stream_state(nc)
    stored = await get_one(nc, cursor.seq) if cursor.seq else None
    there = body_hash(stored.body) if stored else None
    cursor.check(incarnation=state.incarnation, last_seq=state.last_seq, hash_there=there)


async def read(
    nc: Client, after: Cursor | None = None, *, batch_max: int = 20_000, upcasters: Upcasters = CURRENT
) -> AsyncGenerator[list[RawMessage]]:
    """Yield events after a cursor in order, as many as have arrived, at most `batch_max` at once.

    Never ends; stop it with `aclose()` or by cancelling. Only whole atomic batches are handed out.
    Raises LogDamaged when the log does not hold the cursor's event any more.
    """
    if after is not None:
        await check_cursor(nc, after)
    last = after or Cursor((await stream_state(nc)).incarnation)
    while True:
        try:
            async with _Subscription(nc, last.seq) as arrived:
                pending: list[Arrived] = []
                async for group in arrived.groups(batch_max):
                    whole, pending = split_whole([*pending, *group])
                    if whole:
                        last = Cursor(last.incarnation, whole[-1].seq, whole[-1].hash)
                        yield [_current(upcasters, message) for message in whole]
        except (_Interrupted, LogUnavailable, wire.ApiError) as reason:
            logger.info("reading the log again from %d: %s", last.seq, reason)
        await _check_when_back(nc, last)


async def _check_when_back(nc: Client, last: Cursor) -> None:
    while True:
        try:
            return await check_cursor(nc, last)
        except (LogUnavailable, wire.ApiError):
            await asyncio.sleep(0.2)


def split_whole(arrived: Iterable[Arrived]) -> tuple[list[RawMessage], list[Arrived]]:
    """Part what can be handed out from a batch at the end that still lacks its commit.

    A batch followed by anything else without having been committed is torn.
    """
    whole: list[RawMessage] = []
    open_batch: list[Arrived] = []
    open_id: str | bytes | None = None
    for message in arrived:
        raw, batch_id, commits = message
        if open_batch and batch_id != open_id:
            whole += [member._replace(torn=True) for member, _, _ in open_batch]
            open_batch = []
        if batch_id is None:
            whole.append(raw)
            continue
        open_id = batch_id
        open_batch.append(message)
        if commits:
            whole += [member for member, _, _ in open_batch]
            open_batch = []
    return whole, open_batch


def _current(upcasters: Upcasters, message: RawMessage) -> RawMessage:
    body = upcasters.upcast(message.body)
    return message if body is message.body else message._replace(body=body, stored=message.body)


class _Interrupted(Exception):
    """The consumer has to be made anew."""


class _Subscription:
    """An ephemeral push consumer whose flow control waits for the buffer to have room."""

    def __init__(self, nc: Client, after_seq: int) -> None:
        self._nc = nc
        self._seq = after_seq
        self._buffer: list[Arrived] = []
        self._arrived = asyncio.Event()
        self._held_flow_control: list[str] = []
        self._gap: str | None = None
        self._to_come = 0

    async def __aenter__(self) -> _Subscription:
        inbox = self._nc.new_inbox()
        self._subscription = await self._nc.subscribe(
            inbox, cb=self._on_message, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        config = {
            "deliver_subject": inbox,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._seq + 1,
            "ack_policy": "none",
            "max_deliver": 1,
            "flow_control": True,
            "idle_heartbeat": int(_HEARTBEAT_S * 1e9),
            "inactive_threshold": 30_000_000_000,
            "mem_storage": True,
            "num_replicas": 1,
        }
        try:
            answer = await wire.js_request(
                self._nc, f"CONSUMER.CREATE.{STREAM}", {"stream_name": STREAM, "config": config}
            )
        except BaseException:
            await self._subscription.unsubscribe()
            raise
        self._name = answer["name"]
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            await self._subscription.unsubscribe()
            await self._nc.publish(f"$JS.API.CONSUMER.DELETE.{STREAM}.{self._name}", b"")

    async def groups(self, batch_max: int) -> AsyncIterator[list[Arrived]]:
        """What has arrived, again and again, in full batches while far behind.

        Raises _Interrupted on a gap or on silence.
        """
        while True:
            if not self._buffer and self._gap:
                raise _Interrupted(self._gap)
            full = min(batch_max, _BUFFER // 2)
            far_behind = self._to_come > _FAR_BEHIND and len(self._buffer) < full and not self._gap
            if not self._buffer or far_behind:
                self._arrived.clear()
                await self._wait()
                continue
            group, self._buffer = self._buffer[:batch_max], self._buffer[batch_max:]
            await self._answer_flow_control()
            yield group

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_SILENCE_S):
                await self._arrived.wait()
        except TimeoutError:
            raise _Interrupted(f"no heartbeat for {_SILENCE_S} s") from None

    async def _answer_flow_control(self) -> None:
        if len(self._buffer) < _BUFFER:
            held, self._held_flow_control = self._held_flow_control, []
            for subject in held:
                await self._nc.publish(subject, b"")

    async def _on_message(self, message: Msg) -> None:
        headers = message.headers
        if headers and headers.get("Status") == "100":
            await self._on_control(message, headers)
        elif not self._gap:
            self._take(message, headers or {})
        self._arrived.set()

    async def _on_control(self, message: Msg, headers: dict[str, str]) -> None:
        subject = message.reply or headers.get("Nats-Consumer-Stalled")
        if subject:
            self._held_flow_control.append(subject)
            await self._answer_flow_control()
        elif int(headers.get("Nats-Last-Stream", self._seq)) > self._seq:
            self._gap = f"the server is at {headers['Nats-Last-Stream']}, {self._seq} was the last to arrive"

    def _take(self, message: Msg, headers: dict[str, str]) -> None:
        # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
        token = message.reply.split(".")
        seq = int(token[5])
        if seq != self._seq + 1:
            self._gap = f"expected event {self._seq + 1}, got {seq}"
            return
        self._seq, self._to_come = seq, int(token[8])
        raw = RawMessage(seq, message.subject, message.data)
        self._buffer.append((raw, headers.get(wire.BATCH_ID), wire.BATCH_COMMIT in headers))
