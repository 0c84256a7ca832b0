"""`raro runs`: every run of the client."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.render import show_runs

app = new_app()


@app.command()
@online
async def runs(
    session: Session,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
) -> None:
    """List runs, newest first."""
    listing = await session.client.runs.list(limit=limit)
    session.out.answer(listing, lambda console: show_runs(console, listing["runs"]))
