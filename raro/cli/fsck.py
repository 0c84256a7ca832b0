"""`raro fsck`: every stored byte and both folder trees against the log."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from raro.cli.command import Place, new_app, offline
from raro.cli.exits import ExitCode
from raro.cli.stored import stored
from raro.files.fsck import FsckReport, Repair, fsck, repair
from raro.projections import keeping
from raro.wiring.links import expected_trees

app = new_app()


@app.command("fsck")
@offline
async def check(
    place: Place,
    mend: Annotated[bool, typer.Option("--repair", help="Refill, quarantine and rebuild what can be.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Compare sizes, not hashes.")] = False,
) -> int:
    """Find missing, corrupt and orphan blobs and wrong tree entries. No server may hold the storage.

    Exit code 0 when everything is as the log says (or was mended), 6 otherwise.
    """
    async with stored(place.storage) as (built, views):
        blobs = await views.ask(keeping.expected_blobs)
        trees = await expected_trees(views, views.seq)
        with Progress(console=place.out.console, disable=not place.out.live, transient=True) as bar:
            task = bar.add_task("Reading blobs", total=len(blobs))
            report = await asyncio.to_thread(
                fsck,
                built.blobs,
                built.trees,
                blobs,
                trees,
                verify_hashes=not quick,
                progress=lambda done, _: bar.update(task, completed=done),
            )
        mended = await asyncio.to_thread(repair, built.blobs, built.trees, report, trees) if mend else None
    place.out.answer(_answer(report, mended), lambda console: _show(console, report, mended))
    sound = report.is_clean if mended is None else not mended.lost
    return ExitCode.OK if sound else ExitCode.DAMAGE


def _answer(report: FsckReport, mended: Repair | None) -> dict[str, Any]:
    return {"clean": report.is_clean, **asdict(report), "repair": asdict(mended) if mended else None}


def _show(console: Console, report: FsckReport, mended: Repair | None) -> None:
    console.print(f"{report.checked:,} blobs checked")
    for name, found in (("missing", report.missing), ("corrupt", report.corrupt)):
        for sha256 in found:
            console.print(f"{name} blob {sha256}", style="red")
    if report.orphans:
        size = sum(blob.size_bytes for blob in report.orphans)
        console.print(f"{len(report.orphans):,} blobs ({size:,} bytes) the log does not need; `raro gc` erases them")
    for verb, paths in (
        ("missing", report.trees.created),
        ("wrong", report.trees.replaced),
        ("stray", report.trees.removed),
        ("without bytes", report.trees.blob_missing),
    ):
        for path in paths[:50]:
            console.print(f"{verb} in the trees: {path}", style="yellow")
    if mended is not None:
        console.print(
            f"mended: {len(mended.refilled)} refilled, {len(mended.quarantined)} quarantined, {len(mended.lost)} lost, "
            f"{len(mended.trees.created) + len(mended.trees.replaced)} tree entries restored"
        )
    elif not report.is_clean:
        console.print("`raro fsck --repair` mends what can be mended")
    else:
        console.print("everything is as the log says", style="green")
