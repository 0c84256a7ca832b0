"""Scratch databases and snapshots over a real log: right at every point, whatever happens to the files."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from raro.errors import ReplayBusy, ReplayPreparing
from raro.events.log import EventLog
from raro.projections.store import Store
from raro.replay.replay import Replay
from raro.replay.scratch import shape
from raro.replay.snapshots import Snapshots
from raro.replay.source import Source
from tests.replay.conftest import EVERY, SMALL, expected_version, glance, replaying, snapshots, story

EVENTS = 57


@pytest.fixture
async def told(log: EventLog) -> EventLog:
    """A log that holds the story."""
    await log.append(story(EVENTS))
    return log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds nothing else."""
    return tmp_path / "replay"


async def is_right(past: Replay, seq: int) -> None:
    """The answer at a point is what folding the log anew up to there gives."""
    files, runs = await past.ask(seq, glance)
    assert [row["version"] for row in files] == ([expected_version(seq)] if seq >= 4 else [])
    begun = {number // 4 for number in range(1, seq + 1) if number % 4 == 1}
    assert {row["run_id"] for row in runs} == {f"run_{number}" for number in begun}
    assert all(row["seq"] <= seq for row in [*files, *runs])
    done = [row["run_id"] for row in runs if row["status"] == "completed"]
    assert len(done) == sum(number % 4 == 3 for number in range(1, seq + 1))


async def test_every_point_is_right_in_whatever_order(told: EventLog, folder: Path) -> None:
    points = [0, 1, EVENTS, *random.Random(7).sample(range(EVENTS + 1), 25)]
    async with replaying(told, folder) as past:
        for seq in points:
            await is_right(past, seq)
        assert list(snapshots(folder)) == [10, 20, 30, 40, 50]


async def test_points_are_right_when_many_ask_at_once(told: EventLog, folder: Path) -> None:
    points = random.Random(3).choices(range(EVENTS + 1), k=30)
    async with replaying(told, folder) as past, asyncio.timeout(60), asyncio.TaskGroup() as group:
        for seq in points:
            group.create_task(is_right(past, seq))


async def test_who_comes_when_too_many_wait_is_told_so(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder, replace(SMALL, at_once=1)) as past:
        asked = await asyncio.gather(*(past.ask(seq, glance) for seq in range(50)), return_exceptions=True)
        refused = [answer for answer in asked if isinstance(answer, BaseException)]
        assert refused
        assert {type(error) for error in refused} == {ReplayBusy}
        await is_right(past, EVENTS)


async def test_who_goes_away_leaves_everything_in_order(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder) as past:
        for seq in range(5, EVENTS, 5):
            asking = asyncio.create_task(past.ask(seq, glance))
            await asyncio.sleep(0.002 * seq)
            asking.cancel()
            await asyncio.wait([asking])
        await is_right(past, 33)


async def test_snapshots_are_made_ahead_once_somebody_asked(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder) as past:
        keeping = asyncio.create_task(past.run())
        await is_right(past, 3)
        await arrives(lambda: 50 in snapshots(folder))
        await told.append(story(10, EVENTS + 1))
        await arrives(lambda: 60 in snapshots(folder))
        await is_right(past, 67)
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_nothing_is_made_before_somebody_asked(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder) as past:
        keeping = asyncio.create_task(past.run())
        await asyncio.sleep(0.2)
        assert not list(folder.rglob("*.duckdb"))
        keeping.cancel()
        await asyncio.wait([keeping])


async def test_snapshots_last_beyond_a_restart(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder) as past:
        await is_right(past, EVENTS)
    made = {seq: path.stat().st_ino for seq, path in snapshots(folder).items()}
    async with replaying(told, folder) as past:
        await is_right(past, EVENTS)
    assert {seq: path.stat().st_ino for seq, path in snapshots(folder).items()} == made


async def test_snapshots_of_other_sql_or_another_log_are_thrown_away(told: EventLog, folder: Path) -> None:
    older, another = folder / f"0123456789abcdef-{told.incarnation}", folder / "0123456789abcdef-1"
    for left in (older, another, folder / "work" / "7"):
        left.mkdir(parents=True)
        (left / "000000000010.duckdb").write_bytes(b"older")
    async with replaying(told, folder) as past:
        assert not snapshots(folder)
        await is_right(past, 15)


def rubbish(path: Path) -> None:
    path.write_bytes(b"rubbish" * 1000)


def cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def holes(path: Path) -> None:
    """Pages behind the head are overwritten: the file opens, and breaks when it is read."""
    data = bytearray(path.read_bytes())
    data[3 * 4096 :] = bytes(len(data) - 3 * 4096)
    path.write_bytes(data)


def of_other_sql(path: Path) -> None:
    store = Store.open(path)
    store.reader().execute("UPDATE cursor SET version = 'older'")
    store.close()


def of_other_events(path: Path) -> None:
    store = Store.open(path)
    store.reader().execute(f"UPDATE cursor SET hash = '{'0' * 64}'")
    store.reader().execute("UPDATE runs SET status = 'failed'")
    store.close()


def of_another_point(path: Path) -> None:
    store = Store.open(path)
    store.reader().execute("UPDATE cursor SET seq = seq - 1")
    store.close()


@pytest.mark.parametrize("damage", [Path.unlink, rubbish, cut, holes, of_other_sql, of_other_events, of_another_point])
async def test_a_snapshot_that_cannot_be_trusted_is_made_again(
    told: EventLog, folder: Path, damage: Callable[[Path], None]
) -> None:
    async with replaying(told, folder) as past:
        await is_right(past, EVENTS)
    for seq in (20, 50):
        damage(snapshots(folder)[seq])
    async with replaying(told, folder) as past:
        for seq in (25, 57):
            await is_right(past, seq)


async def test_snapshots_take_no_more_room_than_they_may(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder) as past:
        await is_right(past, 10)
    one = snapshots(folder)[10].stat().st_size
    async with replaying(told, folder, replace(SMALL, cache_bytes=3 * one + one // 2)) as past:
        for seq in (EVENTS, 12, 34):
            await is_right(past, seq)
            assert 1 <= len(snapshots(folder)) <= 3


async def test_the_least_recently_used_snapshot_goes_first(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder) as past:
        await is_right(past, 42)
    all_four = sum(path.stat().st_size for path in snapshots(folder).values())
    snapshots(folder)[40].unlink()
    async with replaying(told, folder, replace(SMALL, cache_bytes=all_four - 1)) as past:
        await is_right(past, 12)
        await is_right(past, 42)
    assert list(snapshots(folder)) == [10, 30, 40]


async def test_a_snapshot_may_end_within_a_command(log: EventLog, folder: Path) -> None:
    for first in range(1, EVENTS + 1, 4):
        await log.append(story(4, first))
    async with replaying(log, folder) as past:
        for seq in (EVERY, EVERY + 1, EVENTS, 21, 19):
            await is_right(past, seq)


async def test_who_cannot_wait_is_told_how_far_it_is(told: EventLog, folder: Path) -> None:
    made = Snapshots(Source(told), folder, every=EVERY, most_bytes=1024**3, shape=shape(128), patience_s=0)
    with pytest.raises(ReplayPreparing) as waiting:
        await made.ready(EVENTS)
    assert waiting.value.detail["prepared"] == 0
    # It is made all the same.
    await arrives(lambda: 50 in snapshots(folder))
    await made.ready(EVENTS)
    await made.close()


async def test_nothing_is_left_open_or_on_the_disk(told: EventLog, folder: Path) -> None:
    async with replaying(told, folder) as past:
        for seq in (1, 57, 33, 12, 5):
            await is_right(past, seq)
        assert len(list((folder / "work").glob("*"))) <= SMALL.at_once + 1
    assert not list((folder / "work").glob("*"))


async def arrives(there: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(60):
        while not there():
            await asyncio.sleep(0.05)
