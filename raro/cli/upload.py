"""`raro upload`: files, patterns and folders into the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.local_files import LocalFile, local_files
from raro.cli.progress import transfer
from raro.cli.text import plain, size
from raro.errors import BadRequest

app = new_app()


@app.command()
@online
async def upload(
    session: Session,
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files, patterns in quotes, or folders.")],
    link: Annotated[bool, typer.Option("--link", help="Also give them to the next runs.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="Another name in the library, for a single file.")] = None,
) -> None:
    """Put files or whole folders into the library.

    A name that is there already gets a new version. Files in a folder get their own names, without the folder's.
    """
    found = local_files(files)
    if name is not None and len(found) != 1:
        raise BadRequest(f"--name names one file, {len(found)} are given. Upload it alone.")
    rows = await send(session, found, link=link, name=name)
    session.out.answer({"files": rows}, lambda console: None)


async def send(
    session: Session, files: Sequence[LocalFile], *, link: bool = False, name: str | None = None
) -> list[dict[str, Any]]:
    """Upload each file, saying so; give their library rows."""
    rows: list[dict[str, Any]] = []
    with transfer(session.out, sum(file.size_bytes for file in files)) as shown:
        for file in files:
            shown.say(file.filename)
            row = await session.client.library.upload(file.path, filename=name, progress=shown.advance)
            if link:
                await session.client.library.link(row["filename"])
            rows.append({**row, "linked": True} if link else dict(row))
            session.out.remark(
                f"uploaded {plain(row['filename'])}  version {row['version']}  {size(row['size_bytes'])}"
                f"  {row['sha256'][:12]}{'  linked' if link else ''}"
            )
    return rows
