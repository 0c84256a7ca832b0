"""/audit/events: the log for people and auditors; its pages, its files, and what caused what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import JSONResponse, StreamingResponse

from raro.api import answers
from raro.api.problems import DOCUMENTED
from raro.api.services import Services
from raro.api.session import CallerIs, ServicesAre
from raro.errors import EventNotFound
from raro.events import exports
from raro.projections import audit as query
from raro.projections.causation import causation

router = APIRouter(prefix="/audit", tags=["audit"], responses=DOCUMENTED)
Seq = Annotated[int | None, Query(ge=0, le=2**62)]

MOST_EXPORTED = 100_000
_BATCH = 2_000
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {kind: {} for kind in exports.MEDIA_TYPES.values()}}}


def wanted_events(
    type: Annotated[str | None, Query(description="raro.run.started.v1 or started")] = None,
    run_id: str | None = None,
    agent: str | None = None,
    actor: Annotated[str | None, Query(description="user:ada, agent:writer, system")] = None,
    begin: Annotated[datetime | None, Query(alias="from", description="from this moment or UTC day on")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="until before this moment or UTC day")] = None,
    q: Annotated[str | None, Query(max_length=1000, description="text anywhere in the event, in any case")] = None,
    after: Seq = 0,
    before: Seq = None,
) -> query.EventsWanted:
    """Which events are asked for."""
    return query.EventsWanted(type, run_id, agent, actor, begin, end, q, after or 0, before)


WantedAre = Annotated[query.EventsWanted, Depends(wanted_events)]


@router.get("/events", operation_id="list_events", response_model=answers.EventPage)
async def list_events(
    caller: CallerIs,
    services: ServicesAre,
    wanted: WantedAre,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    order: Annotated[str, Query(pattern="^(asc|desc)$", description="desc: the newest first")] = "asc",
) -> Any:
    """The client's events, in the order of the log."""
    wanted = replace(wanted, limit=limit, newest=order == "desc")
    events, following = await services.views.ask(query.events, caller.client_id, wanted)
    return JSONResponse({"events": events, "next": following})


@router.get("/events/export", operation_id="export_events", response_class=StreamingResponse, responses=_FILES)
async def export_events(
    caller: CallerIs, services: ServicesAre, wanted: WantedAre, format: exports.Format = "jsonl"
) -> StreamingResponse:
    """The client's events as one file, oldest first; `Raro-Truncated` tells that there are more than it may hold."""
    seq = services.views.seq
    # What comes while the file is sent belongs to the next one.
    wanted = replace(wanted, before=min(seq + 1, wanted.before if wanted.before is not None else seq + 1))
    found = await services.views.ask(query.count, caller.client_id, wanted, MOST_EXPORTED + 1)
    headers = {
        "Content-Disposition": f'attachment; filename="events.{exports.ENDINGS[format]}"',
        "Raro-Seq": str(seq),
        "Raro-Truncated": str(found > MOST_EXPORTED).lower(),
    }
    pieces = _pieces(services, caller.client_id, wanted, exports.writer(format), min(found, MOST_EXPORTED))
    return StreamingResponse(pieces, headers=headers, media_type=exports.MEDIA_TYPES[format])


@router.get("/events/{event_id}", operation_id="get_event", response_model=answers.EventCausation)
async def get_event(event_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """One event, by its id or its number, with what led to it and what it led to."""
    found = await services.views.ask(causation, caller.client_id, event_id)
    if found is None:
        raise EventNotFound(
            f"there is no event {event_id!r} of this client. See GET /audit/events for those there are.",
            event_id=event_id,
        )
    return JSONResponse(asdict(found))


async def _pieces(
    services: Services, client_id: str, wanted: query.EventsWanted, writer: exports.Writer, count: int
) -> AsyncIterator[bytes]:
    after: int | None = wanted.after
    while count > 0 and after is not None:
        page = replace(wanted, after=after, limit=min(_BATCH, count))
        events, after = await services.views.ask(query.events, client_id, page)
        count -= len(events)
        yield writer.add(events)
    yield writer.end()
