"""`raro state`: one run with its agents."""

from __future__ import annotations

from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.pin import RunId
from raro.cli.run_view import agents_table
from raro.cli.text import moment, plain
from raro.client.rows import RunState

app = new_app()


@app.command()
@online
async def state(session: Session, run_id: RunId) -> None:
    """Show one run with its agents and why it ended."""
    found = await session.client.runs.state(run_id)
    session.out.answer(found, lambda console: show_state(console, found))


def show_state(console: Console, state: RunState) -> None:
    """A run's agents and its few facts."""
    console.print(agents_table(state, {}))
    facts = {
        "directive": plain(str(state.get("directive") or "")),
        "started": moment(state.get("start_time")),
        "ended": moment(state.get("end_time")),
        "tokens": str(state.get("total_tokens_used") or ""),
        "reason": plain(str(state.get("reason") or "")),
    }
    for name, value in facts.items():
        if value:
            console.print(f"{name}: {value}", soft_wrap=True)
