"""delegate_agent, prune_agent, graft_dependency: wishes for another graph.

Whether a wish is granted is decided against the run as it is when the outcome is recorded (`raro.domain.delegation`);
here it is only read and passed on.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from raro.agents.conversation import ToolOutcome
from raro.agents.tools.workplace import Workplace
from raro.domain.delegation import Delegate, Graft, Prune

DELEGATE = (
    "Add an agent to the run. A child begins when you are done and gets your output; a sibling begins when you could. "
    "Agents that wait for you and have not begun wait for the new one too, unless `feeds` names others. "
    "The id's prefix grants its tools: analyze_ and coder_ run Python, writer_ writes files, research_ searches."
)
PRUNE = "Take an agent that has not begun out of the run. What waited for it waits for what it waited for."
GRAFT = "Make an agent that has not begun wait for more agents, so that it gets their output."


class DelegateArguments(BaseModel):
    """The agent that is wanted."""

    agent_id: str = Field(description="its id, with a prefix, for example analyze_costs", max_length=200)
    prompt: str = Field(description="what it is to do, complete: it sees nothing of your conversation")
    relation: Literal["child", "sibling"] = "child"
    model: Literal["fast", "reasoning", "thinking"] = "fast"
    tools: tuple[str, ...] = Field(default=(), description="tools beside those of its prefix")
    depends_on: tuple[str, ...] = Field(default=(), description="more agents it must wait for")
    feeds: tuple[str, ...] | None = Field(default=None, description="pending agents that must wait for it")
    attached_files: tuple[str, ...] | None = Field(
        default=None, description="names of the run's inputs it should look at; all when absent"
    )
    allow_delegation: bool = False


class PruneArguments(BaseModel):
    """The agent that is not wanted any more."""

    agent_id: str
    reason: str = ""


class GraftArguments(BaseModel):
    """The agent that is to wait, and for whom."""

    agent_id: str
    depends_on: tuple[str, ...] = Field(min_length=1)


async def delegate(workplace: Workplace, arguments: DelegateArguments) -> ToolOutcome:
    """Wish for an agent."""
    wish = arguments.model_dump()
    return ToolOutcome(True, "", graph=Delegate(**wish))


async def prune(workplace: Workplace, arguments: PruneArguments) -> ToolOutcome:
    """Wish an agent away."""
    return ToolOutcome(True, "", graph=Prune(arguments.agent_id, arguments.reason))


async def graft(workplace: Workplace, arguments: GraftArguments) -> ToolOutcome:
    """Wish that an agent waits."""
    return ToolOutcome(True, "", graph=Graft(arguments.agent_id, arguments.depends_on))
