"""The archive grows while RARO serves."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

from raro.archive.archive import Archive
from raro.archive.archivist import Archivist
from raro.wiring.kept import archive_of
from tests.api.conftest import staged
from tests.audit.conftest import Place, place

__all__ = ["place"]


def archivist(place: Place, *, least: int = 1, age: timedelta = timedelta()) -> tuple[Archivist, Archive]:
    archive = Archive(place.folder / "archive", place.sealed)
    return Archivist(archive, place.log, place.views, age=age, least=least), archive


async def ended(place: Place, count: int) -> None:
    """Events of no run that goes on, sealed and in the views."""
    head = await place.log.head()
    for number in range(count):
        await place.upload(f"{head + number}".encode())
    await place.views.caught_up()
    assert await place.sealer.seal() is not None


async def test_it_takes_what_is_worth_a_file(place: Place) -> None:
    keeper, archive = archivist(place, least=10)
    await ended(place, 5)
    assert await keeper.extend() is None
    await ended(place, 6)
    done = await keeper.extend()
    assert done is not None
    assert (done.first, done.last) == (1, 12)
    assert await keeper.extend() is None
    assert archive.check() is not None


async def test_what_is_young_stays_out(place: Place) -> None:
    keeper, archive = archivist(place, age=timedelta(hours=1))
    await ended(place, 5)
    assert await keeper.extend() is None
    assert archive.manifest() is None


async def test_who_stops_it_leaves_an_archive_that_is_whole(place: Place) -> None:
    keeper, archive = archivist(place)
    await ended(place, 40)
    for pause_s in (0, 0.01, 0.05, 0.2):
        extending = asyncio.create_task(keeper.extend())
        await asyncio.sleep(pause_s)
        extending.cancel()
        await asyncio.wait({extending})
        assert not list(place.folder.glob("archive/*/.work-*"))
        assert archive.check() == archive.manifest()
    await keeper.extend()
    assert archive.check() is not None


async def test_a_server_archives_by_itself_and_builds_its_views_from_there(tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    always = {"archive_interval_s": 0.2, "archive_days": 0.0, "archive_events": 20, "seal_s": 0.2}
    async with staged(storage, **always) as stage, stage.client("acme") as client:
        for number in range(30):
            (await client.put(f"/runtime/library/files/{number}.txt", content=b"x")).raise_for_status()
        async with asyncio.timeout(60):
            while not list((storage / "archive").glob("*/manifest.json")):
                await asyncio.sleep(0.1)
        before = (await client.get("/runtime/library")).json()["files"]
        archive = archive_of(stage.raro.core.settings, stage.raro.core.log)
        assert await asyncio.to_thread(archive.check) is not None
    shutil.rmtree(storage / "projections")
    async with staged(storage) as stage, stage.client("acme") as client:
        assert (await client.get("/runtime/library")).json()["files"] == before
