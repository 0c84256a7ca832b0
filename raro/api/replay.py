"""/audit/replay and /audit/diff: what was at any point of the log, and what is different between points and runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from raro.api import replay_answers as answers
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.errors import BadRequest
from raro.replay.asof import VIEWS, Wanted

router = APIRouter(prefix="/audit", tags=["audit"], responses=DOCUMENTED)

_POINT = "an event's sequence, or an RFC 3339 time"
Limit = Annotated[int, Query(ge=1, le=5000, description="rows of each kind of difference")]


@router.get("/replay", operation_id="replay", response_model=answers.ReplayAnswer)
async def replay(
    caller: CallerIs,
    services: ServicesAre,
    at: Annotated[str, Query(description=_POINT, examples=["120"])],
    views: Annotated[str, Query(description=f"some of {', '.join(VIEWS)}, or none")] = ",".join(VIEWS),
    run_id: Annotated[str | None, Query(description="this run's state as well")] = None,
    limit: Annotated[int, Query(ge=1, le=5000, description="artifact files, and runs, on a page")] = 1000,
    artifacts_cursor: str | None = None,
    runs_cursor: str | None = None,
) -> Any:
    """Library, artifacts and runs as they were at a point of the log; `erased` marks files whose bytes are gone."""
    wanted = Wanted(_views(views), run_id, limit, artifacts_cursor, runs_cursor)
    return JSONResponse(await services.past.at(caller.client_id, at, wanted))


@router.get("/diff", operation_id="diff_points", response_model=answers.PointsDifference)
async def diff_points(
    caller: CallerIs,
    services: ServicesAre,
    first: Annotated[str, Query(alias="from", description=_POINT)],
    second: Annotated[str, Query(alias="to", description=_POINT)],
    limit: Limit = 200,
) -> Any:
    """What came, went and changed between two points of the log; `to` may be the earlier one."""
    return JSONResponse(await services.past.between(caller.client_id, first, second, limit))


@router.get("/diff/runs", operation_id="diff_runs", response_model=answers.RunsDifference)
async def diff_runs(
    caller: CallerIs,
    services: ServicesAre,
    first: Annotated[str, Query(alias="from", description="a run")],
    second: Annotated[str, Query(alias="to", description="the run to compare it with")],
    limit: Limit = 200,
) -> Any:
    """What is different between two runs: parameters, inputs, agents, results, and files with their contents."""
    return JSONResponse(await services.past.between_runs(caller.client_id, first, second, limit))


def _views(text: str) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(part.strip() for part in text.split(","))) if text else ()
    if unknown := [name for name in chosen if name not in VIEWS]:
        raise BadRequest(f"views={text[:100]!r}: there is no view {unknown[0][:50]!r}; choose of {', '.join(VIEWS)}.")
    return chosen
