"""Reading on from a cursor: in order, whole batches, through crashes, never past damage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from raro.embedded.servers import Servers, embedded
from raro.errors import LogDamaged
from raro.events.catalogue import CATALOGUE, Unknown
from raro.events.connection import connect
from raro.events.cursor import Cursor
from raro.events.direct import get_one
from raro.events.envelope import body_hash, parse_event
from raro.events.log import EventLog, open_log
from raro.events.reader import Arrived, RawMessage, split_whole
from raro.events.upcasters import Upcast, Upcasters
from tests.events.conftest import kill_nats, paused, read_until


async def test_every_event_arrives_once_and_in_order(log: EventLog) -> None:
    for start in range(0, 3000, 1000):
        await log.append([paused("r", start + number) for number in range(1000)])
    assert [message.seq for message in await read_until(log, 3000)] == list(range(1, 3001))


async def test_reading_resumes_behind_the_cursor(log: EventLog) -> None:
    await log.append([paused("r", number) for number in range(10)])
    first = await read_until(log, 10)
    cursor = Cursor(log.incarnation, 4, body_hash(first[3].body))
    assert [message.seq for message in await read_until(log, 10, cursor)] == [5, 6, 7, 8, 9, 10]


async def test_a_slow_reader_loses_nothing(log: EventLog) -> None:
    seen: list[int] = []

    async def consume() -> None:
        async for group in log.read(batch_max=700):
            seen.extend(message.seq for message in group)
            await asyncio.sleep(0.02)
            if seen[-1] >= 8000:
                return

    reading = asyncio.create_task(consume())
    for start in range(0, 8000, 1000):
        await log.append([paused("r", start + number) for number in range(1000)])
    await asyncio.wait_for(reading, 30)
    assert seen == list(range(1, 8001))


async def test_a_reader_goes_on_after_its_server_was_killed(log: EventLog, servers: Servers) -> None:
    seen: list[int] = []

    async def consume() -> None:
        async for group in log.read():
            seen.extend(message.seq for message in group)
            if seen[-1] >= 20:
                return

    reading = asyncio.create_task(consume())
    for number in range(20):
        await log.append([paused("r", number)])
        if number == 9:
            kill_nats(servers)
    await asyncio.wait_for(reading, 30)
    assert seen == list(range(1, 21))


async def test_a_log_that_was_replaced_is_not_read_on(log: EventLog) -> None:
    await log.append([paused("r", 1)])
    with pytest.raises(LogDamaged, match="belongs to log"):
        await read_until(log, 1, Cursor("20200101", 1, "0" * 64))


async def test_a_lost_tail_is_noticed(log: EventLog) -> None:
    await log.append([paused("r", 1)])
    with pytest.raises(LogDamaged, match="events are lost"):
        await read_until(log, 1, Cursor(log.incarnation, 7, "0" * 64))


@asynccontextmanager
async def _log_of(storage: Path) -> AsyncIterator[EventLog]:
    async with embedded(storage, redis_url="redis://127.0.0.1:1") as servers:
        credentials = servers.nats_credentials
        assert credentials is not None
        nc = await connect(servers.nats_url, user=credentials.user, password=credentials.password)
        try:
            yield await open_log(nc)
        finally:
            await nc.close()


async def test_a_flipped_bit_in_the_log_is_noticed(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    async with _log_of(storage) as log:
        for number in range(50):
            await log.append([paused("r", number)])
        last = await log.get(50)
        assert last is not None
        cursor = Cursor(log.incarnation, 50, last.hash)
    block = next((storage / "nats").rglob("*.blk"))
    data = bytearray(block.read_bytes())
    data[len(data) // 2] ^= 1
    block.write_bytes(bytes(data))
    for index in (storage / "nats").rglob("index.db"):
        index.unlink()
    async with _log_of(storage) as log:
        with pytest.raises(LogDamaged):
            await log.check(cursor)


async def test_a_torn_batch_is_no_event_but_keeps_its_numbers(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    async with _log_of(storage) as log:
        await log.append([paused("r", 0)])
        before = next((storage / "nats").rglob("*.blk")).stat().st_size
        await log.append([paused("r", number) for number in range(1, 6)])
    block = next((storage / "nats").rglob("*.blk"))
    record = (block.stat().st_size - before) // 5
    with block.open("r+b") as file:
        file.truncate(before + record * 3 + record // 2)
    for index in (storage / "nats").rglob("index.db"):
        index.unlink()
    async with _log_of(storage) as log:
        left = await log.head()
        assert 1 < left < 6
        assert len((await log.read_aggregate("acme", "run", "r")).events) == 1
        torn = await get_one(log.nc, left)
        assert torn
        assert not await log.is_committed(torn)
        await log.append([paused("r", 9)])
        assert not await log.is_committed(torn)
        messages = await read_until(log, left + 1)
    assert [message.torn for message in messages] == [False, *[True] * (left - 1), False]


def _arrived(seq: int, batch: str | None, *, commits: bool = False) -> Arrived:
    return RawMessage(seq, "s", b"{}"), batch, commits


@given(st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.booleans()), max_size=12), st.data())
def test_how_messages_are_grouped_changes_nothing(shapes: list[tuple[int | None, bool]], data: st.DataObject) -> None:
    arrived: list[Arrived] = []
    for number, (size, commits) in enumerate(shapes):
        for member in range(size or 1):
            last = size is not None and commits and member == size - 1
            arrived.append(_arrived(len(arrived) + 1, f"b{number}" if size else None, commits=last))
    once, rest = split_whole(arrived)
    cut = data.draw(st.integers(0, len(arrived)))
    first, held = split_whole(arrived[:cut])
    second, held = split_whole([*held, *arrived[cut:]])
    assert (first + second, held) == (once, rest)
    assert [message.seq for message in once] + [raw.seq for raw, _, _ in rest] == list(range(1, len(arrived) + 1))


RENAMED = Upcasters(
    {
        "raro.run.halted.v1": Upcast("raro.run.paused.v1", lambda data: {"reason": data["why"]}),
        "raro.run.halt.v1": Upcast("raro.run.halted.v1", lambda data: {"why": data["message"].strip()}),
    }
)


async def test_an_old_event_is_read_in_its_current_form_everywhere(nc: Client) -> None:
    log = await open_log(nc, upcasters=RENAMED)
    old = json.loads(paused("r", 1).to_json())
    old["type"], old["data"] = "raro.run.halt.v1", {"message": " lunch "}
    await nc.jetstream().publish(old["subject"], json.dumps(old).encode())
    raw = (await read_until(log, 1))[0]
    recorded = (await log.read_aggregate("acme", "run", "r")).events[0]
    assert parse_event(raw.body) == recorded.event
    assert recorded.event.type == "raro.run.paused.v1"
    assert recorded.event.data.model_dump() == {"reason": "lunch"}
    await log.check(Cursor(log.incarnation, 1, recorded.hash))


def test_a_current_event_is_not_touched() -> None:
    body = paused("r", 1).to_json()
    assert RENAMED.upcast(body) is body


def test_upcasters_that_lead_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        Upcasters({"a": Upcast("b", dict), "b": Upcast("a", dict)})


def test_an_unknown_type_is_kept_as_it_came() -> None:
    raw = json.loads(paused("r", 1).to_json())
    raw["type"], raw["data"] = "raro.run.danced.v7", {"steps": 3}
    event = parse_event(json.dumps(raw).encode())
    assert isinstance(event.data, Unknown)
    assert event.data.model_dump() == {"steps": 3}


CONTRACT = """
library: file_uploaded file_linked file_unlinked file_deleted file_restored
run: started session_prepared paused resumed approval_requested approval_granted approval_denied completed failed
run: stopped session_expired agent_scheduled agent_started agent_turn_completed tool_called tool_returned
run: agent_delegated agent_finished agent_failed file_generated artifact_promoted artifact_saved_to_library
run: artifact_pinned artifact_unpinned artifact_deleted artifact_restored artifact_expired policy_matched access_denied
system: checkpoint_sealed event_parked event_unparked key_created key_revoked
"""
# Beside the contract's: docs/decisions/023.
BESIDE = """
run: agent_briefed agent_called_out agent_skipped agent_puppeted agent_pruned dependency_grafted input_uploaded
run: sandbox_opened sandbox_closed
system: rule_proposed rule_rejected rules_changed
"""


def test_the_catalogue_has_every_type_of_the_contract_and_those_beside_it() -> None:
    lines = [line.split(": ") for line in (CONTRACT + BESIDE).strip().splitlines() if line]
    expected = {f"raro.{aggregate}.{event}.v1" for aggregate, events in lines for event in events.split()}
    assert set(CATALOGUE) == expected
