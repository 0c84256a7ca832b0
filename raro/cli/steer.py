"""`raro stop`, `raro pause`, `raro resume`: a person's hand on a run."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.text import plain
from raro.client.rows import Done

stop_app, pause_app, resume_app = new_app(), new_app(), new_app()
apps = {"stop": stop_app, "pause": pause_app, "resume": resume_app}

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, as `raro runs` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Kept with the event.")]


@stop_app.command()
@online
async def stop(session: Session, run_id: RunId, reason: Reason = "") -> None:
    """End a run; files made so far are kept."""
    _told(session, run_id, await session.client.runs.stop(run_id, reason), "stopped")


@pause_app.command()
@online
async def pause(session: Session, run_id: RunId, reason: Reason = "") -> None:
    """Let running turns finish and begin no new one."""
    _told(session, run_id, await session.client.runs.pause(run_id, reason), "paused")


@resume_app.command()
@online
async def resume(session: Session, run_id: RunId) -> None:
    """Go on after a pause."""
    _told(session, run_id, await session.client.runs.resume(run_id), "resumed")


def _told(session: Session, run_id: str, done: Done, what: str) -> None:
    session.out.answer({**done, "run_id": run_id}, lambda console: console.print(f"{what} {plain(run_id)}"))
