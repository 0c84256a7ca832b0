"""`raro artifacts`: what agents made, with filters; deletion, restoring, clearing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.pin import RunId
from raro.cli.render import artifact_rows, show_artifacts
from raro.cli.text import plain

app = new_app(lists=True)
PathOrRun = Annotated[str | None, typer.Argument(metavar="PATH", help="One artifact; without it, all of the run.")]


class Filter(StrEnum):
    """Which runs' artifacts."""

    all = "all"
    current = "current"
    recent = "recent"


class Sort(StrEnum):
    """By what."""

    date = "date"
    agent = "agent"
    type = "type"


@app.command("list")
@online
async def list_artifacts(
    session: Session,
    run_id: Annotated[str | None, typer.Argument(metavar="RUN", help="Only this run's.")] = None,
    filter: Annotated[
        Filter, typer.Option("--filter", help="all, those of the current run, or recent ones.")
    ] = Filter.all,
    sort: Annotated[Sort, typer.Option("--sort", help="Newest first, or by agent, or by type.")] = Sort.date,
    agent: Annotated[str | None, typer.Option("--agent", help="Only this agent's.")] = None,
    type: Annotated[str | None, typer.Option("--type", help="Only of this content type.")] = None,
    q: Annotated[str | None, typer.Option("--query", "-q", help="Only with this in their names.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many on a page.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="The page behind this one's `next`.")] = None,
) -> None:
    """List artifacts with agent, size and hash."""
    listing = await session.client.artifacts.list(
        run_id=run_id, filter=filter.value, sort=sort.value, agent=agent, type=type, q=q, limit=limit, cursor=cursor
    )
    session.out.answer(listing, lambda console: show_artifacts(console, artifact_rows(listing["artifacts"])))
    if further := listing.get("next"):
        session.out.remark(f"There are more: --cursor {further}")


@app.command()
@online
async def delete(session: Session, run_id: RunId, path: PathOrRun = None) -> None:
    """Delete an artifact or all of a run; restorable within the grace period."""
    done = await session.client.artifacts.delete(run_id, path)
    text = f"deleted {plain(path or run_id)}; `raro artifacts restore` brings it back"
    session.out.answer({**done, "run_id": run_id, "path": path}, lambda console: console.print(text))


@app.command()
@online
async def restore(session: Session, run_id: RunId, path: PathOrRun = None) -> None:
    """Bring back what was deleted or has expired."""
    done = await session.client.artifacts.restore(run_id, path)
    text = f"restored {plain(path or run_id)}"
    session.out.answer({**done, "run_id": run_id, "path": path}, lambda console: console.print(text))
