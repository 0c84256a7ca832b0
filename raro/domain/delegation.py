"""Changes an agent may make to the graph it works in: add agents, take out pending ones, make pending ones wait.

`decide_change` grants a wish or refuses it with a reason the agent can act on. Only agents that nobody has scheduled
yet can be changed; `master_` agents are a person's to start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from raro.domain.run import Run
from raro.errors import GraphRefused
from raro.events.catalogue import AgentDelegated, AgentEvent, AgentPruned, DependencyGrafted
from raro.events.shapes import AGENT_ID, AgentSpec

MAX_AGENTS = 50
MAX_DEPTH = 3
MAX_CHILDREN = 8
MAX_PROMPT_CHARS = 20_000
_MASTER = "master_"


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
    """Take a pending agent out; what waited for it waits for what it waited for."""

    agent_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Graft:
    """Make a pending agent wait for more agents."""

    agent_id: str
    depends_on: tuple[str, ...]


GraphChange = Delegate | Prune | Graft


def decide_change(
    run: Run, by: str, change: GraphChange, *, tools: Iterable[str], rule_id: str | None = None
) -> AgentEvent:
    """The event that makes the change, asked for by agent `by`; `tools` are those that exist.

    Raises GraphRefused, with a code and a reason for the agent.
    """
    match change:
        case Delegate():
            return _delegate(run, by, change, frozenset(tools), rule_id)
        case Prune():
            return _prune(run, by, change)
        case Graft():
            return _graft(run, by, change)


def _refused(code: str, message: str) -> GraphRefused:
    return GraphRefused(message, reason=code)


def _delegate(run: Run, by: str, wish: Delegate, tools: frozenset[str], rule_id: str | None) -> AgentDelegated:
    _check_identity(wish, tools)
    _check_limits(run, by)
    _check_files(run, wish)
    asking = run.agents[by]
    agent_id = _free_id(run, wish.agent_id)
    own = (by,) if wish.relation == "child" else asking.spec.depends_on
    depends_on = tuple(dict.fromkeys((*own, *wish.depends_on)))
    _check_known(run, wish.depends_on)
    child = AgentSpec(
        id=agent_id,
        model=wish.model,
        tools=wish.tools,
        depends_on=depends_on,
        prompt=wish.prompt,
        accepts_directive=True,
        allow_delegation=wish.allow_delegation,
        attached_files=wish.attached_files,
    )
    feeds = _fed(run, by) if wish.feeds is None else tuple(dict.fromkeys(wish.feeds))
    for fed in feeds:
        _check_pending(run, fed, "wait for the new agent")
    _check_acyclic(_parents(run) | {agent_id: set(depends_on)}, {fed: {agent_id} for fed in feeds})
    return AgentDelegated(
        agent_id=by,
        child=child,
        relation=wish.relation,
        depth=asking.depth + 1,
        feeds=feeds,
        waits={fed: _joined(run.agents[fed].spec.depends_on, (agent_id,)) for fed in feeds},
        rule_id=rule_id,
    )


def _prune(run: Run, by: str, wish: Prune) -> AgentPruned:
    _check_pending(run, wish.agent_id, "be pruned")
    gone = run.agents[wish.agent_id].spec
    waits = {
        spec.id: _joined((name for name in spec.depends_on if name != gone.id), gone.depends_on)
        for spec in run.graph
        if gone.id in spec.depends_on
    }
    return AgentPruned(agent_id=gone.id, by=by, reason=wish.reason[:1000], waits=waits)


def _graft(run: Run, by: str, wish: Graft) -> DependencyGrafted:
    _check_pending(run, wish.agent_id, "wait for more agents")
    _check_known(run, wish.depends_on)
    before = run.agents[wish.agent_id].spec.depends_on
    more = tuple(name for name in dict.fromkeys(wish.depends_on) if name not in before)
    if not more:
        raise _refused("nothing_new", f"agent {wish.agent_id!r} waits for these agents already; nothing to graft.")
    _check_acyclic(_parents(run), {wish.agent_id: set(more)})
    waits = {wish.agent_id: _joined(before, more)}
    return DependencyGrafted(agent_id=wish.agent_id, depends_on=more, by=by, waits=waits)


def _joined(some: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))


def _check_identity(wish: Delegate, tools: frozenset[str]) -> None:
    if not re.fullmatch(AGENT_ID, wish.agent_id):
        raise _refused(
            "bad_agent_id",
            f"{wish.agent_id[:80]!r} is no agent id: use up to 64 letters, digits, _ and -, for example analyze_costs.",
        )
    if wish.agent_id.startswith(_MASTER):
        raise _refused(
            "master_refused", "a master_ agent cannot be spawned; use research_, analyze_, coder_ or writer_."
        )
    if not wish.prompt.strip() or len(wish.prompt) > MAX_PROMPT_CHARS:
        raise _refused("bad_prompt", f"a prompt of 1 to {MAX_PROMPT_CHARS:,} characters is needed.")
    if unknown := sorted(set(wish.tools) - tools):
        known = ", ".join(sorted(tools))
        raise _refused("unknown_tool", f"there is no tool {', '.join(map(repr, unknown))}; there are: {known}.")


def _check_limits(run: Run, by: str) -> None:
    asking = run.agents[by]
    if asking.depth >= MAX_DEPTH:
        raise _refused("too_deep", f"delegation goes {MAX_DEPTH} levels deep at most; do this work yourself.")
    if len(run.agents) >= MAX_AGENTS:
        raise _refused("too_many_agents", f"the run has {len(run.agents)} agents; {MAX_AGENTS} is the limit.")
    children = sum(agent.delegated_by == by for agent in run.agents.values())
    if children >= MAX_CHILDREN:
        raise _refused("too_many_children", f"{by} has delegated {children} times; {MAX_CHILDREN} is the limit.")


def _check_files(run: Run, wish: Delegate) -> None:
    given = {item.name for item in run.begun.inputs}
    if unknown := sorted(set(wish.attached_files or ()) - given):
        known = ", ".join(sorted(given)) or "none"
        raise _refused(
            "unknown_file", f"the run was not given {', '.join(map(repr, unknown))}; its inputs are: {known}."
        )


def _check_known(run: Run, names: Iterable[str]) -> None:
    alive = {spec.id for spec in run.graph}
    if unknown := sorted(set(names) - alive):
        raise _refused(
            "unknown_agent",
            f"there is no agent {', '.join(map(repr, unknown))}; there are: {', '.join(sorted(alive))}.",
        )


def _check_pending(run: Run, agent_id: str, what: str) -> None:
    _check_known(run, (agent_id,))
    status = run.agents[agent_id].status
    if status != "idle":
        raise _refused(
            "not_pending",
            f"agent {agent_id!r} is {status} and can no longer {what}; only agents that have not begun can.",
        )


def _fed(run: Run, by: str) -> tuple[str, ...]:
    return tuple(
        agent.spec.id for agent in run.agents.values() if agent.status == "idle" and by in agent.spec.depends_on
    )


def _parents(run: Run) -> dict[str, set[str]]:
    return {spec.id: set(spec.depends_on) for spec in run.graph}


def _check_acyclic(parents: Mapping[str, set[str]], more: Mapping[str, set[str]]) -> None:
    joined = {name: before | more.get(name, set()) for name, before in parents.items()}
    try:
        TopologicalSorter(joined).prepare()
    except CycleError as error:
        circle = " → ".join(str(name) for name in reversed(error.args[1]))
        raise _refused("cyclic", f"the agents would wait for each other in a circle: {circle}.") from None


def _free_id(run: Run, wanted: str) -> str:
    """The id itself, or with a number behind it when it is taken."""
    if wanted not in run.agents:
        return wanted
    number = next(count for count in range(2, MAX_AGENTS + 3) if f"{wanted[:60]}_{count}" not in run.agents)
    return f"{wanted[:60]}_{number}"
