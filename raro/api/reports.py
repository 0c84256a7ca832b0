"""/runtime/{run_id}/report: one run as one HTML file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.responses import Response

from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.errors import RunNotFound
from raro.files.blobs import BlobStore
from raro.report.material import Facts, facts_of, material_of
from raro.report.page import page_of, policy

router = APIRouter(prefix="/runtime", tags=["runs"], responses=DOCUMENTED)


@router.get("/{run_id}/report", operation_id="get_run_report", response_class=Response)
async def get_run_report(run_id: str, caller: CallerIs, services: ServicesAre) -> Response:
    """One run as one HTML file that needs nothing else: for people without RARO, for printing, for the record."""
    facts = await services.views.ask(facts_of, caller.client_id, run_id)
    if facts is None:
        raise RunNotFound(f"there is no run {run_id!r}. See GET /runtime/runs.", run_id=run_id)
    page = await asyncio.to_thread(_written, facts, services.blobs)
    headers = {
        "Content-Security-Policy": f"sandbox; {policy()}; frame-ancestors 'self'",
        "Cache-Control": "private, no-store",
        "Vary": "X-RARO-CLIENT-ID, Cookie",
        "Raro-Seq": str(facts.seq),
    }
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


def _written(facts: Facts, blobs: BlobStore) -> bytes:
    return page_of(material_of(facts, blobs), datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))
