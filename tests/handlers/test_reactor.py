"""The reactor loop: at least once, in spite of failures, dead workers and a deleted consumer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from nats.aio.client import Client

from raro.events.catalogue import EventParked
from raro.events.consumer import DurableConsumer, delete_consumer
from raro.events.envelope import Recorded
from raro.events.log import EventLog
from raro.events.subjects import SYSTEM_CLIENT, SYSTEM_ID, event_filter
from raro.handlers.reactor import Later, Reactor, ReactorLoop
from tests.events.conftest import paused

PAUSED = (event_filter("run", "paused"),)


@asynccontextmanager
async def reacting(
    log: EventLog, handle: Callable[[Recorded], Awaitable[None]], *, ack_wait_s: float = 5, at_once: int = 1
) -> AsyncIterator[ReactorLoop]:
    """A reactor at work on every paused event."""
    loop = ReactorLoop(log, Reactor("tested", PAUSED, handle, at_once), ack_wait_s=ack_wait_s, max_deliveries=2)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(loop.run())
        yield loop
        task.cancel()


async def eventually(found: Callable[[], object], *, within_s: float = 15) -> None:
    """Wait until it is so."""
    give_up = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < give_up, "it never came to pass"
        await asyncio.sleep(0.02)


async def test_every_event_is_handled_in_order(log: EventLog) -> None:
    seen: list[int] = []

    async def handle(recorded: Recorded) -> None:
        seen.append(recorded.seq)

    async with reacting(log, handle):
        await log.append([paused("r", number) for number in range(5)])
        await eventually(lambda: len(seen) == 5)
    assert seen == [1, 2, 3, 4, 5]


async def test_a_failing_event_is_tried_again_and_then_parked(log: EventLog) -> None:
    tries: list[int] = []

    async def handle(recorded: Recorded) -> None:
        tries.append(recorded.seq)
        if recorded.seq == 1:
            raise RuntimeError("the disk is on fire")

    async with reacting(log, handle) as loop:
        await log.append([paused("r", 1), paused("r", 2)])
        await eventually(lambda: tries.count(1) == 2 and 2 in tries)
        await asyncio.sleep(0.5)
        parked = (await log.read_aggregate(SYSTEM_CLIENT, "system", SYSTEM_ID)).events
        assert (await loop.consumer.info())["num_ack_pending"] == 0
    assert tries.count(1) == 2
    data = parked[0].event.data
    assert isinstance(data, EventParked)
    assert (data.reactor, data.seq, data.client_id, data.deliveries) == ("tested", 1, "acme", 2)
    assert "the disk is on fire" in data.error


async def test_an_event_that_is_not_due_comes_again_when_it_is(log: EventLog) -> None:
    seen: list[float] = []

    async def handle(recorded: Recorded) -> None:
        seen.append(time.monotonic())
        if len(seen) == 1:
            raise Later(0.6)

    async with reacting(log, handle):
        await log.append([paused("r", 1)])
        await eventually(lambda: len(seen) == 2)
    assert seen[1] - seen[0] >= 0.55


async def test_long_work_is_not_handed_to_another_worker(log: EventLog) -> None:
    seen: list[int] = []

    async def handle(recorded: Recorded) -> None:
        seen.append(recorded.seq)
        await asyncio.sleep(2.5)

    async with reacting(log, handle, ack_wait_s=1, at_once=2) as loop:
        await log.append([paused("r", 1)])
        await asyncio.sleep(3.5)
        assert (await loop.consumer.info())["num_ack_pending"] == 0
    assert seen == [1]


async def test_the_work_of_a_dead_worker_is_taken_over(log: EventLog) -> None:
    seen: list[str] = []

    async def hang(recorded: Recorded) -> None:
        seen.append("dead")
        await asyncio.sleep(60)

    async def handle(recorded: Recorded) -> None:
        seen.append("alive")

    async with reacting(log, hang, ack_wait_s=1):
        await log.append([paused("r", 1)])
        await eventually(lambda: seen == ["dead"])
    async with reacting(log, handle, ack_wait_s=1):
        await eventually(lambda: seen == ["dead", "alive"])


async def test_a_deleted_consumer_is_made_again(log: EventLog, nc: Client) -> None:
    seen: set[int] = set()

    async def handle(recorded: Recorded) -> None:
        seen.add(recorded.seq)

    async with reacting(log, handle):
        await log.append([paused("r", 1)])
        await eventually(lambda: 1 in seen)
        await delete_consumer(nc, "tested")
        await log.append([paused("r", 2)])
        await eventually(lambda: 2 in seen, within_s=30)


async def test_new_settings_reach_an_existing_consumer(log: EventLog, nc: Client) -> None:
    await DurableConsumer(nc, "tested", PAUSED, ack_wait_s=30, max_ack_pending=10).ensure()
    changed = DurableConsumer(nc, "tested", (*PAUSED, event_filter("run", "resumed")), ack_wait_s=5, max_ack_pending=20)
    await changed.ensure()
    config = (await changed.info())["config"]
    assert (config["ack_wait"], config["max_ack_pending"]) == (5_000_000_000, 20)
    assert len(config["filter_subjects"]) == 2
