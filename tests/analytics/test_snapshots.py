"""Snapshots: as fresh as the views, kept while they are read, bounded, and gone at the next start."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from raro.analytics.desk import Desk
from raro.analytics.process import Caps
from raro.analytics.snapshots import Snapshots
from raro.errors import SqlBusy, SqlTimeout
from raro.events.log import EventLog
from raro.projections.views import Views
from tests.analytics.conftest import ADA, BOB, SMALL, Step, events_of, past, run_of, upload

_COUNT = "SELECT count(*), max(seq) FROM events"


async def append(log: EventLog, views: Views, *steps: Step) -> int:
    """Append, and wait until the views show it."""
    first = await log.head() + 1
    await log.append(events_of(steps, first))
    await views.caught_up()
    return await log.head()


async def count_of(desk: Desk, client_id: str | None, *, at_least: int = 0) -> tuple[int, int]:
    """How many events a client sees, and the event up to which that is known."""
    asked = await desk.sql(client_id, _COUNT, at_least=at_least)
    return json.loads(asked.found.body)[0], asked.seq


def kept(folder: Path) -> list[str]:
    """The clients whose snapshots are on disk."""
    return sorted(path.name.rpartition("-")[0] for path in folder.glob("*-*"))


async def test_the_next_question_sees_what_was_just_done(desk: Desk, log: EventLog, views: Views) -> None:
    before, _ = await count_of(desk, ADA)
    head = await append(log, views, upload(ADA, "new.csv"))
    assert await count_of(desk, ADA, at_least=head) == (before + 1, head)


async def test_what_others_do_moves_the_seq_and_makes_no_new_file(
    desk: Desk, log: EventLog, views: Views, tmp_path: Path
) -> None:
    before = await count_of(desk, ADA)
    files = set((tmp_path / "sql").iterdir())
    head = await append(log, views, *run_of(BOB, "run_9"))
    assert await count_of(desk, ADA) == (before[0], head)
    assert set((tmp_path / "sql").iterdir()) == files


async def test_everybodys_rows_are_asked_with_nobodys_name(desk: Desk) -> None:
    assert await count_of(desk, None) == (len(past()), len(past()))


async def test_snapshots_are_kept_level_in_the_background(
    desk: Desk, log: EventLog, views: Views, tmp_path: Path
) -> None:
    await count_of(desk, ADA)
    keeping = asyncio.create_task(desk.run())
    head = await append(log, views, upload(ADA, "new.csv"))
    async with asyncio.timeout(60):
        while all(_seq_of(path) < head for path in (tmp_path / "sql").glob("*/raro.duckdb")):
            await asyncio.sleep(0.05)
    keeping.cancel()
    await asyncio.wait([keeping])


def _seq_of(path: Path) -> int:
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return int(connection.execute("SELECT seq FROM snapshot").fetchall()[0][0])
    except duckdb.Error:
        return 0  # it is being written, or just went


async def test_a_file_is_kept_while_it_is_read(views: Views, log: EventLog, tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "kept", views, most_bytes=2**30)
    async with snapshots.of(ADA) as old:
        await append(log, views, upload(ADA, "new.csv"))
        async with snapshots.of(ADA) as new:
            assert new.path != old.path
            assert old.path.exists()
    assert not old.path.exists()
    assert new.path.exists()


async def test_many_who_ask_at_once_share_one_file(views: Views, tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "shared", views, most_bytes=2**30)

    async def path() -> Path:
        async with snapshots.of(ADA) as found:
            return found.path

    assert len(set(await asyncio.gather(*(path() for _ in range(20))))) == 1


async def test_there_are_never_more_files_or_bytes_than_may_be(views: Views, tmp_path: Path) -> None:
    many = Snapshots(tmp_path / "many", views, most_bytes=2**30)
    for number in range(40):
        async with many.of(f"client_{number}"):
            pass
    assert len(kept(tmp_path / "many")) == 32
    assert "client_0" not in kept(tmp_path / "many")
    small = Snapshots(tmp_path / "small", views, most_bytes=1)
    for client_id in (ADA, BOB):
        async with small.of(client_id):
            pass
    assert kept(tmp_path / "small") == [BOB]


async def test_files_of_an_earlier_start_are_removed(views: Views, tmp_path: Path) -> None:
    (tmp_path / "left" / "ada-7").mkdir(parents=True)
    (tmp_path / "left" / "ada-7" / "raro.duckdb").touch()
    Snapshots(tmp_path / "left", views, most_bytes=2**30)
    assert not (tmp_path / "left").exists()


async def test_others_may_not_read_the_files(desk: Desk, tmp_path: Path) -> None:
    await count_of(desk, ADA)
    assert (tmp_path / "sql").stat().st_mode & 0o077 == 0


async def test_a_client_waits_for_itself_and_not_for_another(views: Views, tmp_path: Path) -> None:
    desk = Desk(views, tmp_path / "turns", Caps(1.5, SMALL.memory_bytes, 10, 1000), at_once=2, cache_bytes=2**30)
    slow = [asyncio.ensure_future(desk.sql(ADA, "SELECT sleep_ms(60000)")) for _ in range(2)]
    await asyncio.sleep(0)
    assert (await desk.sql(BOB, "SELECT 1")).found.body == b"[1]"
    assert not any(asked.done() for asked in slow[1:])
    ended: list[Any] = await asyncio.gather(*slow, return_exceptions=True)
    assert [type(end) for end in ended] == [SqlTimeout, SqlTimeout]
    await desk.close()


async def test_who_comes_when_too_many_wait_is_told_so(desk: Desk) -> None:
    waiting = [asyncio.ensure_future(desk.sql(ADA, "SELECT sleep_ms(50)")) for _ in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(SqlBusy):
        await desk.sql(ADA, "SELECT 1")
    others = [asyncio.ensure_future(desk.sql(f"client_{number}", "SELECT 1")) for number in range(24)]
    await asyncio.sleep(0)
    with pytest.raises(SqlBusy):
        await desk.sql("one_more", "SELECT 1")
    for asked in [*waiting, *others]:
        asked.cancel()
    await asyncio.wait([*waiting, *others])
    assert (await desk.sql(ADA, "SELECT 1")).found.body == b"[1]"
