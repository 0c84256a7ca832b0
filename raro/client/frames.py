"""Server-sent events, read from lines: the part of the format that RARO's stream uses.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of the stream (ARCHITECTURE.md section 8).

    `event` is hello, snapshot, patch, activity, beat, resync or problem. `id` is the cursor to resume
    from, None on frames that do not move it.
    """

    event: str
    data: dict[str, Any]
    id: str | None = None


async def frames_of(lines: AsyncIterable[str]) -> AsyncIterator[Frame]:
    """Every complete frame; one without data, or cut off by the end, is dropped as the format says."""
    data: list[str] = []
    event, frame_id = "", None
    async for line in lines:
        if not line:
            if data:
                yield Frame(event or "message", json.loads("\n".join(data)), frame_id)
            event, data, frame_id = "", [], None
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                event = value
            case "data":
                data.append(value)
            case "id":
                frame_id = value
