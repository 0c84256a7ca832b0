"""A cancelled task ends, even where a library forgot that it was cancelled."""

from __future__ import annotations

import asyncio

import pytest
from nats.aio.client import Client

from raro.events import wire
from raro.tasks import end, heed


async def test_a_cancellation_that_arrives_with_the_answer_is_not_forgotten(nc: Client) -> None:
    async def answer(message: object) -> None:
        # In one step of the loop: the answer is there, and the asker is told to end.
        task.cancel()
        next(iter(nc._resp_map.values())).set_result(message)

    await nc.subscribe("asked", cb=answer)
    task = asyncio.create_task(wire.request(nc, "asked", b""))
    await asyncio.wait({task})
    assert task.cancelled()


async def test_a_cancellation_before_the_work_does_not_spoil_it() -> None:
    async def clean_up() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return await heed(asyncio.sleep(0.01, "cleaned up"))
        return "not cancelled"

    task = asyncio.create_task(clean_up())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "cleaned up"


async def test_a_task_that_forgets_is_told_again() -> None:
    told = 0

    async def forgetful() -> None:
        nonlocal told
        while told < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told += 1

    async def failing() -> None:
        raise RuntimeError("its own affair")

    tasks = [asyncio.create_task(forgetful()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    await end(*tasks)
    assert told == 2
    with pytest.raises(RuntimeError):
        await tasks[1]


async def test_one_who_waits_for_the_end_can_be_cancelled_too() -> None:
    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    free = asyncio.Event()
    task = asyncio.create_task(stubborn())
    waiting = asyncio.create_task(end(task))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    free.set()
    await task
