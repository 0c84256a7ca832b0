"""`raro rebuild`: the views anew from the archive and the log, also from a log that was changed or restored."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from raro.cli.command import Place, new_app, offline
from raro.cli.stored_views import stored_views

app = new_app()


@app.command()
@offline
async def rebuild(
    place: Place,
    log_only: Annotated[bool, typer.Option("--log-only", help="Leave the archive aside.")] = False,
) -> None:
    """Build the views anew: from the archive as far as that goes, then from the log. No server may hold the storage."""
    started = time.monotonic()
    place.out.remark("Building the views from the log …")
    async with stored_views(place.storage, anew=True, from_archive=not log_only) as (_, views):
        health, seconds = await views.health(), time.monotonic() - started
    rate = round(health.seq / seconds) if seconds else 0
    answer = {
        "events": health.seq,
        "seconds": round(seconds, 3),
        "events_per_second": rate,
        "version": health.version,
    }
    text = f"{health.seq:,} events in {seconds:.2f} s ({rate:,} a second), start of the servers included"
    place.out.answer(answer, lambda console: console.print(text))
