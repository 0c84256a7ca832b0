"""Events as columns: what is read is what the reader gives one by one, wherever the pieces of the protocol end."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.errors import LogDamaged, LogUnavailable
from raro.events.columns import Columns, _Gathering, read_columns
from raro.events.log import EventLog
from raro.events.raw import Endpoint, Reading, endpoint_of
from raro.events.reader import Arrived, RawMessage, split_whole
from raro.events.upcasters import CURRENT, Upcast, Upcasters
from raro.events.wire import BATCH_COMMIT, BATCH_ID
from tests.events.conftest import paused, read_until


async def read_all(endpoint: Endpoint, first: int, last: int, upcasters: Upcasters = CURRENT) -> list[Columns]:
    """What `read_columns` yields, in pieces of some thousand."""
    given = read_columns(endpoint, first, last, most=1_000, most_bytes=1 << 30, upcasters=upcasters)
    return await asyncio.to_thread(list, given)


def joined(pieces: list[Columns]) -> list[RawMessage]:
    """All of them, one by one."""
    return [message for columns in pieces for message in columns.messages()]


class Spoken(Reading):
    """What a server has said already; what is answered goes nowhere."""

    def __init__(self, last: int) -> None:
        self.last, self.done, self.rest = last, False, b""
        self._connection, self._other_end = socket.socketpair()

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._other_end.close()


Member = tuple[str | None, bool, bytes]
"""Of which batch a message is, whether it commits that, and its body."""

MEMBERS = st.lists(
    st.tuples(st.sampled_from([None, "a", "b"]), st.booleans(), st.binary(max_size=12)), min_size=1, max_size=12
)


def said(members: list[Member]) -> bytes:
    """What nats-server sends of them, a heartbeat among it."""
    out = b"PING\r\nHMSG _INBOX.x 2 38 38\r\nNATS/1.0 100 Idle Heartbeat\r\n\r\n01234567\r\n"
    for seq, (batch, commits, body) in enumerate(members, start=1):
        head = b"NATS/1.0\r\nNats-Msg-Id: m\r\n"
        if batch:
            head += f"{BATCH_ID}: {batch}\r\nNats-Batch-Sequence: 1\r\n".encode()
        if batch and commits:
            head += f"{BATCH_COMMIT}: 1\r\n".encode()
        head += b"\r\n"
        reply = f"$JS.ACK.RARO.c.1.{seq}.{seq}.1764400000000000000.{len(members) - seq}"
        if batch is None and commits:
            out += f"MSG raro.x.{seq} 2 {reply} {len(body)}\r\n".encode() + body + b"\r\n"
        else:
            sizes = f"{len(head)} {len(head) + len(body)}"
            out += f"HMSG raro.x.{seq} 2 {reply} {sizes}\r\n".encode() + head + body + b"\r\n"
    return out


@given(MEMBERS, st.data())
def test_torn_and_open_batches_are_told_apart_wherever_the_pieces_end(
    members: list[Member], data: st.DataObject
) -> None:
    spoken, gathering = said(members), _Gathering(1, CURRENT)
    found: list[RawMessage] = []
    cuts = sorted(data.draw(st.sets(st.integers(0, len(spoken)), max_size=6)))
    with Spoken(len(members)) as reading:
        for begin, end in zip([0, *cuts], [*cuts, len(spoken)], strict=True):
            gathering.take(reading, reading.rest + spoken[begin:end])
            if data.draw(st.booleans()) and (columns := gathering.give()):
                found += columns.messages()
    if columns := gathering.give():
        found += columns.messages()
    arrived: list[Arrived] = [
        (RawMessage(seq, f"raro.x.{seq}", body), batch, bool(batch) and commits)
        for seq, (batch, commits, body) in enumerate(members, start=1)
    ]
    whole, _ = split_whole(arrived)
    assert (found, reading.done) == (whole, True)


def test_a_gap_is_damage() -> None:
    frame = said([(None, False, b"{}")] * 3)
    gathering = _Gathering(2, CURRENT)
    with Spoken(3) as reading, pytest.raises(LogDamaged, match="event 2 should follow, 1 came"):
        gathering.take(reading, frame[frame.index(b"HMSG raro") :])


async def test_a_log_in_columns_is_the_log_one_by_one(log: EventLog) -> None:
    for begin in range(0, 3000, 500):
        await log.append([paused(f"run_{begin}", begin + number) for number in range(500)])
        await log.append([paused("run_single", begin)])
    head = await log.head()
    endpoint = endpoint_of(log.nc)
    pieces = await read_all(endpoint, 1, head)
    assert joined(pieces) == await read_until(log, head)
    assert len(pieces) > 1
    assert pieces[-1].last_hash == joined(pieces)[-1].hash
    part = await read_all(endpoint, 502, 1002)
    assert [message.seq for message in joined(part)] == list(range(502, 1003))
    assert await read_all(endpoint, head, head - 1) == []


async def test_older_versions_are_upcast_and_their_stored_bytes_stay_known(log: EventLog) -> None:
    await log.append([paused("run_1", number) for number in range(3)])
    stored = await read_until(log, 3)
    steps = Upcasters({"raro.run.paused.v1": Upcast("raro.run.paused.v2", lambda data: {**data, "by": "nobody"})})
    endpoint = endpoint_of(log.nc)
    pieces = await read_all(endpoint, 1, 3, steps)
    found = joined(pieces)
    assert [json.loads(message.body)["type"] for message in found] == ["raro.run.paused.v2"] * 3
    assert [message.stored for message in found] == [message.body for message in stored]
    assert pieces[-1].last_hash == stored[-1].hash


async def test_nobody_there_is_said() -> None:
    with pytest.raises(LogUnavailable, match="reading the event log broke off"):
        await read_all(Endpoint("127.0.0.1", 9), 1, 5)
