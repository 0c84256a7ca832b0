"""Parts of files in memory."""

from __future__ import annotations

import asyncio

import pytest

from raro.client import Part, RaroClient
from raro.errors import BadAnswer, BadName, RangeNotSatisfiable, ServerUnreachable
from tests.client.conftest import Peer, Request, Script, head

DATA = bytes(range(100))


async def serve(request: Request, writer: asyncio.StreamWriter) -> None:
    """As RARO answers: one range, or 416 behind the end."""
    first, _, last = request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
    begin, end = int(first), min(int(last or len(DATA) - 1), len(DATA) - 1)
    if begin >= len(DATA):
        body = b'{"code": "range_not_satisfiable", "detail": "it has 100 bytes"}'
        writer.write(head("416 Range Not Satisfiable", Content_Length=str(len(body))) + body)
        return
    body = DATA[begin : end + 1]
    place = f"bytes {begin}-{end}/{len(DATA)}"
    sizes = {"Content_Length": str(len(body)), "Content_Range": place, "Content_Type": "application/octet-stream"}
    writer.write(head("206 Partial Content", **sizes) + body)


@pytest.mark.parametrize(("offset", "limit", "count"), [(0, 10, 10), (90, 10, 10), (95, 10, 5), (0, 1000, 100)])
async def test_a_part_is_what_was_asked_for_and_says_where_it_is(
    peer: Peer, offset: int, limit: int, count: int
) -> None:
    peer.script = serve
    async with RaroClient(peer.url) as raro:
        part = await raro.artifacts.read("run_1", "a/b.bin", offset=offset, limit=limit)
    assert part == Part(DATA[offset : offset + count], offset, 100, "application/octet-stream")
    assert (part.end, part.whole) == (offset + count, count == 100)


async def test_behind_the_end_there_is_nothing(peer: Peer) -> None:
    peer.script = serve
    async with RaroClient(peer.url) as raro:
        with pytest.raises(RangeNotSatisfiable, match="100 bytes"):
            await raro.library.read("a.bin", offset=100, limit=1)


async def test_an_empty_file_is_read_without_a_range(peer: Peer) -> None:
    async def empty(request: Request, writer: asyncio.StreamWriter) -> None:
        status = "416 Range Not Satisfiable" if "range" in request.headers else "200 OK"
        body = b'{"code": "range_not_satisfiable"}' if "range" in request.headers else b""
        writer.write(head(status, Content_Type="text/plain; charset=utf-8", Content_Length=str(len(body))) + body)

    peer.script = empty
    async with RaroClient(peer.url) as raro:
        assert await raro.library.read("empty.txt", limit=10) == Part(b"", 0, 0, "text/plain")


async def unsized(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(head("200 OK", Content_Type="text/plain") + b"who knows how long")


async def cut(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(head("206 Partial Content", Content_Range="bytes 0-99/100", Content_Length="100") + b"only this")


@pytest.mark.parametrize(("script", "error"), [(unsized, BadAnswer), (cut, ServerUnreachable)])
async def test_an_answer_that_is_not_whole_is_an_error(peer: Peer, script: Script, error: type[Exception]) -> None:
    peer.script = script
    async with RaroClient(peer.url) as raro:
        with pytest.raises(error):
            await raro.library.read("a.bin", limit=100)


@pytest.mark.parametrize("name", ["", ".", "..", "\ud800"])
async def test_a_name_that_would_lead_elsewhere_is_not_sent(peer: Peer, name: str) -> None:
    async with RaroClient(peer.url) as raro:
        for call in (
            raro.library.read(name, limit=1),
            raro.library.delete(name),
            raro.artifacts.pin("run_1", f"a/{name}" if name else ""),
            raro.artifacts.pin(name, "a"),
            raro.runs.stop(name),
        ):
            with pytest.raises(BadName):
                await call
    assert peer.requests == []
