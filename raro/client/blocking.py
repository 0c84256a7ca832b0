"""The same client for programs without an event loop.

    with Blocking(RaroClient()) as raro:
        files = raro(raro.client.library.list())["files"]
        for patch in raro.iterate(raro.client.watch(["runs"])):
            ...

It runs coroutines instead of repeating every method, so that there is one client to keep right.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, Self, TypeVar

from raro.client.connection import RaroClient

T = TypeVar("T")


class Blocking:
    """Runs a client's coroutines on a loop of its own, one at a time, in the calling thread."""

    def __init__(self, client: RaroClient) -> None:
        self.client = client
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self.client.close())
        self._runner.close()

    def __call__(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for one call's answer."""
        return self._runner.run(coroutine)

    def iterate(self, items: AsyncGenerator[T]) -> Iterator[T]:
        """The items as they come; leaving the loop ends what brings them."""
        try:
            while True:
                try:
                    yield self._runner.run(_next(items))
                except StopAsyncIteration:
                    return
        finally:
            self._runner.run(items.aclose())


async def _next(items: AsyncGenerator[T]) -> T:
    return await anext(items)
