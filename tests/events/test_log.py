"""Appending: all or nothing, once, and only where nobody was first."""

from __future__ import annotations

import asyncio

import pytest
from nats.aio.client import Client

from raro.embedded.servers import Servers
from raro.errors import LogDamaged, StartFailed
from raro.events import wire
from raro.events.cursor import Cursor
from raro.events.direct import get_one
from raro.events.envelope import MAX_EVENT_BYTES, body_hash
from raro.events.log import EventLog, WrongLastSequence, open_log
from raro.events.stream import STREAM, differences, wanted_config
from raro.events.subjects import aggregate_filter
from tests.events.conftest import kill_nats, paused, read_until

RUN = aggregate_filter("acme", "run", "r")


async def test_a_batch_is_read_back_as_it_was_written(log: EventLog) -> None:
    events = [paused("r", number) for number in range(3)]
    assert await log.append(events, expect={RUN: 0}) == 3
    history = await log.read_aggregate("acme", "run", "r")
    assert [recorded.event for recorded in history.events] == events
    assert history.last_seq == 3


async def test_more_than_a_page_of_events_is_loaded_whole(log: EventLog) -> None:
    for start in range(0, 2500, 500):
        await log.append([paused("r", start + number) for number in range(500)])
    history = await log.read_aggregate("acme", "run", "r", after=10)
    assert [recorded.seq for recorded in history.events] == list(range(11, 2501))


async def test_a_stale_writer_is_refused_and_nothing_is_written(log: EventLog) -> None:
    await log.append([paused("r", 1)], expect={RUN: 0})
    with pytest.raises(WrongLastSequence):
        await log.append([paused("r", 2), paused("r", 3)], expect={RUN: 0})
    assert await log.head() == 1


async def test_one_of_two_competing_writers_wins(log: EventLog) -> None:
    attempts = [log.append([paused("r", number)], expect={RUN: 0}) for number in range(8)]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["WrongLastSequence"] * 7 + ["int"]


@pytest.mark.parametrize("size", [1, 5])
async def test_appending_again_after_an_unknown_outcome_counts_once(log: EventLog, size: int) -> None:
    events = [paused("r", number) for number in range(size)]
    first = await log.append(events, expect={RUN: 0})
    await log.append([paused("r", 99)], expect={RUN: first})
    assert await log.append(events, expect={RUN: 0}) == first
    assert await log.append(events) == first
    assert await log.head() == size + 1


async def test_the_members_of_a_batch_look_for_its_commit_once(log: EventLog, nc: Client) -> None:
    last = await log.append([paused("r", number) for number in range(40)])
    stored = [message for seq in range(1, last + 1) if (message := await get_one(nc, seq))]
    asked = nc.stats["out_msgs"]
    assert [await log.is_committed(message) for message in stored] == [True] * 40
    assert nc.stats["out_msgs"] - asked < 40


async def test_two_aggregates_are_appended_to_in_one_batch(log: EventLog) -> None:
    other = aggregate_filter("acme", "run", "s")
    await log.append([paused("s", 1)])
    with pytest.raises(WrongLastSequence):
        await log.append([paused("r", 1), paused("s", 2)], expect={RUN: 0, other: 0})
    assert await log.append([paused("r", 1), paused("s", 2)], expect={RUN: 0, other: 1}) == 3


async def test_an_event_over_64_kib_is_refused_before_it_is_sent(log: EventLog) -> None:
    event = paused("r", 1)
    large = event.data.model_copy(update={"reason": "x" * MAX_EVENT_BYTES})
    with pytest.raises(ValueError, match="use a blob"):
        await log.append([type(event)(**{**{f: getattr(event, f) for f in event.__slots__}, "data": large})])
    assert await log.head() == 0


async def test_an_append_waits_out_a_killed_server(log: EventLog, servers: Servers) -> None:
    await log.append([paused("r", 1)], expect={RUN: 0})
    kill_nats(servers)
    assert await log.append([paused("r", 2)], expect={RUN: 1}) == 2
    assert len(await read_until(log, 2)) == 2


async def test_the_stream_is_as_asked_and_a_second_start_agrees(log: EventLog, nc: Client) -> None:
    info = await wire.js_request(nc, f"STREAM.INFO.{STREAM}")
    assert differences(wanted_config(1), info["config"]) == []
    assert (await open_log(nc)).incarnation == log.incarnation


async def test_a_stream_that_may_drop_events_is_refused_and_the_setting_named(nc: Client) -> None:
    await wire.js_request(nc, f"STREAM.CREATE.{STREAM}", {**wanted_config(1), "max_msgs": 1000})
    with pytest.raises(StartFailed, match="max_msgs: wanted -1, is 1000"):
        await open_log(nc)


async def test_the_server_refuses_to_delete_or_purge_events(log: EventLog, nc: Client) -> None:
    await log.append([paused("r", 1)])
    for call, body in ((f"STREAM.MSG.DELETE.{STREAM}", {"seq": 1}), (f"STREAM.PURGE.{STREAM}", {})):
        with pytest.raises(wire.ApiError):
            await wire.js_request(nc, call, body)
    assert await log.get(1) is not None


async def test_a_cursor_of_this_log_is_accepted_and_others_are_not(log: EventLog) -> None:
    await log.append([paused("r", 1), paused("r", 2)])
    recorded = await log.get(2)
    assert recorded is not None
    await log.check(Cursor(log.incarnation, 2, body_hash(recorded.body)))
    await log.check(Cursor(log.incarnation))
    for wrong in (
        Cursor("20200101", 2, recorded.hash),
        Cursor(log.incarnation, 3, recorded.hash),
        Cursor(log.incarnation, 1, recorded.hash),
    ):
        with pytest.raises(LogDamaged):
            await log.check(wrong)
