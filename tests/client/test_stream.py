"""Resuming a stream over breaks."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from raro.client import Frame, RaroClient
from raro.errors import BadClientId, ServerUnreachable
from tests.client.conftest import Peer, Request, Script, head


def patches_from(log: range, at_once: int) -> Script:
    """A server that sends the patches behind the cursor, some at once, and then breaks off."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        after = int(request.headers.get("last-event-id", "i:0").partition(":")[2])
        writer.write(head("200 OK", Content_Type="text/event-stream"))
        writer.write(b'event: hello\ndata: {"cursor": null}\n\n')
        for seq in [seq for seq in log if seq > after][:at_once]:
            writer.write(f'id: i:{seq}\nevent: patch\ndata: {{"seq": {seq}}}\n\n'.encode())
        writer.write(b'event: patch\ndata: {"cut": ')

    return script


async def take_patches(raro: RaroClient, count: int, after: str | None = None) -> list[Frame]:
    taken: list[Frame] = []
    async for frame in raro.stream(["runs"], after=after):
        taken += [frame] if frame.event == "patch" else []
        if len(taken) == count:
            break
    return taken


async def test_every_patch_comes_once_over_any_number_of_breaks(peer: Peer) -> None:
    peer.script = patches_from(range(1, 8), at_once=2)
    async with RaroClient(peer.url) as raro:
        taken = await take_patches(raro, 7)
    assert [frame.data["seq"] for frame in taken] == [1, 2, 3, 4, 5, 6, 7]
    assert [request.headers.get("last-event-id") for request in peer.requests] == [None, "i:2", "i:4", "i:6"]


async def test_a_stream_begins_behind_the_cursor_it_is_given(peer: Peer) -> None:
    peer.script = patches_from(range(1, 8), at_once=9)
    async with RaroClient(peer.url) as raro:
        taken = await take_patches(raro, 2, after="i:5")
    assert [frame.id for frame in taken] == ["i:6", "i:7"]
    assert "after=i%3A5" in peer.requests[0].target


async def test_it_waits_longer_after_each_failed_try(peer: Peer) -> None:
    times: list[float] = []

    async def busy_after_the_first(request: Request, writer: asyncio.StreamWriter) -> None:
        times.append(asyncio.get_running_loop().time())
        if len(times) in (2, 3, 4):
            writer.write(head("503 Service Unavailable", Content_Length="0"))
            return
        await patches_from(range(1, 3), at_once=1)(request, writer)

    peer.script = busy_after_the_first
    async with RaroClient(peer.url) as raro:
        await take_patches(raro, 2)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[1] < gaps[2] < gaps[3]


async def test_a_refused_stream_is_an_error_at_once(peer: Peer) -> None:
    async def refuse(request: Request, writer: asyncio.StreamWriter) -> None:
        body = b'{"code": "bad_client_id", "detail": "empty"}'
        writer.write(head("400 Bad Request", Content_Length=str(len(body))) + body)

    peer.script = refuse
    async with RaroClient(peer.url, "") as raro:
        with pytest.raises(BadClientId, match="empty"):
            await take_patches(raro, 1)


async def test_a_first_connection_that_fails_is_an_error() -> None:
    async with RaroClient("http://127.0.0.1:1") as raro:
        with pytest.raises(ServerUnreachable, match="raro up"):
            await take_patches(raro, 1)
