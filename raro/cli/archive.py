"""`raro archive`: the old part of the log as Parquet beside the stream."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from raro.archive.archive import Archive
from raro.archive.extending import Extended, extend
from raro.archive.manifest import Manifest
from raro.cli.command import Place, new_app, offline
from raro.cli.stored_views import stored_views
from raro.cli.text import plain, size
from raro.events.raw import endpoint_of
from raro.projections.audit import Settled, settled
from raro.settings import Settings
from raro.wiring.kept import archive_of

app = new_app()


@app.command()
@offline
async def archive(
    place: Place,
    older_than: Annotated[
        float, typer.Option("--older-than", min=0, max=36_500, metavar="DAYS", help="Only events of this age.")
    ] = 7,
    check: Annotated[
        bool, typer.Option("--check", help="Add nothing; compare every archived event with the seal.")
    ] = False,
) -> None:
    """Copy the old, finished part of the log to Parquet, from which views are built quicker. It stays in the log.

    It takes what was sealed, is of the age, and comes before any run that still goes on. No server may hold the
    storage.
    """
    async with stored_views(place.storage) as (log, views):
        kept = archive_of(Settings(storage=place.storage), log)
        if check:
            found = await asyncio.to_thread(kept.check)
            place.out.answer(_checked(found), lambda console: console.print(_said_checked(found)))
            return
        before = datetime.now(UTC) - timedelta(days=older_than)
        bound = await views.ask(settled, before)
        started = time.monotonic()
        done = await asyncio.to_thread(extend, kept, endpoint_of(log.nc), kept.checkpoint_at(bound.last))
        answer = _answer(kept, done, bound, time.monotonic() - started)
    place.out.answer(answer, lambda console: console.print(_said(answer), soft_wrap=True))


def _answer(kept: Archive, done: Extended, bound: Settled, seconds: float) -> dict[str, Any]:
    manifest = kept.manifest()
    parts = (*manifest.segments, *manifest.state.tables.values()) if manifest else ()
    return {
        "archived": max(0, done.last - done.first + 1),
        "last": manifest.last if manifest else 0,
        "size_bytes": sum(part.size_bytes for part in parts),
        "seconds": round(seconds, 3),
        "settled": bound.last,
        "held_by_run": bound.run_id,
    }


def _said(answer: dict[str, Any]) -> str:
    lines = [
        f"{answer['archived']:,} events archived in {answer['seconds']:.1f} s",
        f"the archive holds the log up to event {answer['last']:,} ({size(answer['size_bytes'])})",
    ]
    if answer["held_by_run"]:
        lines.append(f"it goes no further than event {answer['settled']:,}: run {plain(answer['held_by_run'])} goes on")
    elif answer["last"] < answer["settled"]:
        lines.append(f"up to event {answer['settled']:,} there will be more once the log is sealed that far")
    return "\n".join(lines)


def _checked(found: Manifest | None) -> dict[str, Any]:
    return {"ok": True, "last": found.last if found else 0, "root": found.root if found else None}


def _said_checked(found: Manifest | None) -> str:
    if found is None:
        return "there is no archive yet"
    return f"the archive is what was sealed: {found.last:,} events with the root {found.root}"
