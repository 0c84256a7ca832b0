"""/runtime/stream: one stream per page; rows as REST gives them, and a place to resume from after every round.

Frames: `hello`, `snapshot` or `patch` per view, then rounds of `patch`, `activity`, `beat`; `resync` or `problem`
end it. Only the last frame of a round carries an id, so that a client that breaks off in between gets the whole
round again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from sse_starlette.sse import EventSourceResponse

from raro.api.problems import DOCUMENTED
from raro.api.services import Services
from raro.api.session import CallerIs, ServicesAre
from raro.errors import BadRequest, RaroError
from raro.projections.changes import VIEWS, Patch, Round, Subscription
from raro.tasks import end

logger = logging.getLogger(__name__)
router = APIRouter(prefix="/runtime", tags=["stream"], responses=DOCUMENTED)
_SEND_TIMEOUT_S = 10.0
# Beats are frames of ours, with an id; the library's own pings are comments.
_NO_PING_S = 86_400


class ActivityHub:
    """One live subscription per client, shared by all its streams."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._listening: dict[str, tuple[asyncio.Task[None], set[Subscription]]] = {}

    def join(self, subscription: Subscription) -> None:
        """Tell the stream what its client's runs are doing."""
        if subscription.client_id not in self._listening:
            streams: set[Subscription] = set()
            task = asyncio.create_task(self._listen(subscription.client_id, streams))
            self._listening[subscription.client_id] = (task, streams)
        self._listening[subscription.client_id][1].add(subscription)

    async def leave(self, subscription: Subscription) -> None:
        """The stream ended; the client's last one ends the listening."""
        task, streams = self._listening[subscription.client_id]
        streams.discard(subscription)
        if not streams:
            del self._listening[subscription.client_id]
            await end(task)

    async def _listen(self, client_id: str, streams: set[Subscription]) -> None:
        while True:
            try:
                async for activity in self._services.log.live(client_id):
                    for stream in streams:
                        stream.tell(activity)
            except (ValueError, RaroError) as error:
                logger.warning("live activity of %s broke off: %s", client_id, error)
                await asyncio.sleep(1)


@router.get("/stream", operation_id="stream_views", response_class=EventSourceResponse)
async def stream_views(
    request: Request,
    caller: CallerIs,
    services: ServicesAre,
    views: Annotated[str, Query(description=f"comma-separated: {', '.join(VIEWS)}")] = "library,artifacts,runs",
    after: Annotated[str | None, Query(description="the id of the last frame that was handled")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    """Live views as server-sent events."""
    wanted = tuple(dict.fromkeys(part.strip() for part in views.split(",") if part.strip()))
    if not wanted or set(wanted) - set(VIEWS):
        raise BadRequest(f"views={views!r} is unknown; choose among {', '.join(VIEWS)}.")
    hub: ActivityHub = request.app.state.activity
    frames = _frames(services, hub, caller.client_id, wanted, last_event_id or after)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(frames, headers=headers, ping=_NO_PING_S, send_timeout=_SEND_TIMEOUT_S)


async def _frames(
    services: Services, hub: ActivityHub, client_id: str, views: tuple[str, ...], cursor: str | None
) -> AsyncIterator[bytes]:
    subscription = services.views.subscribe(client_id, views, services.settings.sse_queue)
    hub.join(subscription)
    try:
        known = _usable(services, cursor)
        yield frame("hello", {"cursor": _id(services, known) if known else None, "head": services.views.seq})
        seq = services.views.seq
        for view in views:
            upserts, removes, _ = await services.views.changes(client_id, view, known or 0)
            if known is None:
                yield frame("snapshot", {"view": view, "rows": upserts, "head": seq})
            elif upserts or removes:
                yield _patch(Patch(view, upserts, removes), seq)
        yield frame("beat", {"head": seq}, _id(services, seq))
        async for piece in _live(services, subscription, seq):
            yield piece
    except RaroError as error:
        # The answer has begun, so its status can no longer tell: the views may be built anew right now.
        yield frame("problem", {"status": error.status, "code": error.code, "detail": error.message})
    finally:
        services.views.unsubscribe(subscription)
        await hub.leave(subscription)


async def _live(services: Services, subscription: Subscription, seq: int) -> AsyncIterator[bytes]:
    beat_s = services.settings.sse_beat_s
    while True:
        try:
            async with asyncio.timeout(beat_s):
                item = await subscription.next()
        except TimeoutError:
            yield frame("beat", {"head": services.views.seq}, _id(services, seq))
            continue
        if item is None:
            yield frame("resync", {"reason": "this stream fell behind or the views were built anew; connect again"})
            return
        if not isinstance(item, Round):
            yield frame("activity", item)
        elif item.seq > seq:
            seq = item.seq
            yield _round(item, _id(services, seq))


@lru_cache(maxsize=8)
def _round(item: Round, event_id: str) -> bytes:
    """A round as it is sent: made once however many streams share it, and handed to the server in one piece."""
    *first, last = item.patches
    return b"".join([*(_patch(patch, item.seq) for patch in first), _patch(last, item.seq, event_id)])


def _patch(patch: Patch, head: int, event_id: str | None = None) -> bytes:
    body = f'{patch.json[:-1]},"head":{head}}}'
    return _encode("patch", body, event_id)


def frame(event: str, data: Any, event_id: str | None = None) -> bytes:
    """One server-sent event; `data` becomes one line of JSON."""
    return _encode(event, json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str), event_id)


def _encode(event: str, data: str, event_id: str | None) -> bytes:
    head = f"id: {event_id}\r\n" if event_id else ""
    # JSON escapes line ends, but many a client's line reader also ends a line at these three.
    line = data.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
    return f"{head}event: {event}\r\ndata: {line}\r\n\r\n".encode()


def _id(services: Services, seq: int) -> str:
    return f"{services.log.incarnation}:{seq}"


def _usable(services: Services, cursor: str | None) -> int | None:
    """The sequence to resume from; None for no cursor, one of another log, or one from the future."""
    incarnation, _, seq = (cursor or "").partition(":")
    if incarnation != services.log.incarnation or not (seq.isascii() and seq.isdigit()) or len(seq) > 18:
        return None
    return int(seq) if int(seq) <= services.views.seq else None
