"""Views that are far behind: read and folded at full speed, and equal to those that followed event by event."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from threading import Event as Flag

import pytest
from nats.aio.client import Client

from raro.errors import LogUnavailable
from raro.events.log import EventLog
from raro.events.raw import Endpoint, endpoint_of
from raro.projections.catching_up import catch_up
from raro.projections.store import Folded, Store
from raro.projections.views import Views
from tests.events.conftest import paused, read_until

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


async def test_an_event_that_breaks_its_type_and_a_large_one_are_folded_as_live(
    long: EventLog, nc: Client, tmp_path: Path
) -> None:
    uploaded = "raro.evt.acme.library.f1.file_uploaded"
    await nc.request(uploaded, b'{"id":"i","type":"t","data":{"size_bytes":"many"}}')
    await nc.request(uploaded, b"no event")
    large = json.dumps({"id": "l", "type": "t", "data": {"text": "x" * 500_000}}).encode()
    await nc.request("raro.evt.acme.run.run_0.danced", large)
    head = await long.append([paused("run_last", number) for number in range(500)])
    quick = Store.create(tmp_path / "quick.duckdb", long.incarnation)
    told: list[Folded] = []

    await asyncio.to_thread(catch_up, quick, endpoint_of(nc), head, told.append, Flag())

    live = Store.create(tmp_path / "live.duckdb", long.incarnation)
    live.fold(await read_until(long, head))
    assert quick.cursor == live.cursor
    assert [seq for folded in told for seq in folded.unreadable] == [COUNT + 1]
    for table in ("events", "runs", "library_files"):
        rows = [sorted(store.reader().execute(f"FROM {table}").fetchall(), key=repr) for store in (quick, live)]
        assert rows[0] == rows[1], table
    quick.close()
    live.close()
