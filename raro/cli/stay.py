"""Staying until told to go: signals and the event loop of `up`, `serve` and `work`."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable

import uvloop

from raro.settings import Settings


def stay(serve: Callable[[asyncio.Event], Awaitable[None]], settings: Settings) -> None:
    """Run `serve` until it ends; SIGTERM or SIGINT sets its event, a second one cancels it.

    A signal during the start is kept: the start is finished and ended at once, so that nothing is left half made.
    """
    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_until_told(serve))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


async def _until_told(serve: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    work = asyncio.ensure_future(serve(stop))

    def told() -> None:
        if stop.is_set():
            work.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    await work
