"""Requests as a server sees them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from raro.client import Blocking, RaroClient
from raro.errors import BadAnswer, BadRequest, ServerUnreachable
from tests.client.conftest import Peer, Request, head


async def ok(request: Request, writer: asyncio.StreamWriter) -> None:
    body = b'{"success": true, "run_id": "r1", "seq": 7}'
    writer.write(head("200 OK", Content_Length=str(len(body))) + body)


async def test_a_broken_post_is_repeated_with_the_same_key(peer: Peer) -> None:
    async def break_once(request: Request, writer: asyncio.StreamWriter) -> None:
        if len(peer.requests) > 1:
            await ok(request, writer)

    peer.script = break_once
    async with RaroClient(peer.url) as raro:
        assert (await raro.runs.start({"directive": "look"}))["run_id"] == "r1"
    first, second = peer.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


async def test_each_post_has_a_key_of_its_own(peer: Peer) -> None:
    peer.script = ok
    async with RaroClient(peer.url) as raro:
        await raro.runs.start({"directive": "look"})
        await raro.runs.start({"directive": "look"})
    assert len({request.headers["idempotency-key"] for request in peer.requests}) == 2


async def test_the_client_is_named_only_when_it_has_a_name(peer: Peer) -> None:
    peer.script = ok
    for client_id in ("lab", None):
        async with RaroClient(peer.url, client_id) as raro:
            await raro.health()
    assert [request.headers.get("x-raro-client-id") for request in peer.requests] == ["lab", None]


async def test_names_stay_one_segment_and_paths_keep_theirs(peer: Peer) -> None:
    peer.script = ok
    async with RaroClient(peer.url) as raro:
        await raro.library.link("a b/../ü?.csv")
        await raro.artifacts.pin("r1", "charts/größe #1.png")
    assert [request.target for request in peer.requests] == [
        "/runtime/library/files/a%20b%2F..%2F%C3%BC%3F.csv/link",
        "/runtime/artifacts/r1/files/charts/gr%C3%B6%C3%9Fe%20%231.png/pin",
    ]


async def test_an_upload_arrives_as_it_is_on_disk(peer: Peer, tmp_path: Path) -> None:
    peer.script = ok
    source = tmp_path / "a.bin"
    source.write_bytes(bytes(range(256)) * 12_000)
    told: list[int] = []
    async with RaroClient(peer.url) as raro:
        await raro.library.upload(source, progress=told.append)
    assert peer.requests[0].body == source.read_bytes()
    assert sum(told) == source.stat().st_size


@pytest.mark.parametrize("name", ["missing.csv", "."])
async def test_what_cannot_be_uploaded_is_named(peer: Peer, tmp_path: Path, name: str) -> None:
    async with RaroClient(peer.url) as raro:
        with pytest.raises(BadRequest, match=str(tmp_path)):
            await raro.library.upload(tmp_path / name)


async def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    async with RaroClient("http://127.0.0.1:1") as raro:
        with pytest.raises(ServerUnreachable, match=r"127\.0\.0\.1:1 .*raro up"):
            await raro.library.list()


async def test_something_else_behind_the_address_is_told(peer: Peer) -> None:
    async def web_page(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK", Content_Length="6") + b"<html>")

    peer.script = web_page
    async with RaroClient(peer.url) as raro:
        with pytest.raises(BadAnswer, match="is it a RARO server"):
            await raro.library.list()


async def test_a_program_without_a_loop_uses_the_same_client(peer: Peer) -> None:
    async def two_frames(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head("200 OK") + b"event: beat\ndata: {}\n\nevent: beat\ndata: {}\n\n")

    peer.script = two_frames

    def program() -> list[str]:
        with Blocking(RaroClient(peer.url)) as raro:
            return [frame.event for frame in raro.iterate(raro.client.stream(["runs"], reconnect=False))]

    assert await asyncio.to_thread(program) == ["beat", "beat"]
