"""Views as patches: each change once, whatever breaks off in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from raro.client import Blocking, Patch, RaroClient
from raro.errors import BadRequest, ServerUnreachable
from tests.client.conftest import Peer, Request, Script, head

Frames = Sequence[tuple[str, dict[str, Any], str | None]]


def patch(view: str, name: str, seq: int, cursor: str | None = None) -> tuple[str, dict[str, Any], str | None]:
    return "patch", {"view": view, "upserts": [{"filename": name}], "removes": [], "head": seq}, cursor


HELLO = ("hello", {"cursor": None, "head": 1}, None)
FIRST: Frames = [
    HELLO,
    ("snapshot", {"view": "library", "rows": [{"filename": "a"}], "head": 1}, None),
    ("snapshot", {"view": "runs", "rows": [], "head": 1}, None),
    ("beat", {"head": 1}, "i:1"),
]


def in_turn(*connections: Frames) -> Script:
    """A server that gives each connection its frames and breaks off; the last one stays open."""
    left = list(connections)

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", Content_Type="text/event-stream"))
        for event, data, cursor in left.pop(0) if left else ():
            writer.write((f"id: {cursor}\n" if cursor else "").encode())
            writer.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())
        if not left:
            await writer.drain()
            await asyncio.sleep(30)

    return script


async def taken(raro: RaroClient, count: int, after: str | None = None) -> list[Patch]:
    found: list[Patch] = []
    async for one in raro.watch(["library", "runs"], after=after):
        found.append(one)
        if len(found) == count:
            return found
    raise AssertionError("it ended")


def names(patches: Sequence[Patch]) -> list[str]:
    return [row["filename"] for one in patches for row in one.upserts]


async def test_it_begins_with_all_rows_and_a_place_to_go_on_from(peer: Peer) -> None:
    peer.script = in_turn(FIRST)
    async with RaroClient(peer.url) as raro:
        library, runs = await taken(raro, 2)
    assert library == Patch("library", ({"filename": "a"},), (), 1, snapshot=True)
    assert runs == Patch("runs", (), (), 1, snapshot=True, cursor="i:1")


async def test_a_round_that_was_cut_off_comes_once(peer: Peer) -> None:
    whole = [patch("library", "b", 2), patch("runs", "c", 2, "i:2")]
    peer.script = in_turn([*FIRST, whole[0]], [HELLO, *whole, patch("library", "d", 3, "i:3")], [])
    async with RaroClient(peer.url) as raro:
        patches = await taken(raro, 5)
    assert names(patches) == ["a", "b", "c", "d"]
    assert [one.cursor for one in patches] == [None, "i:1", None, "i:2", "i:3"]
    assert [request.headers.get("last-event-id") for request in peer.requests][:2] == [None, "i:1"]


async def test_snapshots_that_were_cut_off_come_again_whole(peer: Peer) -> None:
    peer.script = in_turn(FIRST[:2], FIRST)
    async with RaroClient(peer.url) as raro:
        assert [one.view for one in await taken(raro, 2)] == ["library", "runs"]


async def test_a_log_that_is_another_one_brings_snapshots(peer: Peer) -> None:
    resync = ("resync", {"reason": "built anew"}, None)
    peer.script = in_turn([HELLO, patch("library", "b", 9, "i:9"), resync], FIRST)
    async with RaroClient(peer.url) as raro:
        patches = await taken(raro, 3, after="i:8")
    assert [one.snapshot for one in patches] == [False, True, True]
    assert [request.headers.get("last-event-id") for request in peer.requests] == ["i:8", None]


async def test_a_server_that_is_not_there_or_refuses_is_an_error(peer: Peer) -> None:
    async with RaroClient("http://127.0.0.1:1") as raro:
        with pytest.raises(ServerUnreachable):
            await taken(raro, 1)

    async def refuse(request: Request, writer: asyncio.StreamWriter) -> None:
        body = b'{"code": "bad_request", "detail": "no such view"}'
        writer.write(head("400 Bad Request", Content_Length=str(len(body))) + body)

    peer.script = refuse
    async with RaroClient(peer.url) as raro:
        with pytest.raises(BadRequest, match="no such view"):
            await taken(raro, 1)


async def test_leaving_the_loop_lets_the_server_go(peer: Peer) -> None:
    gone = asyncio.Event()

    async def noticed(request: Request, writer: asyncio.StreamWriter) -> None:
        await in_turn(FIRST, [])(request, writer)
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b": still here\n\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        gone.set()

    peer.script = noticed

    def look() -> list[str]:
        with Blocking(RaroClient(peer.url)) as raro:
            for one in raro.iterate(raro.client.watch(["library"])):
                return names([one])
        return []

    assert await asyncio.to_thread(look) == ["a"]
    async with asyncio.timeout(30):
        await gone.wait()
