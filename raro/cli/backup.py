"""`raro backup` and `raro restore`: everything that cannot be remade, in one file and back."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from raro.cli.command import Place, new_app, offline
from raro.cli.text import size
from raro.embedded.lock import hold_storage
from raro.files.backup import restore_backup, write_backup

backup_app, restore_app = new_app(), new_app()
apps = {"backup": backup_app, "restore": restore_app}


@backup_app.command()
@offline
async def backup(
    place: Place, file: Annotated[Path, typer.Argument(metavar="FILE", help="The tar to write; replaced when whole.")]
) -> None:
    """Write the log and every blob into one file. RARO must be stopped: a log that is being written may be torn."""
    with hold_storage(place.storage):
        made = await asyncio.to_thread(write_backup, place.storage, file)
    answer = {"file": str(file), "files": made.files, "size_bytes": made.size_bytes, "made_at": made.made_at}
    place.out.answer(answer, lambda console: console.print(f"{file}: {made.files:,} files, {size(made.size_bytes)}"))


@restore_app.command()
@offline
async def restore(
    place: Place, file: Annotated[Path, typer.Argument(metavar="FILE", help="A tar that `raro backup` wrote.")]
) -> None:
    """Put a backup into an empty storage folder, every byte compared. Views and trees come back at the next start."""
    if not file.is_file():
        raise typer.BadParameter(f"there is no file {str(file)!r}")
    with hold_storage(place.storage):
        made = await asyncio.to_thread(restore_backup, file, place.storage)
    answer = {
        "storage": str(place.storage),
        "files": made.files,
        "size_bytes": made.size_bytes,
        "made_at": made.made_at,
    }
    text = (
        f"{made.files:,} files, {size(made.size_bytes)}, as of {made.made_at}. Start: raro up --storage {place.storage}"
    )
    place.out.answer(answer, lambda console: console.print(text))
