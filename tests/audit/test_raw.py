"""Reading the stream as it is stored, from a real nats-server."""

from __future__ import annotations

import asyncio
import json

import pytest
from nats.aio.client import Client

from raro.errors import LogUnavailable
from raro.events.direct import get_one
from raro.events.log import EventLog
from raro.events.raw import Endpoint, Stored, endpoint_of, read_stored
from raro.events.stream import STREAM
from raro.events.wire import js_request
from tests.audit.conftest import Place, paused


async def everything(log: EventLog, first: int = 1, last: int | None = None) -> list[Stored]:
    head = last if last is not None else await log.head()
    endpoint = endpoint_of(log.nc)
    return await asyncio.to_thread(lambda: [one for group in read_stored(endpoint, first, head) for one in group])


async def test_every_byte_is_what_the_server_has(place: Place, nc: Client) -> None:
    await place.append(5)
    found = await everything(place.log)
    assert [message.seq for message in found] == list(range(1, 9))
    for message in found:
        stored = await get_one(nc, message.seq)
        assert stored is not None
        assert (stored.body, stored.subject.encode()) == (message.body, message.subject)
        said = await js_request(nc, f"STREAM.MSG.GET.{STREAM}", {"seq": message.seq})
        assert json.loads(message.body)["id"] in message.headers.decode()
        assert abs(message.time_ns / 1e9 - _unix(said["message"]["time"])) < 0.001
    assert b"Nats-Batch-Commit: 1" in found[-1].headers


async def test_a_part_of_the_log(place: Place) -> None:
    await place.append(5)
    assert [message.seq for message in await everything(place.log, 3, 6)] == [3, 4, 5, 6]
    assert await everything(place.log, 7, 6) == []
    assert [message.seq for message in await everything(place.log, 7, 100)] == [7, 8]


async def test_more_than_one_flow_control_window(log: EventLog) -> None:
    for begin in range(0, 20_000, 1000):
        await log.append([paused(begin + number) for number in range(1000)])
    assert [message.seq for message in await everything(log)] == list(range(1, 20_001))


async def test_nobody_there_is_said() -> None:
    with pytest.raises(LogUnavailable, match="reading the event log broke off"):
        list(read_stored(Endpoint("127.0.0.1", 9), 1, 5))


async def test_a_wrong_password_is_said(place: Place) -> None:
    await place.append(1)
    there = endpoint_of(place.log.nc)
    with pytest.raises(LogUnavailable, match="reading the event log broke off"):
        await asyncio.to_thread(lambda: list(read_stored(Endpoint(there.host, there.port, "raro", "wrong"), 1, 5)))


def _unix(text: str) -> float:
    from datetime import datetime

    head, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{head}+00:00").timestamp() + float(f"0.{fraction or 0}")
