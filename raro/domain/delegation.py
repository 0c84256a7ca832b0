"""Changes an agent may make to the graph it works in: add agents, take out pending ones, make pending ones wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Delegate:
    """Add an agent: a child waits for the one that asks, a sibling for what that one waited for.

    Pending agents that wait for the asking one wait for the new one too, unless `feeds` names others.
    """

    agent_id: str
    prompt: str
    relation: Literal["child", "sibling"] = "child"
    model: str = "fast"
    tools: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    feeds: tuple[str, ...] | None = None
    allow_delegation: bool = False
    attached_files: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Prune:
    """Take a pending agent out."""

    agent_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Graft:
    """Make a pending agent wait for more agents."""

    agent_id: str
    depends_on: tuple[str, ...]


GraphChange = Delegate | Prune | Graft
