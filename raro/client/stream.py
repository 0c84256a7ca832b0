"""The live stream of views: one connection, resumed exactly where it broke.

Resuming is by cursor: the server sends every patch after it once. What the rows mean is the reader's business.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import httpx

from raro.client.frames import Frame, frames_of
from raro.client.transport import Transport
from raro.errors import BadAnswer, RaroError, ServerUnreachable

# The server beats every 15 s: a connection silent for three beats is dead.
SILENCE_S = 45.0
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 5.0


async def stream(
    transport: Transport, views: Sequence[str], *, after: str | None = None, reconnect: bool = True
) -> AsyncGenerator[Frame]:
    """Frames of the named views, for ever; close the iterator (or cancel) to end it.

    `after` is the `id` of the last frame that was handled; without it the stream begins with snapshots.
    After a break it connects again by itself and goes on behind the last frame it handed out.

    Raises:
        ServerUnreachable: the first connection failed (later ones are tried again), or any one without `reconnect`.
        RaroError: the server refused the stream.
    """
    cursor = after
    backoff_s = FIRST_BACKOFF_S
    connected = False
    while True:
        try:
            async with aclosing(_once(transport, views, cursor)) as frames:
                async for frame in frames:
                    connected = True
                    backoff_s = FIRST_BACKOFF_S
                    if frame.event == "resync":
                        cursor = None
                    elif frame.id:
                        cursor = frame.id
                    yield frame
        except ServerUnreachable:
            if not (connected and reconnect):
                raise
        except RaroError as error:
            # A server that is starting or stopping says 503; anything else will not change.
            if not (connected and reconnect) or error.status != 503:
                raise
        except httpx.TransportError as error:
            if not reconnect:
                raise ServerUnreachable(f"the stream from {transport.base_url} broke off ({error!r}).") from error
        if not reconnect:
            return
        await asyncio.sleep(backoff_s)
        backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)


async def _once(transport: Transport, views: Sequence[str], cursor: str | None) -> AsyncGenerator[Frame]:
    headers = {"Accept": "text/event-stream"}
    if cursor:
        headers["Last-Event-ID"] = cursor
    params = {"views": ",".join(views), "after": cursor}
    async with transport.receive("/runtime/stream", params=params, headers=headers, read_timeout_s=SILENCE_S) as answer:
        try:
            async for frame in frames_of(answer.aiter_lines()):
                yield frame
        except json.JSONDecodeError as error:
            raise BadAnswer(f"{transport.base_url} sent a frame that is not JSON: {error}.") from error
