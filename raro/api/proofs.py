"""Tamper evidence over HTTP: verify the log, prove an event, take a run away as a proof package."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response, StreamingResponse

from raro.api import audit_answers as answers
from raro.api.problems import DOCUMENTED
from raro.api.services import Services
from raro.api.session import CallerIs, ServicesAre
from raro.audit.crate import package as crate
from raro.errors import EventNotFound, RunNotFound
from raro.projections import audit as query

router = APIRouter(tags=["audit"], responses=DOCUMENTED)
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


@router.get("/audit/verify", operation_id="verify_log", response_model=answers.VerifyAnswer)
async def verify_log(services: ServicesAre, caller: CallerIs) -> Any:
    """Reread the whole log and compare it with all that was signed, the stored bytes and the views.

    The answer names events, tables and hashes of the whole machine, and nobody's files.
    """
    return JSONResponse((await services.auditor.verify_once()).to_json())


@router.get("/audit/proof/{event_id}", operation_id="prove_event", response_model=answers.ProofAnswer)
async def prove_event(event_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Proof that an event, by its id or its number, is in the log that was signed."""
    await services.level()
    event = await services.views.ask(query.event, caller.client_id, event_id)
    if event is None:
        raise EventNotFound(
            f"there is no event {event_id!r} of this client. See GET /audit/events for those there are.",
            event_id=event_id,
        )
    proof = await services.prover.prove([event["seq"]])
    return JSONResponse({**crate.proof_json(proof), "event": event})


@router.get("/audit/export", operation_id="export_proof", response_class=StreamingResponse, responses=_ZIP)
async def export_proof(
    caller: CallerIs, services: ServicesAre, run_id: Annotated[str, Query(description="the run to take away")]
) -> Response:
    """A run as a proof package: the same as GET /runtime/artifacts/{run_id}/crate."""
    return await _package(services, caller.client_id, run_id)


@router.get(
    "/runtime/artifacts/{run_id}/crate", operation_id="get_crate", response_class=StreamingResponse, responses=_ZIP
)
async def get_crate(run_id: str, caller: CallerIs, services: ServicesAre) -> Response:
    """A run as an RO-Crate with its files, events, proofs and the key; `raro audit check` checks it offline."""
    return await _package(services, caller.client_id, run_id)


async def _package(services: Services, client_id: str, run_id: str) -> Response:
    await services.level()
    seqs = await services.views.ask(crate.seqs_of_run, client_id, run_id)
    if not seqs:
        raise RunNotFound(f"there is no run {run_id!r} of this client. See GET /runtime/runs.", run_id=run_id)
    pieces = crate.zipped(await crate.package(services.prover, services.blobs, seqs), services.blobs)
    # Asked for here, so that missing bytes are a problem and not a broken answer.
    first = await anext(pieces)
    disposition = f"attachment; filename*=UTF-8''{quote(f'{run_id}.crate.zip', safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return StreamingResponse(_behind(first, pieces), media_type="application/zip", headers=headers)


async def _behind(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece
