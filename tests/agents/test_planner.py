"""The planner: related files together, analysts side by side, one writer behind them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from raro.agents.planning.offline import MAX_ANALYSTS, plan
from raro.domain.graph import check_graph
from raro.events.shapes import InputFile


def planned(*names: str) -> dict[str, tuple[str, ...] | None]:
    workflow = plan("Compare them", [InputFile(name=name) for name in names])
    return {agent.id: agent.attached_files for agent in workflow.agents}


def test_files_of_one_stem_go_to_one_analyst() -> None:
    assert planned("penguins.csv", "penguins.parquet", "notes.txt") == {
        "analyze_notes": ("notes.txt",),
        "analyze_penguins": ("penguins.csv", "penguins.parquet"),
        "writer_report": (),
    }


def test_only_endings_that_name_a_format_are_taken_off() -> None:
    assert set(planned("report.2024.csv", "report.2025.csv", "log.tar.gz")) == {
        "analyze_report_2024",
        "analyze_report_2025",
        "analyze_log_tar",
        "writer_report",
    }


def test_without_files_one_agent_says_what_is_needed() -> None:
    assert planned() == {"research_request": None}


def test_names_that_leave_no_letters_still_get_agents_of_their_own() -> None:
    assert set(planned("📈.csv", "📉.csv")) == {"analyze_file", "analyze_file_2", "writer_report"}


@given(
    st.text(max_size=40),
    st.lists(st.text(min_size=1, max_size=30).filter(lambda n: "/" not in n), unique=True, max_size=20),
)
def test_every_plan_is_sound_the_same_again_and_gives_each_file_to_one_analyst(
    directive: str, names: list[str]
) -> None:
    inputs = [InputFile(name=name) for name in names]
    workflow = plan(directive, inputs)
    check_graph(workflow)
    assert plan(directive, list(reversed(inputs))) == workflow
    analysts = [agent for agent in workflow.agents if agent.id.startswith("analyze_")]
    assert len(analysts) <= MAX_ANALYSTS
    assert sorted(name for agent in analysts for name in agent.attached_files or ()) == sorted(names)
