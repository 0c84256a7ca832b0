"""`raro runs`: every run of the client; one of them as a script."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.recording import script_of
from raro.cli.render import show_runs

app = new_app(lists=True)


@app.command("list")
@online
async def list_runs(
    session: Session,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
) -> None:
    """List runs, newest first."""
    listing = await session.client.runs.list(limit=limit)
    session.out.answer(listing, lambda console: show_runs(console, listing["runs"]))


@app.command()
@online
async def record(
    session: Session, run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run to make a script of.")]
) -> None:
    """Print a run's turns as a script; RARO_MODEL=script:FILE plays it."""
    script = await script_of(session.client, run_id)
    session.out.answer({"run_id": run_id, "script": script}, lambda console: print(script, end=""))
