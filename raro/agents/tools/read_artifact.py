"""read_artifact: the full output of an agent this one depends on."""

from __future__ import annotations

from pydantic import BaseModel, Field

from raro.agents.conversation import ToolOutcome
from raro.agents.tools.workplace import Workplace

MAX_CHARS = 50_000
DESCRIPTION = (
    "Read the full output of an agent that worked before this one, and the names of the files it made. "
    f"{MAX_CHARS:,} characters at a time; `offset` reads on."
)


class Arguments(BaseModel):
    """Whose output to read."""

    agent_id: str = Field(description="the id of an agent this one depends on")
    offset: int = Field(default=0, ge=0, description="characters to skip")


async def run(workplace: Workplace, arguments: Arguments) -> ToolOutcome:
    """Read it; an agent that is not upstream is an error that names those that are."""
    for upstream in workplace.upstream:
        if upstream.agent_id == arguments.agent_id:
            files = "\n".join(f"- output/{path}" for path in upstream.files) or "- none"
            text = part(upstream.output, arguments.offset, MAX_CHARS)
            return ToolOutcome(True, f"{text}\n\nFiles it made:\n{files}", reads=(f"agent:{upstream.agent_id}",))
    known = ", ".join(upstream.agent_id for upstream in workplace.upstream) or "none"
    return ToolOutcome(
        False, f"no agent {arguments.agent_id!r} came before this one; those that did: {known}.", "unknown_agent"
    )


def part(text: str, offset: int, limit: int) -> str:
    """`limit` characters from `offset`; what is left out is named, with how to read on."""
    shown, end = text[offset : offset + limit], offset + limit
    if offset == 0 and end >= len(text):
        return text
    note = f"characters {offset:,} to {min(end, len(text)):,} of {len(text):,}"
    on = f"; offset={end} reads on" if end < len(text) else ""
    return f"{shown}\n\n[cut: {note}{on}]"
