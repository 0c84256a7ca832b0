"""A graph that agents change stays sound: every wish is granted or refused with a reason, and nothing else."""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from raro.domain.delegation import (
    MAX_AGENTS,
    MAX_CHILDREN,
    MAX_DEPTH,
    Delegate,
    Graft,
    GraphChange,
    Prune,
    decide_change,
)
from raro.domain.run import Run, evolve
from raro.domain.schedule import next_events
from raro.errors import GraphRefused
from raro.events.catalogue import (
    AgentFinished,
    AgentScheduled,
    AgentStarted,
    EventData,
    SessionPrepared,
    Started,
)
from raro.events.shapes import AgentSpec, BlobRef, InputFile, WorkflowConfig
from tests.given import at, fold, stamp

TOOLS = ("read_file", "write_file")
PREPARED = SessionPrepared(inputs=0, size_bytes=0, linked=True, sandbox="shim")


def started(graph: dict[str, tuple[str, ...]]) -> Started:
    agents = tuple(AgentSpec(id=name, depends_on=parents) for name, parents in graph.items())
    return Started(workflow=WorkflowConfig(agents=agents), inputs=(InputFile(name="a.csv"),), retention_days=7)


def running(agent_id: str) -> tuple[EventData, ...]:
    return AgentScheduled(agent_id=agent_id), AgentStarted(agent_id=agent_id, epoch=1, model="m", worker="w")


CHAIN: tuple[EventData, ...] = (
    started({"lead": (), "middle": ("lead",), "end": ("middle",)}),
    PREPARED,
    *running("lead"),
)


def run_after(*history: EventData) -> Run:
    return fold(Run(), evolve, history)


def change(run: Run, wish: GraphChange, by: str = "lead") -> Run:
    return evolve(run, stamp(decide_change(run, by, wish, tools=TOOLS), 900))


def refused(run: Run, wish: GraphChange, by: str = "lead") -> str:
    with pytest.raises(GraphRefused) as error:
        decide_change(run, by, wish, tools=TOOLS)
    return error.value.reason_code


def waits(run: Run) -> dict[str, tuple[str, ...]]:
    return {spec.id: spec.depends_on for spec in run.graph}


def test_a_child_waits_for_its_parent_and_what_waited_for_the_parent_waits_for_it_too() -> None:
    run = change(run_after(*CHAIN), Delegate("analyze_x", "look"))
    assert waits(run) == {"lead": (), "middle": ("lead", "analyze_x"), "end": ("middle",), "analyze_x": ("lead",)}
    assert (run.agents["analyze_x"].delegated_by, run.agents["analyze_x"].depth) == ("lead", 1)


def test_a_sibling_begins_when_the_asking_one_could() -> None:
    run = change(run_after(*CHAIN), Delegate("analyze_x", "look", relation="sibling"))
    assert waits(run)["analyze_x"] == ()
    assert [event.agent_id for event in next_events(run, at(9)) if isinstance(event, AgentScheduled)] == ["analyze_x"]


def test_a_child_feeds_whom_it_is_told_to() -> None:
    run = change(run_after(*CHAIN), Delegate("analyze_x", "look", feeds=("end",)))
    assert (waits(run)["middle"], waits(run)["end"]) == (("lead",), ("middle", "analyze_x"))


def test_a_name_that_is_taken_gets_a_number() -> None:
    run = change(change(run_after(*CHAIN), Delegate("middle", "look")), Delegate("middle", "again"))
    assert {"middle_2", "middle_3"} < set(run.agents)


def test_what_waited_for_a_pruned_agent_waits_for_what_it_waited_for() -> None:
    run = change(run_after(*CHAIN), Prune("middle", "not needed"))
    assert waits(run) == {"lead": (), "end": ("lead",)}
    done = evolve(run, stamp(AgentFinished(agent_id="lead", output=BlobRef(sha256="a" * 64, size_bytes=1)), 901))
    assert next_events(done, at(9)) == [AgentScheduled(agent_id="end")]


def test_a_pending_agent_can_be_made_to_wait() -> None:
    run = change(run_after(*CHAIN), Delegate("analyze_x", "look", relation="sibling", feeds=()))
    run = change(run, Graft("end", ("analyze_x",)))
    assert waits(run)["end"] == ("middle", "analyze_x")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        (Delegate("master_two", "x"), "master_refused"),
        (Delegate("../up", "x"), "bad_agent_id"),
        (Delegate("x" * 65, "x"), "bad_agent_id"),
        (Delegate("coder_x", "  "), "bad_prompt"),
        (Delegate("coder_x", "x" * 20_001), "bad_prompt"),
        (Delegate("coder_x", "x", tools=("rm",)), "unknown_tool"),
        (Delegate("coder_x", "x", depends_on=("nobody",)), "unknown_agent"),
        (Delegate("coder_x", "x", feeds=("nobody",)), "unknown_agent"),
        (Delegate("coder_x", "x", feeds=("lead",)), "not_pending"),
        (Delegate("coder_x", "x", depends_on=("end",)), "cyclic"),
        (Delegate("coder_x", "x", attached_files=("secret.csv",)), "unknown_file"),
        (Prune("lead"), "not_pending"),
        (Prune("nobody"), "unknown_agent"),
        (Graft("lead", ("end",)), "not_pending"),
        (Graft("middle", ("end",)), "cyclic"),
        (Graft("middle", ("middle",)), "cyclic"),
        (Graft("middle", ("lead",)), "nothing_new"),
        (Graft("middle", ("nobody",)), "unknown_agent"),
    ],
)
def test_what_would_break_the_graph_is_refused_with_a_code(wish: GraphChange, code: str) -> None:
    assert refused(run_after(*CHAIN), wish) == code


def test_delegation_ends_at_its_depth_and_at_its_count() -> None:
    run, by = run_after(*CHAIN), "lead"
    for level in range(MAX_DEPTH):
        run = change(run, Delegate(f"analyze_{level}", "x"), by)
        by = f"analyze_{level}"
    assert refused(run, Delegate("analyze_deeper", "x"), by) == "too_deep"
    run = run_after(*CHAIN)
    for number in range(MAX_CHILDREN):
        run = change(run, Delegate(f"analyze_{number}", "x"))
    assert refused(run, Delegate("analyze_more", "x")) == "too_many_children"
    full = run_after(started({f"a{number}": () for number in range(MAX_AGENTS)}), PREPARED, *running("a1"))
    assert refused(full, Delegate("analyze_more", "x"), "a1") == "too_many_agents"


NAMES = st.sampled_from(["lead", "middle", "end", "analyze_x", "analyze_x_2", "coder_y", "nobody"])
SOME = st.lists(NAMES, max_size=3).map(tuple)
WISHES: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        Delegate,
        NAMES,
        st.just("x"),
        relation=st.sampled_from(["child", "sibling"]),
        depends_on=SOME,
        feeds=st.none() | SOME,
    ),
    st.builds(Prune, NAMES),
    st.builds(Graft, NAMES, SOME),
)


@settings(deadline=None, max_examples=200)
@any_of(st.lists(WISHES, max_size=12))
def test_no_list_of_wishes_makes_a_circle_or_leaves_anybody_waiting_for_nobody(wishes: list[GraphChange]) -> None:
    run = run_after(*CHAIN)
    for wish in wishes:
        try:
            run = change(run, wish)
        except GraphRefused:
            continue
    graph = waits(run)
    TopologicalSorter(graph).prepare()
    assert {parent for parents in graph.values() for parent in parents} <= set(graph)
    assert run.agents["lead"].status == "running"
