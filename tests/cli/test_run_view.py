"""A run in progress without a terminal: a line per change, and nothing twice."""

from __future__ import annotations

from typing import Any

import pytest

from raro.cli.output import Output
from raro.cli.run_view import Lines, agents_table, run_view
from raro.client.rows import RunState


def state(status: str, **agents: tuple[str, int]) -> RunState:
    rows: list[Any] = [{"agent_id": name, "status": how, "turns": turns} for name, (how, turns) in agents.items()]
    return {
        "run_id": "r1",
        "client_id": "lab",
        "status": status,
        "active_agents": [],
        "completed_agents": [],
        "failed_agents": [],
        "invocations": [],
        "agents": rows,
    }


def test_each_change_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    view = Lines(Output(as_json=False))
    view.show(state("running", analyze=("running", 1)))
    view.show(state("running", analyze=("running", 1)))
    view.show(state("completed", analyze=("completed", 2)))
    assert capsys.readouterr().out.splitlines() == [
        "analyze  running  turn 1",
        "run r1  running",
        "analyze  completed  turn 2",
        "run r1  completed",
    ]


def test_with_json_progress_stays_off_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    Lines(Output(as_json=True)).show(state("running"))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "run r1  running\n")


def test_why_an_agent_failed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    failed = state("failed", analyze=("failed", 1))
    failed["agents"][0]["message"] = "no such column\nbody_mass"
    Lines(Output(as_json=False)).show(failed)
    assert "analyze  failed  turn 1  no such column body_mass" in capsys.readouterr().out


def test_an_agents_name_cannot_command_the_terminal() -> None:
    shown = agents_table(state("running", **{"a\x1b[2Jb": ("running", 1)}), {"a\x1b[2Jb": "read\x07"})
    cells = [str(cell) for column in shown.columns for cell in column._cells]
    assert not any("\x1b" in cell or "\x07" in cell for cell in cells)


def test_without_a_terminal_it_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(run_view(Output(as_json=False)), Lines)
