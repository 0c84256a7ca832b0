"""The turn loop: ask the model, carry out its tool calls, ask again, until it is done.

The same loop serves every model. What must survive a crash goes through the `Journal` at once; a loop that starts
again reads its history there, asks for no finished turn twice and carries out only calls that have not returned.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from raro.agents.checks import NO_DATA, Remark, is_maker, next_remark
from raro.agents.conversation import (
    Answer,
    Assignment,
    Attachment,
    Briefing,
    Model,
    ModelFailed,
    NoUploads,
    Parent,
    PastTurn,
    ToolOutcome,
    ToolSpec,
    TurnRequest,
    Upload,
    Uploads,
    Upstream,
)
from raro.agents.schemas import schema_refusal
from raro.events.shapes import ToolCall

__all__ = [
    "MAX_TURNS",
    "AgentResult",
    "Answer",
    "Assignment",
    "Attachment",
    "Briefing",
    "Journal",
    "Model",
    "ModelFailed",
    "NoUploads",
    "Parent",
    "PastTurn",
    "Record",
    "ToolOutcome",
    "ToolSpec",
    "Tools",
    "TurnRequest",
    "Upload",
    "Uploads",
    "Upstream",
    "run_turns",
]

MAX_TURNS = 10


@dataclass(frozen=True, slots=True)
class AgentResult:
    """The agent's full output, Markdown, and how many turns it took."""

    output: str
    turns: int


class Tools(Protocol):
    """Carries out calls; a bad or failing call is an outcome, never an exception."""

    async def call(self, call: ToolCall) -> ToolOutcome:
        """Do it."""


@dataclass(frozen=True, slots=True)
class Record:
    """The turns recorded so far; `since` is how many there were when the agent was last scheduled."""

    turns: tuple[PastTurn, ...] = ()
    since: int = 0


class Journal(Protocol):
    """Where turns are recorded. Any method may raise to end the loop: the run ended, another worker took over."""

    async def recorded(self) -> Record:
        """What is recorded so far."""

    async def begin_turn(self, turn: int) -> Answer | None:
        """Wait while the run is paused or a person is to answer; that person's answer, or None: ask the model."""

    async def turn_completed(self, turn: int, answer: Answer, latency_ms: int) -> Answer:
        """Record an answer: from now on it is not asked for again. The answer as it stands on the record."""

    async def refusals(self, turn: int, calls: Sequence[ToolCall]) -> Mapping[str, ToolOutcome]:
        """What the model is told instead of calls that must not be made; waits for a person where rules say so."""

    async def tool_called(self, turn: int, call: ToolCall) -> None:
        """Record that a call is about to take effect."""

    async def tool_returned(self, turn: int, call: ToolCall, outcome: ToolOutcome, latency_ms: int) -> ToolOutcome:
        """Keep the files it made and record what it gave; the outcome as recorded, naming those files."""

    async def called_out(self, turn: int, remark: Remark) -> None:
        """Record what the model is told about how it ended."""

    async def files_made(self) -> int:
        """How many files this agent has made so far."""

    def heard(self, turn: int, text: str) -> None:
        """Told the answer's text as it comes."""


async def run_turns(
    model: Model, assignment: Assignment, tools: Tools, journal: Journal, uploads: Uploads | None = None
) -> AgentResult:
    """Run an agent from where its journal stands to its end. Raises ModelFailed and what the journal raises."""
    loop = _Loop(model, assignment, tools, journal, uploads or NoUploads())
    record = await journal.recorded()
    history = list(record.turns)
    if history:
        history[-1] = await loop.carry_out(len(history), history[-1])
    while not await loop.done(history) and _turns_used(history, record.since) < MAX_TURNS:
        history.append(await loop.turn(tuple(history)))
    output = await loop.output(history)
    if refusal := schema_refusal(assignment.agent.output_schema, history[-1].answer.text):
        raise ModelFailed("output_schema", f"the output does not fit the agent's output_schema: {refusal}")
    return AgentResult(output, len(history))


@dataclass(frozen=True, slots=True)
class _Loop:
    model: Model
    assignment: Assignment
    tools: Tools
    journal: Journal
    uploads: Uploads

    async def turn(self, history: tuple[PastTurn, ...]) -> PastTurn:
        number = len(history) + 1
        answer = await self.journal.begin_turn(number)
        if answer is None:
            started = time.monotonic()
            request = TurnRequest(
                self.assignment, history, on_text=partial(self.journal.heard, number), uploads=self.uploads
            )
            asked = await self.model.answer(request)
            answer = await self.journal.turn_completed(number, asked, _since_ms(started))
        return await self.carry_out(number, PastTurn(answer))

    async def carry_out(self, turn: int, past: PastTurn) -> PastTurn:
        """Make the calls that have not returned, one after another; first ask which of them may be made."""
        waiting = [call for call in past.answer.tool_calls if call.call_id not in past.outcomes]
        if not waiting:
            return past
        refusals = await self.journal.refusals(turn, waiting)
        outcomes = dict(past.outcomes)
        for call in waiting:
            refused = refusals.get(call.call_id)
            started = time.monotonic()
            if refused is None:
                await self.journal.tool_called(turn, call)
            outcome = refused or await self.tools.call(call)
            outcomes[call.call_id] = await self.journal.tool_returned(turn, call, outcome, _since_ms(started))
        return replace(past, outcomes=outcomes)

    async def done(self, history: list[PastTurn]) -> bool:
        """Whether the agent is done; one that ended without what it was asked for is told so, once, and is not."""
        if not (history and history[-1].ends):
            return False
        remark = next_remark(self.assignment, history, await self.journal.files_made())
        if remark is None:
            if history[-1].answer.text.lstrip().upper().startswith(NO_DATA):
                raise ModelFailed("no_upstream", history[-1].answer.text.strip()[:2000])
            return True
        await self.journal.called_out(len(history), remark)
        last = history[-1]
        history[-1] = replace(last, remarks=(*last.remarks, remark.text), checks=(*last.checks, remark.check))
        return False

    async def output(self, history: Sequence[PastTurn]) -> str:
        """The last text that was said, with notes on what is missing."""
        last = history[-1].answer
        parts = [last.text or next((past.answer.text for past in reversed(history) if past.answer.text), "")]
        if not last.ends:
            parts.append(f"> **Note:** the agent was ended after {MAX_TURNS} turns and may not be done.")
        if is_maker(self.assignment) and not await self.journal.files_made():
            parts.append("> **Note:** this agent was to make files and made none.")
        return "\n\n".join(part for part in parts if part)


def _turns_used(history: Sequence[PastTurn], since: int) -> int:
    """Turns since the agent was last scheduled; those that a person answered do not count."""
    return sum(past.answer.answered_by is None for past in history[since:])


def _since_ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
