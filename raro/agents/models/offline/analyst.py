"""The offline analyst: decides each turn from the history alone, and works only through tools.

An analyst looks at its files, then lets the kit profile, draw and report in the sandbox, then says what came of it.
A writer reads what the analysts said and merges it. Every output says that no language model was used.
"""

from __future__ import annotations

import json
from typing import Any

from raro.agents.conversation import Answer, PastTurn, TurnRequest
from raro.agents.models.offline import writer
from raro.agents.models.offline.program import analyse_program, look_program
from raro.events.shapes import ToolCall

NOTE = "*Made by RARO's offline analyst with fixed statistical methods; no language model was used.*"
_DIGEST = "DIGEST "


class OfflineAnalyst:
    """Answers turns; keeps nothing between them."""

    name = "offline-analyst"

    async def answer(self, request: TurnRequest) -> Answer:
        """The next step of the agent's work."""
        agent = request.assignment.agent.id
        if agent.startswith(("writer_", "master_")) and request.assignment.upstream:
            return writer.next_answer(request, NOTE)
        if not request.assignment.inputs:
            return Answer(_nothing_given(request), final=True)
        return _analyse(request)


def _analyse(request: TurnRequest) -> Answer:
    names = [item.name for item in request.assignment.inputs]
    match len(request.history):
        case 0:
            shown = ", ".join(names)
            return Answer(f"I look at {shown} first.", (_python("look", look_program(names)),))
        case 1:
            text = "I know the files' structure. I profile them, draw charts and answer the directive."
            return Answer(text, (_python("analyse", analyse_program(names, request.assignment.directive)),))
        case _:
            return Answer(_report(request.history[1], names), final=True)


def _python(call_id: str, code: str) -> ToolCall:
    return ToolCall(call_id=call_id, name="execute_python", args={"code": code})


def _report(past: PastTurn, names: list[str]) -> str:
    outcome = past.outcomes["analyse"]
    digest = digest_of(outcome.text)
    if digest is None:
        return (
            f"# {', '.join(names)}\n\nThe analysis did not come to its end, so there is no report.\n\n"
            f"What the sandbox said:\n\n```\n{outcome.text[-3000:]}\n```\n\n{NOTE}"
        )
    return "\n\n".join([*digest["reports"], NOTE])


def digest_of(text: str) -> dict[str, Any] | None:
    """What the kit reported of itself, on the line that begins with DIGEST."""
    for line in text.split("\n"):
        if line.startswith(_DIGEST):
            found: dict[str, Any] = json.loads(line.removeprefix(_DIGEST))
            return found
    return None


def _nothing_given(request: TurnRequest) -> str:
    directive = request.assignment.directive.strip()
    asked = f"The directive was: “{directive}”\n\n" if directive else ""
    return (
        f"# Nothing to work on\n\n{asked}No file was given to this agent, and the offline analyst knows nothing but "
        "files. Link or attach tables (CSV, TSV, Parquet, JSON), texts, or source code and run it again; or set a "
        f"key for a language model.\n\n{NOTE}"
    )
