"""What rules are asked about, and what they answer. Plain values: judging them does no input or output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from raro.domain.delegation import Delegate

Action = Literal["block", "request_approval", "spawn_agent"]


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A tool call that an agent is about to make. Costs and counts are the run's and the agent's before it."""

    client_id: str
    run_id: str
    agent_id: str
    tool: str
    args: Mapping[str, Any]
    turn: int
    calls_before: int
    tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file that an agent made or changed; `content_type` and `head` are what the bytes themselves say."""

    client_id: str
    run_id: str
    agent_id: str
    path: str
    size_bytes: int
    content_type: str
    head: bytes
    files_before: int
    tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """An agent failed; `attempt` counts its tries."""

    client_id: str
    run_id: str
    agent_id: str
    code: str
    message: str
    attempt: int
    tokens: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule that matched wants: `reason` is for the agent and for people. `spawn` comes with spawn_agent."""

    rule_id: str
    action: Action
    reason: str
    spawn: Delegate | None = None


class Policy(Protocol):
    """Rules that can be asked; all matches, in the rules' order."""

    def judge_call(self, facts: CallFacts) -> tuple[Verdict, ...]:
        """What the rules want of a call that is about to be made."""

    def judge_file(self, facts: FileFacts) -> tuple[Verdict, ...]:
        """What the rules want of a file that was made."""

    def judge_failure(self, facts: FailureFacts) -> tuple[Verdict, ...]:
        """What the rules want of an agent's failure."""


class NoRules:
    """A policy that never minds."""

    def judge_call(self, facts: CallFacts) -> tuple[Verdict, ...]:
        """Nothing."""
        return ()

    def judge_file(self, facts: FileFacts) -> tuple[Verdict, ...]:
        """Nothing."""
        return ()

    def judge_failure(self, facts: FailureFacts) -> tuple[Verdict, ...]:
        """Nothing."""
        return ()
