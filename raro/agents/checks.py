"""Protocol checks: an agent that ends without what it was asked for is told so, once for each check.

A call-out goes back to the model as a remark and is recorded, so that the conversation stays the same after a restart.
An answer that is marked as final is not argued with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from raro.agents.conversation import Assignment, PastTurn
from raro.agents.schemas import schema_refusal

# How an agent says that those before it gave nothing it can work on; a person is asked then.
NO_DATA = "NO DATA FROM UPSTREAM"
# These agents exist to make files (docs/agents.md, grants by prefix).
_MAKERS = ("analyze_", "coder_", "writer_")
_SEARCHERS = ("research_",)
_MAKING_TOOLS = frozenset({"write_file", "execute_python"})

Check = Literal["no_files", "no_search", "output_schema", "empty_answer"]


@dataclass(frozen=True, slots=True)
class Remark:
    """What the model is told, and the check that it did not pass."""

    check: Check
    text: str


def is_maker(assignment: Assignment) -> bool:
    """Whether the agent was to make files."""
    return assignment.agent.id.startswith(_MAKERS)


def next_remark(assignment: Assignment, history: Sequence[PastTurn], files_made: int) -> Remark | None:
    """The first check that the ended agent does not pass and was not told of before."""
    last = history[-1].answer
    if last.final or last.text.lstrip().upper().startswith(NO_DATA):
        return None
    told = {check for past in history for check in past.checks}
    return next(
        (remark for remark in _failing(assignment, history, files_made) if remark.check not in told),
        None,
    )


def _failing(assignment: Assignment, history: Sequence[PastTurn], files_made: int) -> list[Remark]:
    tools = {tool.name for tool in assignment.tools}
    used = {call.name for past in history for call in past.answer.tool_calls}
    last = history[-1].answer
    failing: list[Remark] = []
    if not last.text.strip():
        failing.append(Remark("empty_answer", "Your answer was empty. Say what you found, or what is missing."))
    if assignment.agent.id.startswith(_SEARCHERS) and "web_search" in tools and "web_search" not in used:
        text = "You were asked to search and did not. Call web_search now, or say why no search is needed."
        failing.append(Remark("no_search", text))
    if is_maker(assignment) and tools & _MAKING_TOOLS and not files_made:
        names = " or ".join(sorted(tools & _MAKING_TOOLS))
        text = f"You were asked to make files and made none. Make them with {names}, or say why there are none to make."
        failing.append(Remark("no_files", text))
    if refusal := schema_refusal(assignment.agent.output_schema, last.text):
        text = f"Your answer must be JSON that fits the output schema, and does not: {refusal}. Answer with JSON alone."
        failing.append(Remark("output_schema", text))
    return failing
