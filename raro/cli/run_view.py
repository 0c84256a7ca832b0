"""How a run in progress looks: a table that is redrawn on a terminal, a line per change elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

from rich.live import Live
from rich.table import Table

from raro.cli.output import Output
from raro.cli.render import status_text, table
from raro.cli.text import one_line, plain
from raro.client.approvals import ApprovalRow
from raro.client.rows import RunState


class RunView(Protocol):
    """Shows what `follow` finds, for as long as it is entered."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, state: RunState) -> None:
        """The run as it is now."""

    def doing(self, agent_id: str, what: str) -> None:
        """What an agent does this moment."""

    def asked(self, approvals: Sequence[ApprovalRow]) -> None:
        """What the run waits for a person to decide."""

    def waiting(self) -> None:
        """The server is away for now."""


def run_view(out: Output) -> RunView:
    """The view that fits where the output goes."""
    return LiveTable(out) if out.live else Lines(out)


class LiveTable:
    """One row per agent, redrawn in place."""

    def __init__(self, out: Output) -> None:
        self._live = Live(console=out.console, refresh_per_second=8)
        self._doing: dict[str, str] = {}
        self._asked: set[str] = set()
        self._state: RunState | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, state: RunState) -> None:
        """Redraw the table."""
        self._state = state
        self._live.update(agents_table(state, self._doing), refresh=True)

    def doing(self, agent_id: str, what: str) -> None:
        """Redraw the agent's row."""
        self._doing[agent_id] = what
        if self._state:
            self._live.update(agents_table(self._state, self._doing))

    def asked(self, approvals: Sequence[ApprovalRow]) -> None:
        """Say each once above the table."""
        for row in approvals:
            if row["approval_id"] not in self._asked:
                self._asked.add(row["approval_id"])
                self._live.console.print(question(row), style="yellow", soft_wrap=True)

    def waiting(self) -> None:
        """Say so above the table."""
        self._live.console.print("the server is away; waiting for it …")


class Lines:
    """One line for each change of an agent or of the run."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._said: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, state: RunState) -> None:
        """Say what is new since the last look."""
        for agent in agents_of(state):
            turns = f"  turn {agent['turns']}" if agent.get("turns") else ""
            fault = f"  {one_line(str(agent['message']), 120)}" if agent.get("message") else ""
            self._say(agent["agent_id"], f"{plain(agent['agent_id'])}  {agent['status']}{turns}{fault}")
        self._say("", f"run {plain(state['run_id'])}  {state['status']}")

    def doing(self, agent_id: str, what: str) -> None:
        """Nothing: moments are for terminals, a log keeps what stays true."""

    def asked(self, approvals: Sequence[ApprovalRow]) -> None:
        """A line for each."""
        for row in approvals:
            self._say(row["approval_id"], question(row))

    def waiting(self) -> None:
        """Say it once."""
        self._say("", "the server is away; waiting for it …")

    def _say(self, about: str, line: str) -> None:
        if self._said.get(about) != line:
            self._said[about] = line
            self._out.remark(line)


def question(row: ApprovalRow) -> str:
    """What is asked, and the command that answers."""
    how = f"raro decide {row['run_id']} {'|'.join(row['options'])} {row['approval_id']}"
    return f"{plain(row['agent_id'])} asks: {one_line(row['reason'], 160)}  →  {plain(how)}"


def agents_of(state: RunState) -> Sequence[Mapping[str, Any]]:
    """The agents with status and turns, in the workflow's order."""
    return state.get("agents") or []


def agents_table(state: RunState, doing: Mapping[str, str]) -> Table:
    """The run's agents as a table."""
    made = table("agent", "status", "turn", "model", "doing", right=("turn",))
    made.title = f"run {plain(state['run_id'])}: {plain(state['status'])}"
    for agent in agents_of(state):
        now = doing.get(agent["agent_id"], "") if agent["status"] == "running" else ""
        made.add_row(
            plain(agent["agent_id"]), status_text(agent["status"]), str(agent.get("turns") or ""),
            plain(str(agent.get("model") or "")), one_line(str(agent.get("message") or now), 70),
        )  # fmt: skip
    return made
