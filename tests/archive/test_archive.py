"""The archive of a real log: views from it are the views from the log, and what was touched is not used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from raro.analytics.exporting import tables
from raro.archive.archive import Archive
from raro.archive.extending import extend
from raro.archive.manifest import FILE, Manifest, write_manifest
from raro.audit.notes import Checkpoint
from raro.errors import ArchiveDamaged, LogDamaged
from raro.events.raw import endpoint_of
from raro.files.blobs import hash_file
from raro.projections.queries import Connection
from raro.projections.store import Store
from raro.projections.views import Views
from tests.audit.conftest import Place, place

__all__ = ["place"]


def archive_of(place: Place) -> Archive:
    return Archive(place.folder / "archive", place.sealed)


async def extended(place: Place, count: int) -> Archive:
    """An archive of the log after so many more commands, and a few events behind it."""
    await place.append(count)
    await place.upload(f"{count}".encode())
    sealed = await place.sealer.seal()
    assert sealed is not None
    archive = archive_of(place)
    extend(archive, endpoint_of(place.log.nc), sealed.size)
    await place.append(2)
    return archive


def rows_of(connection: Connection) -> dict[str, Any]:
    return {table: sorted(connection.execute(f"FROM {table}").fetchall(), key=repr) for table in tables(connection)}


async def views_of(place: Place, archive: Archive | None) -> dict[str, Any]:
    """Every row of views that are made anew."""
    path = place.folder / "anew" / "raro.duckdb"
    shutil.rmtree(path.parent, ignore_errors=True)
    views = Views(path, place.log, archive.restore if archive else None)
    await views.start()
    await views.caught_up()
    found = await views.ask(rows_of)
    await views.close()
    return found


def restored(place: Place, archive: Archive) -> Store | None:
    path = place.folder / "restored" / "raro.duckdb"
    shutil.rmtree(path.parent, ignore_errors=True)
    return archive.restore(path, place.log.incarnation)


async def test_views_from_the_archive_and_the_tail_are_those_from_the_log(place: Place) -> None:
    archive = await extended(place, 30)
    store = restored(place, archive)
    assert store is not None
    assert store.cursor.seq == 34
    store.close()
    assert await views_of(place, archive) == await views_of(place, None)


async def test_it_is_extended_from_checkpoint_to_checkpoint(place: Place) -> None:
    await extended(place, 300)
    await extended(place, 3)
    archive = await extended(place, 40)
    manifest = archive.check()
    assert manifest is not None
    assert [segment.first for segment in manifest.segments] == [
        1, *(segment.last + 1 for segment in manifest.segments[:-1])
    ]  # fmt: skip
    assert len(list(archive.folder.glob("state-*"))) == 1
    assert await views_of(place, archive) == await views_of(place, None)
    again = extend(archive, endpoint_of(place.log.nc), manifest.last)
    assert again.last < again.first


async def test_views_of_another_version_are_folded_from_the_archived_events(place: Place) -> None:
    archive = await extended(place, 25)
    manifest = archive.manifest()
    assert manifest is not None
    older = manifest.model_copy(update={"state": manifest.state.model_copy(update={"version": "older"})})
    write_manifest(archive.folder, older, place.sealed.signer(), place.sealed.origin)
    shutil.rmtree(next(archive.folder.glob("state-*")))
    store = restored(place, archive)
    assert store is not None
    assert store.cursor.seq == 29
    store.close()
    assert await views_of(place, archive) == await views_of(place, None)


async def test_a_segment_holds_the_events_as_they_are_stored(place: Place) -> None:
    archive = await extended(place, 5)
    rows = pq.read_table(next(archive.folder.glob("0*.parquet"))).to_pylist()
    assert [row["seq"] for row in rows] == list(range(1, 10))
    assert json.loads(rows[0]["body"])["type"] == "raro.run.paused.v1"
    assert rows[5]["headers"].startswith(b"NATS/1.0")


def flip(path: Path) -> None:
    """Change one bit in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def edit_manifest(archive: Archive) -> None:
    """Say another hash for the events table, keeping the signature."""
    kept = json.loads((archive.folder / FILE).read_text())
    text = json.loads(kept["manifest"])
    text["state"]["tables"]["events"]["sha256"] = "0" * 64
    (archive.folder / FILE).write_text(json.dumps({**kept, "manifest": json.dumps(text)}))


