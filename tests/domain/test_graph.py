"""Workflows that cannot run are refused before anything starts, naming the agents at fault."""

from __future__ import annotations

import pytest

from raro.domain.graph import ancestors, check_graph
from raro.errors import BadWorkflow, CyclicWorkflow, UnknownDependency
from raro.events.shapes import AgentSpec, WorkflowConfig


def workflow(**graph: tuple[str, ...]) -> WorkflowConfig:
    return WorkflowConfig(agents=tuple(AgentSpec(id=name, depends_on=parents) for name, parents in graph.items()))


def test_a_circle_is_refused_and_spelled_out() -> None:
    with pytest.raises(CyclicWorkflow, match=r"a → b → c → a|b → c → a → b|c → a → b → c|a → c → b → a") as caught:
        check_graph(workflow(a=("c",), b=("a",), c=("b",), d=()))
    assert set(caught.value.detail["circle"]) == {"a", "b", "c"}  # type: ignore[call-overload]  # detail holds any object


def test_an_agent_that_waits_for_itself_is_a_circle() -> None:
    with pytest.raises(CyclicWorkflow, match="a → a"):
        check_graph(workflow(a=("a",)))


def test_an_unknown_dependency_is_refused_and_named() -> None:
    with pytest.raises(UnknownDependency, match="'b' depends on 'nobody'"):
        check_graph(workflow(a=(), b=("a", "nobody")))


def test_an_id_used_twice_is_refused() -> None:
    with pytest.raises(BadWorkflow, match="used more than once: a"):
        check_graph(WorkflowConfig(agents=(AgentSpec(id="a"), AgentSpec(id="a"))))


def test_a_workflow_without_agents_is_refused() -> None:
    with pytest.raises(BadWorkflow, match="no agents"):
        check_graph(WorkflowConfig())


def test_ancestors_are_all_that_come_before_each_once() -> None:
    diamond = workflow(a=(), b=("a",), c=("a",), d=("b", "c"), e=())
    assert set(ancestors(diamond.agents, "d")) == {"a", "b", "c"}
    assert ancestors(diamond.agents, "a") == ()
