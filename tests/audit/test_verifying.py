"""Verifying for real: the log on its server, checkpoints, blobs and views on disk, changed behind RARO's back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import duckdb
import pytest

from raro.audit.copies import copy_file
from raro.audit.notes import Signer
from raro.audit.verify import Auditor
from tests.audit.conftest import Place, paused, wrong


@pytest.fixture
async def full(place: Place) -> Place:
    await place.append(40)
    await place.upload(b"words")
    await place.sealer.seal()
    return place


async def test_everything_is_as_it_was(full: Place) -> None:
    report = await full.verify()
    assert report.ok, report
    assert report.size == 45
    assert {check.name for check in report.checks} == {
        "key", "signatures", "second_place", "events", "root", "consistency", "tiles", "batches", "one_log", "blobs",
        "views",
    }  # fmt: skip


async def test_nothing_is_left_of_the_work(full: Place) -> None:
    await full.verify()
    assert list((full.folder / "cache").iterdir()) == []


async def test_while_events_come_and_are_sealed(full: Place) -> None:
    sealer, going = full.sealer, True

    async def append() -> None:
        number = 1000
        while going:
            await full.log.append([paused(number)])
            number += 1
            if number % 20 == 0:
                await sealer.seal()

    task = asyncio.create_task(append())
    reports = [await full.verify() for _ in range(4)]
    while reports[-1].ok and reports[-1].size == reports[0].size:
        reports.append(await full.verify())
    going = False
    await task
    assert all(report.ok for report in reports), reports


async def test_a_swapped_and_a_missing_blob(full: Place) -> None:
    path = full.blobs.path((await full.blobs.put_bytes(b"words")).sha256)
    path.chmod(0o644)
    path.write_bytes(b"other")
    assert "is damaged" in wrong(await full.verify())["blobs"].detail
    path.unlink()
    found = wrong(await full.verify())
    assert found.keys() == {"blobs"}
    assert path.name in found["blobs"].detail


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (
            "UPDATE library_files SET size_bytes = 4",
            "rows of library_files do not follow from the log: 1, of events 44",
        ),
        ("DELETE FROM events WHERE seq = 7", "rows of events do not follow from the log: 1, of events 7"),
        (
            "INSERT INTO library_files SELECT * REPLACE ('b.txt' AS filename) FROM library_files",
            "rows of library_files do not follow from the log: 1,",
        ),
        ("DROP TABLE lineage", "table lineage is not what the log gives"),
    ],
)
async def test_an_edited_row(full: Place, edit: str, what: str) -> None:
    await full.views.caught_up()
    await full.close_views()
    with duckdb.connect(str(full.views.path)) as connection:
        connection.execute(edit)
    auditor = Auditor(full.log, full.sealed, full.blobs, copy_file(full.views.path), full.folder / "cache")
    report = await auditor.verify()
    assert what in wrong(report)["views"].detail
    assert wrong(report).keys() == {"views"}


async def test_views_that_are_gone_or_broken(full: Place, tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    auditor = Auditor(full.log, full.sealed, full.blobs, copy_file(path), full.folder / "cache")
    assert (await auditor.verify()).ok
    path.write_bytes(b"no database at all" * 1000)
    assert "cannot be read" in wrong(await auditor.verify())["views"].detail


async def test_a_changed_checkpoint(full: Place) -> None:
    path = full.sealed.checkpoints.folder / f"{44:020d}"
    path.write_text(path.read_text().replace("\n44\n", "\n43\n"))
    found = wrong(await full.verify(quick=True))
    assert "checkpoint 44: the checkpoint's signature is wrong" in found["signatures"].detail
    assert found["signatures"].since == 44


async def test_a_checkpoint_of_another_log(full: Place) -> None:
    other = full.folder / "audit" / "20200101" / "checkpoints"
    other.mkdir(parents=True)
    assert "20200101" in wrong(await full.verify(quick=True))["one_log"].detail


async def test_another_key_than_the_one_that_was_noted(full: Place) -> None:
    auditor = Auditor(full.log, full.sealed, full.blobs, copy_file(full.views.path), full.folder / "cache")
    right = full.sealed.verifier()
    assert (await auditor.verify(quick=True, pinned=right)).ok
    other = Signer.new(full.sealed.origin).verifier
    found = wrong(await auditor.verify(quick=True, pinned=other))
    assert found.keys() >= {"key", "signatures"}


async def test_whoever_asks_meanwhile_gets_the_same_report(full: Place) -> None:
    await full.views.caught_up()
    auditor = Auditor(full.log, full.sealed, full.blobs, copy_file(full.views.path), full.folder / "cache")
    reports = await asyncio.gather(*(auditor.verify_once() for _ in range(5)))
    assert len({id(report) for report in reports}) == 1
