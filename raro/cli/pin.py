"""`raro pin`, `raro unpin`: which artifacts do not expire."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.text import plain

pin_app, unpin_app = new_app(), new_app()
apps = {"pin": pin_app, "unpin": unpin_app}

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
ArtifactPath = Annotated[str, typer.Argument(metavar="PATH", help="The artifact's path, as `raro artifacts` shows it.")]


@pin_app.command()
@online
async def pin(session: Session, run_id: RunId, path: ArtifactPath) -> None:
    """Keep an artifact from expiring."""
    done = await session.client.artifacts.pin(run_id, path)
    answer = {**done, "run_id": run_id, "path": path, "pinned": True}
    session.out.answer(answer, lambda console: console.print(f"pinned {plain(path)}"))


@unpin_app.command()
@online
async def unpin(session: Session, run_id: RunId, path: ArtifactPath) -> None:
    """Let an artifact expire again."""
    done = await session.client.artifacts.unpin(run_id, path)
    answer = {**done, "run_id": run_id, "path": path, "pinned": False}
    session.out.answer(answer, lambda console: console.print(f"unpinned {plain(path)}"))
