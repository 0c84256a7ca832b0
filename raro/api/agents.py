"""/runtime/{run}/agents: answering in a model's place, and looking at the exact prompt of a turn."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from raro.agents.conversation import Answer as ModelAnswer
from raro.api.answers import Answer, Done
from raro.api.problems import DOCUMENTED
from raro.api.runs import done
from raro.api.session import CallerIs, ServicesAre
from raro.errors import OutputNotFound
from raro.events.shapes import ToolCall
from raro.projections import runs as query

router = APIRouter(prefix="/runtime", tags=["agents"], responses=DOCUMENTED)


class PuppetBody(BaseModel):
    """Whether a person answers in the model's place."""

    on: bool = True


class CallBody(BaseModel):
    """A tool call as a model would make it."""

    name: str = Field(min_length=1, max_length=100, examples=["list_files"])
    args: dict[str, Any] = {}


class AnswerBody(BaseModel):
    """What the person says for the model; without calls the agent is done."""

    turn: int = Field(ge=1, description="the agent's next turn")
    text: str = Field(default="", max_length=1_000_000)
    tool_calls: list[CallBody] = Field(default=[], max_length=50)
    final: bool = False


class TurnPrompt(Answer):
    """What the model was told before a turn; null where there was none, as for a person's answer."""

    run_id: str
    agent_id: str
    turn: int
    model: str
    briefing: dict[str, Any] | None = None
    request: Any = None


@router.post("/{run_id}/agents/{agent_id}/puppet", operation_id="puppet_agent", response_model=Done)
async def puppet_agent(
    run_id: str, agent_id: str, caller: CallerIs, services: ServicesAre, body: PuppetBody | None = None
) -> Any:
    """Answer in the place of an agent's model from the next turn on, or let the model go on."""
    on = body.on if body else True
    return await done(services, await services.runs.puppet(caller, run_id, agent_id, on))


@router.post("/{run_id}/agents/{agent_id}/answer", operation_id="answer_for_agent", response_model=Done)
async def answer_for_agent(
    run_id: str, agent_id: str, body: AnswerBody, caller: CallerIs, services: ServicesAre
) -> Any:
    """Answer the agent's next turn; the log says that a person did."""
    calls = tuple(
        ToolCall(call_id=f"call-{body.turn}-{number}", name=call.name, args=call.args)
        for number, call in enumerate(body.tool_calls, start=1)
    )
    answer = ModelAnswer(body.text, calls, final=body.final)
    return await done(services, await services.runs.answer(caller, run_id, agent_id, body.turn, answer))


@router.get(
    "/{run_id}/agents/{agent_id}/turns/{turn}/prompt", operation_id="get_turn_prompt", response_model=TurnPrompt
)
async def get_turn_prompt(run_id: str, agent_id: str, turn: int, caller: CallerIs, services: ServicesAre) -> Any:
    """The exact prompt, context and tool declarations of one turn."""
    found = await services.views.ask(query.prompt, caller.client_id, run_id, agent_id, turn)
    if found is None:
        raise OutputNotFound(
            f"run {run_id!r} has no turn {turn} of an agent {agent_id!r}.", run_id=run_id, agent_id=agent_id, turn=turn
        )
    briefing, request = found["briefing_sha256"], found["request_sha256"]
    body = {
        "run_id": run_id,
        "agent_id": agent_id,
        "turn": turn,
        "model": found["model"],
        "briefing": json.loads(await services.blobs.read(briefing)) if briefing else None,
        "request": json.loads(await services.blobs.read(request)) if request else None,
    }
    return JSONResponse(body)
