"""`python -m bench`: run the measures one after the other, print them beside their targets.

Everything happens on the loopback interface and in a temporary folder, and ends by itself in about two
minutes. `--only NAME` (again and again) runs some; `--json` prints numbers for a program; `--strict` ends
with 1 when a target is missed. `--runs` is how many finished runs of twenty events the log holds whose past is
measured. `--folder` is where the temporary folder is made: its disk is measured too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.measures import (
    archive,
    latency,
    listing,
    preparation,
    questions,
    ready,
    rebuild,
    replay,
    small_upload,
    transfer,
    verify,
)
from bench.past import Past, past, trees_kept
from bench.reading import Reading
from bench.stack import running
from bench.wire import Wire

NAMES = (
    "ready",
    "latency",
    "small_upload",
    "transfer",
    "preparation",
    "listing",
    "rebuild",
    "verify",
    "archive",
    "replay",
    "questions",
)
progress = Console(stderr=True)


class Session:
    """The readings so far, which measures are wanted, and of how many runs the past is."""

    def __init__(self, wanted: set[str], runs: int) -> None:
        self.wanted = wanted
        self.runs = runs
        self.readings: list[Reading] = []

    def wants(self, *names: str) -> bool:
        """Whether any of these is to be measured."""
        return not self.wanted.isdisjoint(names)

    async def take(self, name: str, measure: Callable[[], Awaitable[list[Reading]]]) -> None:
        """Measure, if wanted."""
        if name in self.wanted:
            progress.print(f"[dim]measuring {name}…")
            self.readings += await measure()


async def run(session: Session, folder: Path) -> None:
    """All measures, in an order in which none disturbs the next."""
    await session.take("ready", lambda: ready.measure(folder))
    if session.wants("latency", "small_upload", "transfer", "preparation"):
        await _on_a_fresh_stack(session, folder / "fresh")
    if session.wants("listing", "rebuild", "verify", "archive", "replay", "questions"):
        await _on_a_past(session, folder / "past")


async def _on_a_fresh_stack(session: Session, storage: Path) -> None:
    async with running(storage) as stack:
        wire = Wire(stack.host, stack.port)
        await session.take("latency", lambda: latency.measure(wire))
        await session.take("small_upload", lambda: small_upload.measure(wire))
        if session.wants("preparation") and not session.wants("transfer"):
            await transfer.measure(stack)
        await session.take("transfer", lambda: transfer.measure(stack))
        await session.take("preparation", lambda: preparation.measure(wire))
        await wire.close()


async def _on_a_past(session: Session, storage: Path) -> None:
    progress.print("[dim]writing a log with a past…")
    async with past(storage, session.runs) as before:
        await session.take("rebuild", lambda: rebuild.measure(storage, before))
        await session.take("verify", lambda: verify.measure(storage, before))
        await session.take("archive", lambda: archive.measure(storage, before))
        with replay.archive_aside(storage):
            await _on_a_served_past(session, storage, before)
        if session.wants("replay") and session.wants("archive"):
            shutil.rmtree(storage / "cache" / "replay")
            async with running(storage, "serve", before.env) as stack:
                wire = Wire(stack.host, stack.port)
                await session.take("replay", lambda: replay.measure_archived(wire, before))
                await wire.close()


async def _on_a_served_past(session: Session, storage: Path, before: Past) -> None:
    if not session.wants("listing", "replay", "questions"):
        return
    async with running(storage, "serve", before.env) as stack:
        wire = Wire(stack.host, stack.port)
        await trees_kept(storage, session.runs)
        await session.take("listing", lambda: listing.measure(wire))
        await session.take("questions", lambda: questions.measure(wire, before.events))
        await session.take("replay", lambda: replay.measure(wire, before))
        await wire.close()


def table_of(readings: list[Reading]) -> Table:
    """The readings for people."""
    table = Table(title="RARO, measured")
    for heading in ("measure", "value", "target", "", "peers"):
        table.add_column(heading, justify="right" if heading in ("value", "target") else "left")
    marks = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}
    for reading in readings:
        bound = "≥" if reading.at_least else "≤"
        target = "" if reading.target is None else f"{bound} {reading.target:,g} {reading.unit}"
        value = f"{_short(reading.value)} {reading.unit}"
        table.add_row(reading.name, value, target, marks[reading.reached], reading.peer)
    return table


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> int:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=NAMES)
    parser.add_argument("--runs", type=int, default=listing.ARTIFACTS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    session = Session(set(options.only or NAMES), options.runs)
    with tempfile.TemporaryDirectory(prefix="raro-bench-", dir=options.folder) as folder:
        asyncio.run(run(session, Path(folder)))
    if options.json:
        print(json.dumps([asdict(reading) for reading in session.readings], indent=2))
    else:
        # Into a file or a log the table stays whole; 80 columns would cut its cells.
        Console(width=None if sys.stdout.isatty() else 130).print(table_of(session.readings))
    missed = any(reading.reached is False for reading in session.readings)
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
