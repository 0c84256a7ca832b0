"""/audit/events: the log for people and auditors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from raro.api import answers
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.projections import audit as query

router = APIRouter(prefix="/audit", tags=["audit"], responses=DOCUMENTED)
Seq = Annotated[int | None, Query(ge=0, le=2**62)]


@router.get("/events", operation_id="list_events", response_model=answers.EventPage)
async def list_events(
    caller: CallerIs,
    services: ServicesAre,
    type: Annotated[str | None, Query(description="raro.run.started.v1 or started")] = None,
    run_id: str | None = None,
    actor: str | None = None,
    after: Seq = 0,
    before: Seq = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    order: Annotated[str, Query(pattern="^(asc|desc)$", description="desc: the newest first")] = "asc",
) -> Any:
    """The client's events, in the order of the log."""
    wanted = query.EventsWanted(type, run_id, actor, after or 0, before, limit, order == "desc")
    events, following = await services.views.ask(query.events, caller.client_id, wanted)
    return JSONResponse({"events": events, "next": following})
