"""What the runs reactor decides from a run's state."""

from __future__ import annotations

from typing import Any

from hypothesis import given as any_of
from hypothesis import strategies as st

from raro.domain.run import Run, evolve
from raro.domain.schedule import next_events
from raro.events.catalogue import (
    AgentFailed,
    AgentFinished,
    AgentScheduled,
    AgentStarted,
    AgentTurnCompleted,
    ArtifactPromoted,
    Completed,
    EventData,
    Failed,
    FileGenerated,
    Paused,
    Resumed,
    RunEvent,
    SessionPrepared,
    Started,
    Stopped,
)
from raro.events.shapes import AgentSpec, BlobRef, Promoted, WorkflowConfig
from tests.given import Given, at, fold, stamp

SHA = "a" * 64
PREPARED = SessionPrepared(inputs=0, size_bytes=0, linked=True, sandbox="shim")


def started(graph: dict[str, tuple[str, ...]], **limits: Any) -> Started:
    agents = tuple(AgentSpec(id=name, depends_on=parents) for name, parents in graph.items())
    return Started(workflow=WorkflowConfig(agents=agents, **limits), retention_days=7)


def scheduled(agent_id: str) -> AgentScheduled:
    return AgentScheduled(agent_id=agent_id)


def finished(agent_id: str) -> AgentFinished:
    return AgentFinished(agent_id=agent_id, output=BlobRef(sha256=SHA, size_bytes=1))


def turn(agent_id: str, tokens: int) -> AgentTurnCompleted:
    return AgentTurnCompleted(agent_id=agent_id, turn=1, model="m", tokens_in=tokens)


def failed(agent_id: str) -> AgentFailed:
    return AgentFailed(agent_id=agent_id, code="model_error", message="it broke")


def given(*history: EventData) -> Given[Run]:
    return Given(fold(Run(), evolve, history))


def decide(run: Run) -> list[RunEvent]:
    return next_events(run, at(100))


DIAMOND = started({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")})


def test_nothing_is_scheduled_before_the_session_is_prepared() -> None:
    given(DIAMOND).when(decide).then()


def test_agents_without_dependencies_start_together() -> None:
    given(started({"a": (), "b": (), "c": ("a",)}), PREPARED).when(decide).then(scheduled("a"), scheduled("b"))


def test_an_agent_starts_when_all_its_parents_finished() -> None:
    history = (DIAMOND, PREPARED, scheduled("a"), finished("a"))
    given(*history).when(decide).then(scheduled("b"), scheduled("c"))
    given(*history, scheduled("b"), scheduled("c"), finished("b")).when(decide).then()
    given(*history, scheduled("b"), scheduled("c"), finished("b"), finished("c")).when(decide).then(scheduled("d"))


def test_a_run_completes_only_when_every_file_is_kept() -> None:
    made = FileGenerated(agent_id="a", path="x.csv", sha256=SHA, size_bytes=1)
    history = (started({"a": ()}), PREPARED, scheduled("a"), made, finished("a"))
    given(*history).when(decide).then()
    promoted = ArtifactPromoted(
        path="x.csv",
        generated_by=stamp(made, 3).id,
        artifact=Promoted(
            path="x.csv", version=1, agent_id="a", sha256=SHA, size_bytes=1, content_type="text/csv", generated_at=at(3)
        ),
    )
    given(*history, promoted).when(decide).then(Completed())


def test_a_paused_run_schedules_nothing_until_it_is_resumed() -> None:
    given(DIAMOND, PREPARED, Paused()).when(decide).then()
    given(DIAMOND, PREPARED, Paused(), Resumed()).when(decide).then(scheduled("a"))


def test_a_failed_agent_ends_the_run_once_the_others_are_done() -> None:
    history = (started({"a": (), "b": (), "c": ("a",)}), PREPARED, scheduled("a"), scheduled("b"), failed("a"))
    given(*history).when(decide).then()
    expected = Failed(code="agent_model_error", reason="agent 'a' failed: it broke")
    given(*history, finished("b")).when(decide).then(expected)


def test_the_token_budget_counts_every_turn_of_every_agent() -> None:
    history = (started({"a": (), "b": ()}, max_token_budget=100), PREPARED, scheduled("a"), scheduled("b"))
    given(*history, turn("a", 60), turn("b", 40)).when(decide).then()
    decided = given(*history, turn("a", 60), turn("b", 41)).when(decide)
    assert [getattr(event, "code", None) for event in decided.events] == ["token_budget_exceeded"]


def test_a_run_fails_when_its_time_is_over_even_while_paused() -> None:
    slow = given(started({"a": ()}, timeout_ms=99_000), PREPARED, scheduled("a"), Paused())
    assert [getattr(event, "code", None) for event in slow.when(decide).events] == ["timeout"]
    given(started({"a": ()}, timeout_ms=101_000), PREPARED, scheduled("a")).when(decide).then()


def test_an_ended_run_decides_nothing() -> None:
    given(DIAMOND, PREPARED, Stopped()).when(decide).then()
    given(DIAMOND, Failed(code="x", reason="y")).when(decide).then()


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Any acyclic graph: an agent depends only on those before it."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 7)))]
    return {
        name: tuple(draw(st.lists(st.sampled_from(names[:index]), unique=True))) if index else ()
        for index, name in enumerate(names)
    }


@any_of(graphs(), st.randoms(use_true_random=False))
def test_every_graph_runs_to_its_end_and_parents_come_first(graph: dict[str, tuple[str, ...]], chance: Any) -> None:
    state = fold(Run(), evolve, [started(graph), PREPARED])
    waiting: list[str] = []
    done: list[str] = []
    for step in range(2, 200):
        decided = decide(state)
        if decided == [Completed()]:
            break
        for event in decided:
            assert isinstance(event, AgentScheduled)
            assert set(graph[event.agent_id]) <= set(done)
            waiting.append(event.agent_id)
            state = evolve(state, stamp(event, step))
        agent_id = waiting.pop(chance.randrange(len(waiting)))
        done.append(agent_id)
        state = evolve(state, stamp(AgentStarted(agent_id=agent_id, epoch=1, model="m", worker="w"), step))
        state = evolve(state, stamp(finished(agent_id), step))
    assert sorted(done) == sorted(graph)
