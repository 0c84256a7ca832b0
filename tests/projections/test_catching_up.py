"""Views that are far behind: read and folded at full speed, and equal to those that followed event by event."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event as Flag

import pytest

from raro.errors import LogUnavailable
from raro.events.log import EventLog
from raro.events.raw import Endpoint, endpoint_of
from raro.projections.refolding import catch_up
from raro.projections.store import Folded, Store
from raro.projections.views import Views
from tests.events.conftest import paused

COUNT = 24_000


@pytest.fixture
async def long(log: EventLog) -> EventLog:
    for begin in range(0, COUNT, 1000):
        await log.append([paused(f"run_{begin}", begin + number) for number in range(1000)])
    return log


async def test_all_of_it_is_there_and_live_reading_goes_on(long: EventLog, tmp_path: Path) -> None:
    views = Views(tmp_path / "raro.duckdb", long)
    await views.start()
    try:
        await views.caught_up()
        seq = await long.append([paused("run_last", 1)])
        await views.wait_for(seq, 60)
        found = await views.ask(lambda db: db.execute("SELECT count(*), min(seq), max(seq) FROM events").fetchone())
        assert found == (COUNT + 1, 1, COUNT + 1)
    finally:
        await views.close()


async def test_closing_does_not_wait_for_the_end(long: EventLog, tmp_path: Path) -> None:
    views = Views(tmp_path / "raro.duckdb", long)
    await views.start()
    await asyncio.sleep(0.05)
    async with asyncio.timeout(30):
        await views.close()
    again = Views(tmp_path / "raro.duckdb", long)
    await again.start()
    await again.caught_up()
    found = await again.ask(lambda db: db.execute("SELECT count(*) FROM events").fetchone())
    await again.close()
    assert found == (COUNT,)


async def test_what_was_folded_before_the_log_went_away_stays(long: EventLog, tmp_path: Path) -> None:
    store = Store.create(tmp_path / "raro.duckdb", long.incarnation)
    told: list[Folded] = []
    await asyncio.to_thread(catch_up, store, endpoint_of(long.nc), 5_000, told.append, Flag())
    assert (store.cursor.seq, told[-1].cursor.seq) == (5_000, 5_000)
    with pytest.raises(LogUnavailable):
        await asyncio.to_thread(catch_up, store, Endpoint("127.0.0.1", 9), COUNT, told.append, Flag())
    assert store.cursor.seq == 5_000
    await asyncio.to_thread(catch_up, store, endpoint_of(long.nc), COUNT, told.append, Flag())
    assert store.cursor.seq == COUNT
    stopped = Flag()
    stopped.set()
    await asyncio.to_thread(catch_up, store, endpoint_of(long.nc), COUNT, told.append, stopped)
    store.close()
