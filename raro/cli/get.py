"""`raro get`: bytes out of RARO, whole and checked."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Annotated, Protocol

import typer

from raro.cli.command import Session, new_app, online
from raro.cli.progress import transfer
from raro.cli.text import plain, size
from raro.client.downloads import Downloaded
from raro.client.uploads import Progress
from raro.errors import BadRequest, NameTaken

app = new_app()


@app.command()
@online
async def get(
    session: Session,
    run_id: Annotated[str | None, typer.Argument(metavar="RUN", help="The run's id.")] = None,
    path: Annotated[
        str | None, typer.Argument(metavar="PATH", help="One artifact; without it, all as one zip.")
    ] = None,
    library: Annotated[
        str | None, typer.Option("--library", metavar="FILENAME", help="A library file instead.")
    ] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="An older version.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file or folder; default: here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Download an artifact, a run as zip, or a library file.

    A download that broke off goes on where it ended; the bytes are checked against their hash.
    """
    if (run_id is None) == (library is None):
        raise BadRequest("name a run (and one of its artifacts), or a library file with --library.")
    client = session.client
    if library is not None:
        target = _target(output, library, force)
        await _fetch(session, target, partial(client.library.download, library, target, version=version))
    elif path is not None:
        target = _target(output, path.rpartition("/")[2], force)
        await _fetch(session, target, partial(client.artifacts.download, run_id or "", path, target, version=version))
    else:
        target = _target(output, f"{run_id}.zip", force)
        await _fetch(session, target, partial(client.artifacts.archive, run_id or "", target))


class _Fetch(Protocol):
    """A download that only lacks its progress."""

    def __call__(self, *, progress: Progress) -> Awaitable[Downloaded]: ...


async def _fetch(session: Session, target: Path, fetch: _Fetch) -> None:
    with transfer(session.out, None) as shown:
        shown.say(target.name)
        done = await fetch(progress=shown.advance)
    answer = {
        "path": str(done.path),
        "size_bytes": done.size_bytes,
        "sha256": done.sha256,
        "resumed_at": done.resumed_at,
    }
    text = f"{plain(str(done.path))}  {size(done.size_bytes)}  sha256 {done.sha256}"
    session.out.answer(answer, lambda console: console.print(text, soft_wrap=True))


def _target(output: Path | None, name: str, force: bool) -> Path:
    target = Path(name) if output is None else output / name if output.is_dir() else output
    if target.exists() and not force:
        raise NameTaken(f"{str(target)!r} is there already. Add --force to replace it, or --output to choose another.")
    if not target.parent.is_dir():
        raise BadRequest(f"there is no folder {str(target.parent)!r}. Make it, or choose another with --output.")
    return target
