"""Plays a script. Which turn is played depends on the history alone, so a worker that takes over plays on where the
other stood.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from raro.agents.conversation import Answer, ModelFailed, TurnRequest
from raro.agents.models.script.file import ScriptFile, ScriptTurn, read_script
from raro.agents.planning import Planned, Planner
from raro.events.shapes import AgentSpec, InputFile, ToolCall, WorkflowConfig

_PIECES = 40


@dataclass(frozen=True)
class Script:
    """A script that was read."""

    file: ScriptFile
    source: str

    @classmethod
    def load(cls, path: Path) -> Script:
        """Raises StartFailed, with the line of what is wrong."""
        return cls(read_script(path), str(path))

    @property
    def name(self) -> str:
        """As which model its turns are recorded."""
        return f"script:{self.file.name}"

    @property
    def planner(self) -> Planner | None:
        """What plans runs, if the script has a workflow."""
        return ScriptPlanner(self.file.workflow) if self.file.workflow is not None else None

    def model_of(self, spec: AgentSpec) -> ScriptModel:
        """What plays an agent's turns."""
        return ScriptModel(self.name, spec.id, self._turns_of(spec.id), self.source)

    def _turns_of(self, agent_id: str) -> tuple[ScriptTurn, ...] | None:
        if agent_id in self.file.agents:
            return self.file.agents[agent_id]
        return next((turns for name, turns in self.file.agents.items() if fnmatchcase(agent_id, name)), None)


@dataclass(frozen=True)
class ScriptPlanner:
    """Plans everything as the workflow that the script has."""

    workflow: WorkflowConfig

    async def plan(self, directive: str, inputs: Sequence[InputFile]) -> Planned:
        """The script's workflow, whatever is asked."""
        return Planned(self.workflow)


@dataclass(frozen=True)
class ScriptModel:
    """Answers one agent's turns from the script."""

    name: str
    agent_id: str
    turns: tuple[ScriptTurn, ...] | None
    source: str

    async def answer(self, request: TurnRequest) -> Answer:
        """The turn whose time has come. Raises ModelFailed when there is none, or when the script says so."""
        number = len(request.history) + 1
        turn = self._turn(number)
        await _say(turn, request)
        if turn.fail is not None:
            raise ModelFailed(turn.fail.code, turn.fail.message)
        calls = tuple(
            ToolCall(call_id=call.id or f"call-{number}-{index}", name=call.name, args=dict(call.args))
            for index, call in enumerate(turn.tool_calls, start=1)
        )
        return Answer(
            turn.text,
            calls,
            turn.final,
            turn.tokens_in,
            turn.tokens_out,
            turn.thought_signature,
            cost_usd=turn.cost_usd,
            finish="SCRIPT",
            request=_request(self, number, request),
        )

    def _turn(self, number: int) -> ScriptTurn:
        if self.turns is None:
            raise ModelFailed("not_in_script", f"{self.source} has no turns for agent {self.agent_id!r}.")
        if number > len(self.turns):
            raise ModelFailed(
                "script_ended",
                f"{self.source} has {len(self.turns)} turns for agent {self.agent_id!r}; turn {number} was asked for.",
            )
        return self.turns[number - 1]


async def _say(turn: ScriptTurn, request: TurnRequest) -> None:
    """The text as a model would stream it: a few words at a time, over the turn's delay."""
    words = re.findall(r"\S+\s*|\s+", turn.text)
    size = -(-len(words) // _PIECES) if turn.delay_s else len(words)
    pieces = ["".join(words[start : start + size]) for start in range(0, len(words), size or 1)]
    for piece in pieces:
        await asyncio.sleep(turn.delay_s / len(pieces))
        request.on_text(piece)
    if not pieces:
        await asyncio.sleep(turn.delay_s)


def _request(model: ScriptModel, number: int, request: TurnRequest) -> bytes:
    """What a language model would have been told, as far as a script has it."""
    briefing = request.assignment.briefing
    told = {"script": model.source, "turn": number, "system": briefing.system, "opening": briefing.opening}
    return json.dumps(told, ensure_ascii=True).encode()
