"""/runtime approvals: what runs ask a person, and the person's decision on one or on many."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from raro.api.answers import Answer, Done
from raro.api.problems import DOCUMENTED
from raro.api.runs import done
from raro.api.session import CallerIs, ServicesAre
from raro.events.catalogue import ApprovalKind, Decision
from raro.projections import runs as query

router = APIRouter(prefix="/runtime", tags=["approvals"], responses=DOCUMENTED)
Status = Literal["pending", "granted", "denied", "void"]


class DecisionBody(BaseModel):
    """What a person decided, and why."""

    decision: str = Field(description="one of the request's options", examples=["allow"])
    note: str = Field(default="", max_length=2000)


class BatchBody(DecisionBody):
    """One decision for several requests of a run; all or none."""

    approval_ids: list[str] = Field(min_length=1, max_length=200)


class ApprovalRow(Answer):
    """A decision that a run asked for; `void`: the run ended before anybody decided."""

    approval_id: str
    run_id: str
    agent_id: str
    kind: ApprovalKind
    reason: str
    subject: dict[str, Any]
    options: list[Decision]
    batch: str
    turn: int
    call_id: str | None = None
    path: str | None = None
    rule_id: str | None = None
    sha256: str | None = None
    status: Status
    decision: Decision | None = None
    note: str | None = None
    timed_out: bool | None = None
    requested_at: str
    expires_at: str | None = None
    decided_at: str | None = None
    decided_by: str | None = None
    seq: int


class ApprovalListing(Answer):
    """Decisions that were asked for, oldest first."""

    approvals: list[ApprovalRow]
    seq: int


@router.get("/approvals", operation_id="list_approvals", response_model=ApprovalListing)
async def list_approvals(
    caller: CallerIs,
    services: ServicesAre,
    status: Annotated[Status | None, Query(description="only these")] = None,
    run_id: Annotated[str | None, Query(description="of this run only")] = None,
) -> Any:
    """What the caller's runs asked a person, oldest first."""
    seq = services.views.seq
    rows = await services.views.ask(query.approvals, caller.client_id, status=status, run_id=run_id)
    return JSONResponse({"approvals": rows, "seq": seq})


@router.post("/{run_id}/approvals/{approval_id}", operation_id="decide_approval", response_model=Done)
async def decide_approval(
    run_id: str, approval_id: str, body: DecisionBody, caller: CallerIs, services: ServicesAre
) -> Any:
    """Decide one request."""
    decided = await services.runs.decide(caller, run_id, [approval_id], body.decision, body.note)
    return await done(services, decided)


@router.post("/{run_id}/approvals", operation_id="decide_approvals", response_model=Done)
async def decide_approvals(run_id: str, body: BatchBody, caller: CallerIs, services: ServicesAre) -> Any:
    """Decide several requests of a run alike."""
    decided = await services.runs.decide(caller, run_id, body.approval_ids, body.decision, body.note)
    return await done(services, decided)
