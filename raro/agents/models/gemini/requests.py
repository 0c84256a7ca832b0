"""What Gemini is sent, in the API's own JSON. Pure: a function of the briefing, the history and the attachments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from raro.agents.conversation import Briefing, Parent, PastTurn, ToolSpec

Json = dict[str, Any]


def contents_of(briefing: Briefing, history: Sequence[PastTurn], attached: Sequence[Json], provider: str) -> list[Json]:
    """The conversation: attachments, parents' answers, the opening, then every turn with its results and remarks."""
    contents: list[Json] = []
    if attached:
        contents.append({"role": "user", "parts": [*attached]})
    for parent in briefing.parents:
        contents += _parent(parent, provider)
    contents.append(user(briefing.opening or "Begin."))
    for past in history:
        contents += _turn(past)
    return contents


def declarations_of(tools: Sequence[ToolSpec]) -> list[Json]:
    """The tools as function declarations."""
    return [
        {"name": tool.name, "description": tool.description, "parametersJsonSchema": dict(tool.parameters)}
        for tool in tools
    ]


def user(*texts: str) -> Json:
    """Something said to the model."""
    return {"role": "user", "parts": [{"text": text} for text in texts]}


def calls_in(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The function calls of a model's content, in order."""
    for part in content.get("parts") or ():
        if call := part.get("functionCall"):
            yield call


def _parent(parent: Parent, provider: str) -> list[Json]:
    """An earlier agent's last answer, signatures with it, when it is Gemini's."""
    content = _content(parent.content)
    if content is None or not parent.model.startswith(provider) or any(calls_in(content)):
        # An answer with calls would need their results, which are that agent's own affair.
        return []
    return [user(f"The work of agent {parent.agent_id}, which came before you:"), content]


def _turn(past: PastTurn) -> list[Json]:
    content = _content(past.answer.content) if past.answer.content else None
    if content is None:
        content = _made_up(past)
    responses = [
        {"functionResponse": _response(call, recorded.call_id, past)}
        for call, recorded in zip(calls_in(content), past.answer.tool_calls, strict=False)
    ]
    told = [{"text": remark} for remark in past.remarks]
    answered = [{"role": "user", "parts": [*responses, *told]}] if responses or told else []
    return [content, *answered]


def _response(call: Mapping[str, Any], call_id: str, past: PastTurn) -> Json:
    outcome = past.outcomes.get(call_id)
    if outcome is None:
        said: Json = {"error": "this call was not made"}
    elif outcome.ok:
        said = {"output": outcome.text}
    else:
        said = {"error": outcome.text, "code": outcome.code or "failed"}
    own = {"id": call["id"]} if call.get("id") else {}
    return {**own, "name": call["name"], "response": said}


def _made_up(past: PastTurn) -> Json:
    """A turn that another model or a person answered, as Gemini would have said it."""
    parts: list[Json] = [{"text": past.answer.text}] if past.answer.text else []
    parts += [
        {"functionCall": {"id": call.call_id, "name": call.name, "args": call.args}} for call in past.answer.tool_calls
    ]
    return {"role": "model", "parts": parts or [{"text": "(nothing)"}]}


def _content(data: bytes) -> Json | None:
    try:
        content = json.loads(data)
    except ValueError:
        return None
    return content if isinstance(content, dict) and content.get("role") == "model" else None