DAMAGES: dict[str, Callable[[Archive], object]] = {
    "a table": lambda archive: flip(next(archive.folder.glob("state-*/runs.parquet"))),
    "a table that is gone": lambda archive: next(archive.folder.glob("state-*/agents.parquet")).unlink(),
    "the manifest": edit_manifest,
    "no manifest at all": lambda archive: (archive.folder / FILE).write_text("{}"),
    "half a manifest": lambda archive: (archive.folder / FILE).write_bytes(b"\xff\xfe"),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_what_was_touched_is_told_and_not_used(place: Place, damage: str) -> None:
    archive = await extended(place, 20)
    DAMAGES[damage](archive)
    with pytest.raises(ArchiveDamaged):
        archive.check()
    assert restored(place, archive) is None
    assert await views_of(place, archive) == await views_of(place, None)


async def test_a_touched_segment_is_told(place: Place) -> None:
    archive = await extended(place, 20)
    flip(next(archive.folder.glob("0*.parquet")))
    with pytest.raises(ArchiveDamaged, match="was changed"):
        archive.check()


async def test_a_manifest_signed_for_other_events_does_not_pass_the_check(place: Place) -> None:
    archive = await extended(place, 20)
    manifest = archive.manifest()
    assert manifest is not None
    first = manifest.segments[0]
    path = archive.folder / first.name
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    signed_again(archive, manifest, place)
    with pytest.raises(ArchiveDamaged, match="root that was signed"):
        archive.check()


def signed_again(archive: Archive, manifest: Manifest, place: Place) -> None:
    """As somebody would who has the key."""
    first = manifest.segments[0]
    forged = first.model_copy(update={"sha256": hash_file(archive.folder / first.name)})
    write_manifest(
        archive.folder, manifest.model_copy(update={"segments": (forged,)}), place.sealed.signer(), place.sealed.origin
    )


async def test_an_archive_of_another_history_is_left_aside(place: Place) -> None:
    archive = await extended(place, 20)
    manifest = archive.manifest()
    assert manifest is not None
    other = manifest.model_copy(update={"state": manifest.state.model_copy(update={"hash": "0" * 64})})
    write_manifest(archive.folder, other, place.sealed.signer(), place.sealed.origin)
    assert await views_of(place, archive) == await views_of(place, None)


async def test_an_archive_of_another_log_is_not_looked_at(place: Place) -> None:
    archive = await extended(place, 5)
    assert archive.restore(place.folder / "x" / "raro.duckdb", "1") is None


@pytest.mark.parametrize("root", [b"\0" * 32, b"\1" * 32])
async def test_events_that_are_not_those_that_were_sealed_are_not_archived(place: Place, root: bytes) -> None:
    await place.append(5)
    sealed = await place.sealer.seal()
    assert sealed is not None
    other = place.sealed.signer().sign(Checkpoint(place.sealed.origin, sealed.size, root))
    place.sealed.checkpoints.write(sealed.size, other)
    archive = archive_of(place)
    with pytest.raises(LogDamaged, match="not those that were sealed"):
        extend(archive, endpoint_of(place.log.nc), sealed.size)
    assert archive.manifest() is None
    assert archive.check() is None
    assert not any(archive.folder.glob("0*"))


async def test_what_a_crash_left_is_swept_by_the_next_extension(place: Place) -> None:
    archive = await extended(place, 5)
    for name in (".work-abc", "state-00000000000000000099-other"):
        (archive.folder / name).mkdir()
    (archive.folder / "00000000000000000010-00000000000000000099.parquet").write_bytes(b"half")
    await extended(place, 5)
    assert len(list(archive.folder.glob("state-*"))) == 1
    assert not list(archive.folder.glob(".work-*"))
    assert archive.check() is not None
