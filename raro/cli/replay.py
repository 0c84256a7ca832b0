"""`raro replay`: library, artifacts and runs as they were at a point of the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.past_source import StorageFolder, past_source, patiently
from raro.cli.render import HASH_DIGITS, artifact_rows, show_runs, table
from raro.cli.state import show_state
from raro.cli.text import moment, plain, size, until
from raro.client.past import AsOf
from raro.replay.moments import parsed

app = new_app()


@app.command()
@online
async def replay(
    session: Session,
    at: Annotated[str, typer.Option("--at", metavar="POINT", help="An event's number, or a time with its zone.")],
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="This run's agents as well.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=5000, help="At most so many artifacts, and runs.")] = 200,
    storage: StorageFolder = None,
) -> None:
    """Show library, artifacts and runs as they were."""
    parsed(at)  # before servers are started for it
    async with past_source(session, storage) as past:
        found = await patiently(session.out, lambda: past.at(at, run_id=run, limit=limit))
    session.out.answer(found, lambda console: _show(console, found))


def point_text(point: Mapping[str, Any]) -> str:
    """A point of the log on one line."""
    return f"event {point['seq']:,}, {moment(point['time'])}" if point["time"] else "before the first event"


def _show(console: Console, found: AsOf) -> None:
    console.print(f"As it was after {point_text(found)} (the log is at event {found['head']:,} now)", style="bold")
    now = datetime.fromisoformat(found["time"]) if found["time"] else None
    if "library" in found:
        _show_files(console, "Library", found["library"], now)
    if "artifacts" in found:
        _show_files(console, "Artifacts", artifact_rows(found["artifacts"]), now)
    if "runs" in found:
        console.print("\nRuns", style="bold")
        if found["runs"]:
            show_runs(console, found["runs"])
        else:
            console.print("none")
    if "state" in found:
        console.print(f"\nRun {plain(found['state']['run_id'])}", style="bold")
        show_state(console, found["state"])
    cut = [name for name, cursor in found["next"].items() if cursor]
    if cut:
        console.print(f"There are more {' and '.join(cut)} than are shown: see --limit.")
    if found["erased"]:
        console.print(f"{found['erased']} of these files are known, but their bytes were erased since.", style="dim")


def _show_files(console: Console, title: str, files: Sequence[Mapping[str, Any]], now: datetime | None) -> None:
    console.print(f"\n{title}", style="bold")
    if not files:
        console.print("none")
        return
    made = table("name", "from", "version", "size", "expires in", "bytes", "hash", right=("version", "size"))
    for row in files:
        made.add_row(
            plain(row["filename"]), plain(str(row.get("run_id") or row.get("scope", ""))), str(row["version"]),
            size(row["size_bytes"]), "pinned" if row.get("pinned") else until(row.get("expires_at"), now),
            "erased" if row.get("erased") else "there", row["sha256"][:HASH_DIGITS],
        )  # fmt: skip
    console.print(made)
