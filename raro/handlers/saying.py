"""What a model says while it says it, told live in pieces that are neither too many nor too late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

_EVERY_S = 0.1
_MOST_CHARS = 8000


class Saying:
    """Collects text and tells it at most ten times a second. Nobody keeps it: the recorded turn has the whole."""

    def __init__(self, tell: Callable[..., Awaitable[Any]]) -> None:
        self._tell = tell
        self._text = ""
        self._turn = 0
        self._telling: asyncio.Task[None] | None = None

    def add(self, turn: int, text: str) -> None:
        """More of the answer of this turn."""
        if turn != self._turn:
            self._turn, self._text = turn, ""
        self._text += text
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._later())

    async def flush(self) -> None:
        """Tell what is left."""
        text, self._text = self._text, ""
        for start in range(0, len(text), _MOST_CHARS):
            await self._tell(turn=self._turn, status="saying", text=text[start : start + _MOST_CHARS])

    async def _later(self) -> None:
        await asyncio.sleep(_EVERY_S)
        await self.flush()
