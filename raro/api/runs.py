"""/runtime: start, plan, list, state, stop, pause, resume; an agent's output and a session's files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, PlainTextResponse, Response

from raro.api import answers
from raro.api.downloads import BlobResponse, blob_response, bytes_headers
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs, ServicesAre
from raro.commands.library import Done
from raro.commands.runs import StartRequest
from raro.errors import AgentNotFound, OutputNotFound, RunNotFound
from raro.events.shapes import AttachedArtifact, WorkflowConfig
from raro.files.names import checked_path
from raro.projections import runs as query

router = APIRouter(prefix="/runtime", tags=["runs"], responses=DOCUMENTED)
Limit = Annotated[int, Query(ge=1, le=1000, description="rows on a page")]


class StartBody(WorkflowConfig):
    """A workflow and what to do with it; without `agents` the planner makes them."""

    directive: str = Field(default="", max_length=20_000, examples=["Compare body mass by species"])
    attached_artifacts: tuple[AttachedArtifact, ...] = ()

    def request(self, linked: list[str]) -> StartRequest:
        """The command; `attached_files` defaults to the linked ones."""
        workflow = WorkflowConfig.model_validate(self.model_dump(include=set(WorkflowConfig.model_fields)))
        files = linked if self.attached_files is None else self.attached_files
        return StartRequest(workflow, self.directive, files, self.attached_artifacts, self.retention_days)


class PlanBody(BaseModel):
    """What a plan is wanted for."""

    directive: str = Field(default="", max_length=20_000, examples=["Compare body mass by species"])
    attached_files: tuple[str, ...] | None = None


class PlanAnswer(WorkflowConfig):
    """The planned workflow, as /runtime/start takes it, and what the planner changed in its model's proposal."""

    notes: tuple[str, ...] = ()


class Reason(BaseModel):
    """Why, for the record."""

    reason: str = Field(default="", max_length=2000)


@router.post("/start", operation_id="start_run", response_model=answers.RunStarted)
async def start_run(body: StartBody, caller: CallerIs, services: ServicesAre) -> Any:
    """Start a run on the linked files, or on those named."""
    linked: list[str] = []
    if body.attached_files is None:
        await services.level()
        linked = await services.views.linked_names(caller.client_id)
    started = await services.runs.start(caller, body.request(linked))
    services.acknowledge(started.seq)
    answer = {"success": True, "run_id": started.run_id, "seq": started.seq}
    return JSONResponse(answer, headers={"Raro-Seq": str(started.seq)})


@router.post("/plan", operation_id="plan_run", response_model=PlanAnswer)
async def plan_run(body: PlanBody, caller: CallerIs, services: ServicesAre) -> Any:
    """The workflow that the planner makes of a directive and files; nothing is started."""
    files = body.attached_files
    if files is None:
        await services.level()
        files = tuple(await services.views.linked_names(caller.client_id))
    planned = await services.runs.plan(caller, body.directive, files)
    return {**planned.workflow.model_dump(), "notes": planned.notes}


@router.get("/runs", operation_id="list_runs", response_model=answers.RunListing)
async def list_runs(
    caller: CallerIs,
    services: ServicesAre,
    status: str | None = None,
    q: str | None = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Any:
    """Runs, newest first."""
    seq = services.views.seq
    runs, following = await services.views.ask(
        query.page, caller.client_id, status=status, q=q, limit=limit, cursor=cursor
    )
    return JSONResponse({"runs": runs, "seq": seq, "next": following})


@router.get("/state", operation_id="get_state", response_model=answers.RunState)
async def get_state(run_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """One run's state with its agents and invocations."""
    return JSONResponse(await state_of(services, caller.client_id, run_id))


@router.post("/{run_id}/stop", operation_id="stop_run", response_model=answers.Done)
async def stop_run(run_id: str, caller: CallerIs, services: ServicesAre, body: Reason | None = None) -> Any:
    """End a run now; files made so far are kept."""
    return await done(services, await services.runs.stop(caller, run_id, body.reason if body else ""))


@router.post("/{run_id}/pause", operation_id="pause_run", response_model=answers.Done)
async def pause_run(run_id: str, caller: CallerIs, services: ServicesAre, body: Reason | None = None) -> Any:
    """Begin no new turn until it is resumed."""
    return await done(services, await services.runs.pause(caller, run_id, body.reason if body else ""))


@router.post("/{run_id}/resume", operation_id="resume_run", response_model=answers.Done)
async def resume_run(run_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """Go on with a paused run."""
    return await done(services, await services.runs.resume(caller, run_id))


@router.get("/{run_id}/artifact/{agent_id}", operation_id="get_agent_output", response_model=answers.AgentOutput)
async def get_agent_output(run_id: str, agent_id: str, caller: CallerIs, services: ServicesAre) -> Any:
    """An agent's full output: from Redis when it is hot, else the durable copy."""
    found = await services.views.ask(query.agent_output, caller.client_id, run_id, agent_id)
    if found is None:
        raise AgentNotFound(f"run {run_id!r} has no agent {agent_id!r}.", run_id=run_id, agent_id=agent_id)
    if found["sha256"] is None:
        raise OutputNotFound(f"agent {agent_id!r} is {found['status']} and has no output yet.", status=found["status"])
    output = await services.outputs.read(run_id, agent_id, found["sha256"])
    body = {
        "run_id": run_id,
        "agent_id": agent_id,
        "output": output.data.decode("utf-8", errors="replace"),
        "content_type": "text/markdown",
        "sha256": found["sha256"],
        "size_bytes": found["size_bytes"],
        "source": output.source,
    }
    return JSONResponse(body)


@router.get("/{run_id}/texts/{sha256}", operation_id="get_run_text", response_class=PlainTextResponse)
async def get_run_text(run_id: str, sha256: str, caller: CallerIs, services: ServicesAre) -> Response:
    """A text too long for an event: an answer, a call's arguments or a result, by the hash the event names."""
    found = await services.views.ask(query.text_of, caller.client_id, run_id, sha256)
    if found is None:
        raise OutputNotFound(f"run {run_id!r} has no text {sha256!r}.", run_id=run_id, sha256=sha256)
    row = {"filename": f"{sha256}.txt", "content_type": "text/plain", "version": 1, **found}
    return BlobResponse(
        services.blobs.path(sha256, verified=True), headers=bytes_headers(row), media_type="text/plain; charset=utf-8"
    )


@router.head("/{run_id}/files/{path:path}", include_in_schema=False)
@router.get("/{run_id}/files/{path:path}", operation_id="get_session_file", response_class=Response)
async def get_session_file(
    request: Request, run_id: str, path: str, caller: CallerIs, services: ServicesAre, download: bool = False
) -> Response:
    """The newest version of a file that the run's agents made."""
    row = await services.views.artifact(caller.client_id, run_id, checked_path(path))
    if row is None or row["gone"]:
        raise OutputNotFound(f"run {run_id!r} has no file {path!r}.", run_id=run_id, path=path)
    return blob_response(request, services.blobs, row, download=download)


async def state_of(services: ServicesAre, client_id: str, run_id: str) -> dict[str, Any]:
    """A run's state. Raises RunNotFound, also for another client's run."""
    state = await services.views.run_state(client_id, run_id)
    if state is None:
        raise RunNotFound(f"there is no run {run_id!r}. See GET /runtime/runs.", run_id=run_id)
    return state


async def done(services: ServicesAre, done: Done) -> Response:
    """The answer to a command, once the views show what it did."""
    services.acknowledge(done.seq)
    return JSONResponse({"success": True, "seq": done.seq}, headers={"Raro-Seq": str(done.seq)})
