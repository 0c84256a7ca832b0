"""`raro promote`: an artifact into the library, on the server, without moving bytes."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.pin import ArtifactPath, RunId
from raro.cli.text import plain

app = new_app()


@app.command()
@online
async def promote(
    session: Session,
    run_id: RunId,
    path: ArtifactPath,
    filename: Annotated[str | None, typer.Option("--as", metavar="FILENAME", help="Its name in the library.")] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="An older version of it.")] = None,
) -> None:
    """Save an artifact to the library, where it does not expire."""
    saved = await session.client.artifacts.promote(run_id, path, filename=filename, version=version)
    text = f"saved {plain(path)} as {plain(saved['filename'])} (version {saved['library_version']})"
    session.out.answer({**saved, "run_id": run_id, "path": path}, lambda console: console.print(text))
