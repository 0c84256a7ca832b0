"""`raro link`, `raro unlink`: which library files the next runs are given."""

from __future__ import annotations

from typing import Annotated

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.text import plain

link_app, unlink_app = new_app(), new_app()
apps = {"link": link_app, "unlink": unlink_app}

Names = Annotated[list[str], typer.Argument(metavar="FILENAME", help="Names in the library.")]


@link_app.command()
@online
async def link(session: Session, filenames: Names) -> None:
    """Give library files to the next runs."""
    await _each(session, filenames, linked=True)


@unlink_app.command()
@online
async def unlink(session: Session, filenames: Names) -> None:
    """No longer give library files to the next runs."""
    await _each(session, filenames, linked=False)


async def _each(session: Session, filenames: list[str], *, linked: bool) -> None:
    change = session.client.library.link if linked else session.client.library.unlink
    seq = 0
    for filename in filenames:
        seq = (await change(filename))["seq"]
        session.out.remark(f"{'linked' if linked else 'unlinked'} {plain(filename)}")
    session.out.answer({"filenames": filenames, "linked": linked, "seq": seq}, lambda console: None)
