"""read_artifact: the full output of an agent this one depends on."""

from __future__ import annotations

from pydantic import BaseModel, Field

from raro.agents.tools.workplace import Workplace
from raro.agents.turn import ToolOutcome

MAX_CHARS = 50_000
DESCRIPTION = "Read the full output of an agent that worked before this one, and the names of the files it made."


class Arguments(BaseModel):
    """Whose output to read."""

    agent_id: str = Field(description="the id of an agent this one depends on")


async def run(workplace: Workplace, arguments: Arguments) -> ToolOutcome:
    """Read it; an agent that is not upstream is an error that names those that are."""
    for upstream in workplace.upstream:
        if upstream.agent_id == arguments.agent_id:
            files = "\n".join(f"- output/{path}" for path in upstream.files) or "- none"
            text = upstream.output
            if len(text) > MAX_CHARS:
                text = f"{text[:MAX_CHARS]}\n\n[cut: the first {MAX_CHARS:,} of {len(text):,} characters]"
            return ToolOutcome(True, f"{text}\n\nFiles it made:\n{files}", reads=(f"agent:{upstream.agent_id}",))
    known = ", ".join(upstream.agent_id for upstream in workplace.upstream) or "none"
    return ToolOutcome(
        False, f"no agent {arguments.agent_id!r} came before this one; those that did: {known}.", "unknown_agent"
    )
