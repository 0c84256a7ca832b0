"""`raro output`: everything an agent said, as it said it."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.pin import RunId
from raro.cli.text import plain

app = new_app()


@app.command()
@online
async def output(
    session: Session,
    run_id: RunId,
    agent_id: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id, as `raro state` shows it.")],
) -> None:
    """Print an agent's full output."""
    found = await session.client.runs.output(run_id, agent_id)
    text = plain(str(found.get("output", found.get("content", ""))))
    session.out.answer(found, lambda console: console.print(text, soft_wrap=True))
