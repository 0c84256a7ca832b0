"""`raro gc`: what the server does on its timer, once and now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from raro.cli.command import Place, new_app, offline
from raro.cli.stored import stored
from raro.cli.text import plain, size
from raro.projections.keeping import overdue
from raro.projections.queries import Row
from raro.wiring.running import retention_of

app = new_app()


@app.command()
@offline
async def gc(
    place: Place,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
) -> None:
    """Let expired artifacts go, remove old sessions, erase bytes that nothing refers to after the grace period."""
    async with stored(place.storage) as (built, views):
        retention = retention_of(built, views)
        expired = 0 if dry_run else await retention.expire()
        if expired:
            await views.caught_up()
        swept = await retention.erase(dry_run=dry_run)
        needed = await views.ask(overdue, datetime.now(UTC))
    answer = {
        "dry_run": dry_run,
        "expired_runs": expired,
        "erased_blobs": len(swept.removed),
        "erased_bytes": swept.bytes,
        "kept_young": swept.kept_young,
        "kept_for_others": needed,
    }
    verb = "would be erased" if dry_run else "erased"
    text = f"{len(swept.removed):,} blobs ({size(swept.bytes)}) {verb}; {swept.kept_young:,} are too young to judge"
    place.out.answer(answer, lambda console: console.print("\n".join([text, *map(_kept, needed)]), soft_wrap=True))


def _kept(row: Row) -> str:
    """Why an artifact outlives its time."""
    keepers = ", ".join(
        f"{keeper['run_id']}/{keeper['name']}" if "run_id" in keeper else f"{keeper['name']} of the library"
        for keeper in row["kept_for"]
    )
    return plain(f"{row['run_id']}/{row['path']} stays past its time: made from it, and kept: {keepers}")
