"""A look at the past reads the archive first: the answers are the log's, and an archive that lies is left aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event

import pyarrow.parquet as pq
import pytest

from raro.archive.archive import Archive
from raro.archive.extending import Stopped, extend
from raro.archive.manifest import write_manifest
from raro.events.raw import Stored, endpoint_of, read_stored
from raro.files.blobs import hash_file
from raro.replay.replay import Replay
from tests.archive.test_archive import flip
from tests.audit.conftest import Place, place
from tests.replay.conftest import SMALL, glance, replaying, snapshots, story

__all__ = ["place"]

ARCHIVED, EVENTS = 57, 93


@asynccontextmanager
async def with_past(place: Place, archive: Archive | None, name: str) -> AsyncIterator[Replay]:
    """The past, with snapshots of its own."""
    made = Replay(place.log, place.folder / name, SMALL, archive)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def archive(place: Place) -> Archive:
    """The first events of a story archived, the rest in the log alone."""
    for first in range(1, ARCHIVED + 1, 3):
        await place.log.append(story(3, first))
    await place.views.caught_up()
    sealed = await place.sealer.seal()
    assert sealed is not None
    assert sealed.size == ARCHIVED
    made = Archive(place.folder / "archive", place.sealed)
    await asyncio.to_thread(extend, made, endpoint_of(place.log.nc), ARCHIVED)
    # Sealing is an event itself: the story goes on behind it.
    await place.log.append(story(EVENTS - await place.log.head(), await place.log.head() + 1))
    return made


async def stored(place: Place, first: int, last: int) -> list[Stored]:
    endpoint = endpoint_of(place.log.nc)
    groups = await asyncio.to_thread(lambda: list(read_stored(endpoint, first, last)))
    return [message for group in groups for message in group]


@pytest.mark.parametrize(("first", "last"), [(1, 57), (1, 1), (57, 57), (20, 41), (50, 93), (58, 93)])
async def test_archived_events_are_read_as_they_are_stored(
    place: Place, archive: Archive, first: int, last: int
) -> None:
    found = [message for group in archive.read(first, last) for message in group]
    assert found == await stored(place, first, min(last, ARCHIVED))


async def test_every_point_is_what_the_log_says(place: Place, archive: Archive) -> None:
    async with with_past(place, archive, "first") as shorter, with_past(place, None, "second") as longer:
        for seq in (EVENTS, 1, 9, 10, 11, 56, 57, 58, 60, 61, 30, 0):
            assert await shorter.ask(seq, glance) == await longer.ask(seq, glance), seq


async def test_the_first_look_begins_at_the_archives_end(place: Place, archive: Archive) -> None:
    async with with_past(place, archive, "past") as past:
        await past.ask(EVENTS, glance)
        assert list(snapshots(place.folder / "past")) == [60, 70, 80, 90]
        keeping = asyncio.create_task(past.run())
        while list(snapshots(place.folder / "past")) != list(range(10, EVENTS, 10)):
            await asyncio.sleep(0.05)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping


def edit_event(archive: Archive) -> None:
    """Another body for the last archived event, signed for as somebody would who has the key."""
    manifest = archive.manifest()
    assert manifest is not None
    segment = manifest.segments[-1]
    path = archive.folder / segment.name
    rows = pq.read_table(path).to_pylist()
    rows[-1]["body"] = rows[-1]["body"].replace(b"a", b"b")
    table = pq.read_table(path)
    pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    signed_again(archive, segments=(segment.model_copy(update={"sha256": hash_file(path)}),))


def say_another_end(archive: Archive) -> None:
    manifest = archive.manifest()
    assert manifest is not None
    signed_again(archive, state=manifest.state.model_copy(update={"hash": "0" * 64}))


def signed_again(archive: Archive, **update: object) -> None:
    manifest = archive.manifest()
    assert manifest is not None
    write_manifest(archive.folder, manifest.model_copy(update=update), archive.sealed.signer(), archive.sealed.origin)


LIES: dict[str, Callable[[Archive], object]] = {
    "a table": lambda archive: flip(next(archive.folder.glob("state-*/runs.parquet"))),
    "a segment": lambda archive: flip(next(archive.folder.glob("0*.parquet"))),
    "no segment": lambda archive: next(archive.folder.glob("0*.parquet")).unlink(),
    "an event, signed": edit_event,
    "the end, signed": say_another_end,
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_archive_that_lies_changes_no_answer(
    place: Place, archive: Archive, lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    LIES[lie](archive)
    async with with_past(place, archive, "first") as past, replaying(place.log, place.folder / "second") as honest:
        for seq in (EVENTS, ARCHIVED, 55, 12):
            assert await past.ask(seq, glance) == await honest.ask(seq, glance), seq
    assert "the archive is" in caplog.text


async def test_an_extension_that_is_stopped_leaves_the_archive_as_it_was(place: Place, archive: Archive) -> None:
    sealed = await place.sealer.seal()
    assert sealed is not None
    before = archive.manifest()
    assert before is not None
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        extend(archive, endpoint_of(place.log.nc), sealed.size, stop)
    assert archive.manifest() == before
    assert not list(archive.folder.glob(".work-*"))
