"""Plans with a language model: a directive and files become a workflow that can run, or the reasons why not.

The model only proposes. What it says is repaired where that is mechanical (ids, names of files, dependencies on
itself) and then held to the same rules as any workflow; what cannot be repaired goes back to it once, with the reasons.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from raro.agents.conversation import ModelFailed
from raro.agents.models.asking import Asker
from raro.agents.planner import plan, slug
from raro.agents.tools.grants import BY_PREFIX, KNOWN
from raro.domain.graph import check_graph
from raro.errors import BadWorkflow, ModelUnavailable, PlanRefused
from raro.events.shapes import AgentSpec, InputFile, WorkflowConfig

MAX_PLANNED = 20
_TRIES = 2
_PREFIXES = tuple(prefix for prefix in BY_PREFIX if prefix != "master_")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["name", "agents"],
    "properties": {
        "name": {"type": "string"},
        "agents": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_PLANNED,
            "items": {
                "type": "object",
                "required": ["id", "prompt"],
                "properties": {
                    "id": {"type": "string"},
                    "prompt": {"type": "string"},
                    "model": {"type": "string", "enum": ["fast", "reasoning", "thinking"]},
                    "depends_on": {"type": "array", "items": {"type": "string"}},
                    "attached_files": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
_SYSTEM = f"""You plan the work of a team of agents over a person's files. Answer with JSON alone.
Each agent has an id that begins with what it may do: analyze_ (runs Python, writes files), coder_ (the same, for
code), writer_ (writes files), research_ (searches and reads). At most {MAX_PLANNED} agents; few are better than many.
Agents without dependencies work side by side. An agent sees the output and files of those it depends on, and only the
attached files that it is given. Every prompt says the whole task. End with a writer_ agent that merges the results when
there are several."""


class Planner:
    """Plans with the language model that `asker` gives; without one the offline planner does."""

    def __init__(self, asker: Callable[[], Asker | None]) -> None:
        self._asker = asker

    async def plan(self, directive: str, inputs: Sequence[InputFile]) -> WorkflowConfig:
        """A workflow for the directive over the inputs.

        Raises PlanRefused when the model made none that can run, ModelUnavailable when it gave no answer.
        """
        asker = self._asker()
        if asker is None:
            return plan(directive, inputs)
        question = _question(directive, inputs)
        answer: Any = None
        prompt, refused = question, ""
        for _ in range(_TRIES):
            try:
                answer = await asker.ask(_SYSTEM, prompt, _SCHEMA)
                return workflow_of(answer, [item.name for item in inputs], directive)
            except ModelFailed as failed:
                raise ModelUnavailable(
                    f"the planner's model gave no answer: {failed} Try again, or plan without one: RARO_MODEL=offline.",
                    reason=failed.code,
                ) from failed
            except BadWorkflow as bad:
                refused = bad.message
                prompt = f"{question}\n\nYou answered:\n{_shown(answer)}\n\nThat cannot run: {bad.message}\nCorrect it."
        raise PlanRefused(
            f"the model made no plan that can run: {refused} Say it in other words, or draw the graph yourself.",
            reason=refused,
        )


def workflow_of(answer: Any, files: Sequence[str], directive: str) -> WorkflowConfig:
    """The workflow that a model's answer means, repaired where that is safe. Raises BadWorkflow with the reason."""
    listed = answer.get("agents") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list) or not listed:
        raise BadWorkflow("the answer has no list of agents.")
    if len(listed) > MAX_PLANNED:
        raise BadWorkflow(f"it has {len(listed)} agents; {MAX_PLANNED} is the limit.")
    if not all(isinstance(item, Mapping) for item in listed):
        raise BadWorkflow("every agent must be an object.")
    ids = _ids([str(item.get("id") or "") for item in listed])
    named = {str(item.get("id")): agent_id for item, agent_id in zip(listed, ids, strict=True)}
    agents = tuple(_agent(item, agent_id, named, files) for item, agent_id in zip(listed, ids, strict=True))
    title = " ".join(_text(answer.get("name"), 200).split())[:80] or " ".join(directive.split())[:80] or "Planned work"
    workflow = WorkflowConfig(id=slug(title) or "workflow", name=title, agents=agents)
    check_graph(workflow)
    return workflow


def _agent(item: Mapping[str, Any], agent_id: str, named: Mapping[str, str], files: Sequence[str]) -> AgentSpec:
    prompt = _text(item.get("prompt"), 20_000)
    if not prompt:
        raise BadWorkflow(f"agent {agent_id!r} has no prompt.")
    parents = dict.fromkeys(named.get(name, name) for name in _texts(item.get("depends_on")))
    parents.pop(agent_id, None)
    wanted = item.get("attached_files")
    given = None if wanted is None else tuple(name for name in _texts(wanted) if name in files)
    tools = tuple(name for name in _texts(item.get("tools")) if name in KNOWN)
    model = item.get("model")
    try:
        return AgentSpec(
            id=agent_id,
            model=model if model in ("fast", "reasoning", "thinking") else "fast",
            tools=tools,
            depends_on=tuple(parents),
            prompt=prompt,
            accepts_directive=True,
            attached_files=given,
        )
    except ValidationError as error:
        raise BadWorkflow(f"agent {agent_id!r} cannot be read: {error.errors()[0]['msg']}.") from None


def _ids(wanted: Sequence[str]) -> list[str]:
    """Ids that are allowed and differ: other characters become underscores, a missing prefix is put in front."""
    ids: list[str] = []
    for name in wanted:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:50]
        base = plain if plain.startswith(_PREFIXES) else f"analyze_{plain.removeprefix('master_') or 'part'}"
        free = (base, *(f"{base}_{number}" for number in range(2, MAX_PLANNED + 2)))
        ids.append(next(candidate for candidate in free if candidate not in ids))
    return ids


def _question(directive: str, inputs: Sequence[InputFile]) -> str:
    files = "\n".join(
        f"- {item.name} ({item.size_bytes or 0:,} bytes, {item.content_type or 'unknown'})" for item in inputs
    )
    return f"Directive:\n{directive or '(none: find out what is worth knowing)'}\n\nFiles:\n{files or '(none)'}"


def _shown(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=True, default=str)[:8000]


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _text(value: Any, limit: int) -> str:
    text = value if isinstance(value, str) else ""
    return text.encode("utf-8", errors="replace").decode().strip()[:limit]
