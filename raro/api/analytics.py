"""/analytics: ready reports, and SQL over the client's own rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, field_validator
from starlette.responses import JSONResponse, Response

from raro.analytics import reports
from raro.analytics.desk import Asked
from raro.analytics.process import Format
from raro.analytics.schema import schema
from raro.api import analytics_answers as answers
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.tasks import end

router = APIRouter(prefix="/analytics", tags=["analytics"], responses=DOCUMENTED)

MAX_SQL = 100_000
CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
_MEDIA: dict[Format, str] = {"json": "application/json", "csv": f"{CSV}; charset=utf-8", "parquet": PARQUET}
# What nobody reads; nginx's number for it is known to those who read logs.
_HUNG_UP = 499
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {}, PARQUET: {}}}}


def format_of(
    request: Request,
    format: Annotated[Format | None, Query(description="default: what `Accept` names, else json")] = None,
) -> Format:
    """What form the answer should have: the parameter says it, or the header."""
    if format is not None:
        return format
    accepted = request.headers.get("accept", "")
    return "csv" if CSV in accepted else "parquet" if PARQUET in accepted else "json"


FormatIs = Annotated[Format, Depends(format_of)]


class SqlQuery(BaseModel):
    """One SELECT over the tables of GET /analytics/schema."""

    sql: str = Field(max_length=MAX_SQL, examples=["SELECT status, count(*) AS runs FROM runs GROUP BY status"])
    at_least: int = Field(default=0, ge=0, le=2**62, description="an event that the snapshot must know")

    @field_validator("sql")
    @classmethod
    def _is_text(cls, sql: str) -> str:
        sql.encode()  # a lone surrogate is no character; the error is a ValueError
        return sql


@router.get("", operation_id="list_reports", response_model=answers.ReportListing)
async def list_reports() -> Any:
    """The ready reports."""
    return JSONResponse({"reports": [_row(report) for report in reports.reports().values()]})


@router.get("/schema", operation_id="get_schema", response_model=answers.SchemaAnswer)
async def get_schema(caller: CallerIs, services: ServicesAre) -> Any:
    """The tables that SQL may ask, with a line on each column."""
    services.desk.expect(caller.client_id)
    return JSONResponse({"tables": await services.views.ask(schema)})


@router.post("/sql", operation_id="run_sql", response_model=answers.SqlAnswer, responses=_FILES)
async def run_sql(
    request: Request, body: SqlQuery, caller: CallerIs, services: ServicesAre, format: FormatIs
) -> Response:
    """Run one SELECT over the client's rows and the public library. It sees every command that was answered before.

    Whoever hangs up ends the query.
    """
    await services.level()
    await services.projected(body.at_least)
    query = services.desk.sql(caller.client_id, body.sql, format=format, at_least=body.at_least)
    asked = await _while_connected(request, query)
    if asked is None:
        return Response(status_code=_HUNG_UP)
    if format == "json":
        return Response(_sql_json(asked), media_type=_MEDIA["json"])
    return _file("query", asked.found.body, format, asked.seq, truncated=asked.found.truncated)


@router.get("/{report}", operation_id="get_report", response_model=answers.ReportAnswer, responses=_FILES)
async def get_report(
    report: str,
    caller: CallerIs,
    services: ServicesAre,
    format: FormatIs,
    begin: Annotated[datetime | None, Query(alias="from", description="from this moment or UTC day on")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="until before this moment or UTC day")] = None,
    limit: Annotated[int, Query(ge=1, le=reports.MOST_ROWS)] = reports.USUAL_ROWS,
) -> Response:
    """A ready report over the client's rows."""
    asked, span = reports.report(report), reports.Span(begin, end, limit)
    if format == "parquet":
        written, seq = await services.views.ask(reports.parquet, asked, caller.client_id, span)
        return _file(asked.name, written, format, seq)
    found = await services.views.ask(reports.run, asked, caller.client_id, span)
    if format == "csv":
        return _file(asked.name, reports.csv(found).encode(), format, found.seq)
    more = {"columns": found.columns, "rows": found.rows, "sql": reports.as_sql(asked, span), "seq": found.seq}
    return JSONResponse({"report": asked.name, **_row(asked), **more})


async def _while_connected(request: Request, query: Coroutine[Any, Any, Asked]) -> Asked | None:
    """The answer, or None when nobody waits for it any more: the query is ended then."""
    work = asyncio.create_task(query)
    hung_up = asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait((work, hung_up), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    finally:
        await end(work, hung_up)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _row(report: reports.Report) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": report.title,
        "description": report.description,
        "parameters": report.parameters,
        "chart": asdict(report.chart),
    }


def _sql_json(asked: Asked) -> bytes:
    # The rows are JSON already, and may be many.
    found = asked.found
    head = json.dumps(found.columns).encode()
    tail = json.dumps({"row_count": found.row_count, "seq": asked.seq, "truncated": found.truncated}).encode()
    return b'{"columns":' + head + b',"rows":[' + found.body + b"]," + tail[1:]


def _file(name: str, body: bytes, format: Format, seq: int, *, truncated: bool = False) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{format}"',
        "Raro-Seq": str(seq),
        "Raro-Truncated": str(truncated).lower(),
    }
    return Response(body, headers=headers, media_type=_MEDIA[format])
