"""`raro library`: what is in it, its versions, deletion and restoring."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.render import HASH_DIGITS, show_library, table
from raro.cli.text import moment, plain, size

app = new_app(lists=True)
Name = Annotated[str, typer.Argument(metavar="FILENAME", help="A name in the library.")]


@app.command("list")
@online
async def list_files(session: Session) -> None:
    """List every file, its version and whether runs are given it."""
    listing = await session.client.library.list()
    session.out.answer(listing, lambda console: show_library(console, listing["files"]))


@app.command()
@online
async def versions(session: Session, filename: Name) -> None:
    """List every version of a file."""
    listing = await session.client.library.versions(filename)
    made = table("version", "size", "type", "uploaded", "hash", right=("version", "size"))
    for row in listing["versions"]:
        made.add_row(
            str(row["version"]), size(row["size_bytes"]), plain(row["content_type"]),
            moment(row["uploaded_at"]), row["sha256"][:HASH_DIGITS],
        )  # fmt: skip
    session.out.answer(listing, lambda console: console.print(made))


@app.command()
@online
async def delete(session: Session, filename: Name) -> None:
    """Delete a file; `raro library restore` brings it back within the grace period."""
    done = await session.client.library.delete(filename)
    text = f"deleted {plain(filename)}; `raro library restore` brings it back"
    session.out.answer({**done, "filename": filename}, lambda console: console.print(text))


@app.command()
@online
async def restore(
    session: Session,
    filename: Name,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Make this version the current one.")] = None,
) -> None:
    """Bring a deleted file back, or make an older version the current one."""
    done = await session.client.library.restore(filename, version=version)
    session.out.answer({**done, "filename": filename}, lambda console: console.print(f"restored {plain(filename)}"))
