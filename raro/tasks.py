"""Tasks that end when they are told to.

`asyncio.wait_for` of Python 3.11 forgets a cancellation that arrives in the same moment as the result
(cpython#86296, mended in 3.12); libraries that use it, nats-py among them, make a task run on for ever.
Our own code uses `asyncio.timeout`, which does not; these two cover what is not ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")

_AGAIN_S = 1.0


async def heed(work: Awaitable[T]) -> T:
    """Await a library's coroutine; a cancellation it forgot is raised once it is over."""
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    result = await work
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
    return result


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until each is over, however it ends; one that forgets is told again."""
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_S)
