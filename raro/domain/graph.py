"""The graph of a workflow: is it sound, and who comes before whom."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from raro.errors import BadWorkflow, CyclicWorkflow, UnknownDependency
from raro.events.shapes import AgentSpec, WorkflowConfig


def check_graph(workflow: WorkflowConfig) -> None:
    """Raise BadWorkflow, UnknownDependency or CyclicWorkflow naming the agents at fault."""
    if not workflow.agents:
        raise BadWorkflow("the workflow has no agents; add some, or leave `agents` out to have them planned.")
    ids = [agent.id for agent in workflow.agents]
    if twice := sorted({agent_id for agent_id in ids if ids.count(agent_id) > 1}):
        raise BadWorkflow(f"agent ids must differ; used more than once: {', '.join(twice)}.", agents=twice)
    _check_dependencies(workflow.agents, set(ids))
    try:
        TopologicalSorter({agent.id: agent.depends_on for agent in workflow.agents}).prepare()
    except CycleError as error:
        circle = [str(agent_id) for agent_id in reversed(error.args[1])]
        raise CyclicWorkflow(
            f"the agents wait for each other in a circle: {' → '.join(circle)}. Remove one of these dependencies.",
            circle=circle,
        ) from None


def _check_dependencies(agents: Iterable[AgentSpec], known: set[str]) -> None:
    for agent in agents:
        if unknown := sorted(set(agent.depends_on) - known):
            raise UnknownDependency(
                f"agent {agent.id!r} depends on {', '.join(map(repr, unknown))}, "
                f"which the workflow does not have. Known agents: {', '.join(sorted(known))}.",
                agent=agent.id,
                unknown=unknown,
            )


def ancestors(agents: Iterable[AgentSpec], agent_id: str) -> tuple[str, ...]:
    """Every agent that comes before this one, nearest last, each once."""
    parents = {agent.id: agent.depends_on for agent in agents}
    order = tuple(TopologicalSorter(parents).static_order())
    before: set[str] = set()
    waiting = list(parents[agent_id])
    while waiting:
        current = waiting.pop()
        if current not in before:
            before.add(current)
            waiting += parents[current]
    return tuple(agent for agent in order if agent in before)
