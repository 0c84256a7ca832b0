"""Downloads over connections that break."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import pytest

from raro.client import RaroClient
from raro.errors import FileNotFound, ServerUnreachable, StorageFault, TransferDamaged
from tests.client.conftest import Peer, Request, Script, head

DATA = os.urandom(300_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


def breaking_every(step: int, data: bytes = DATA, sha256: str = SHA256) -> Script:
    """A server of one file that breaks off after `step` bytes of each answer."""

    async def script(request: Request, writer: asyncio.StreamWriter) -> None:
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        status = "206 Partial Content" if start else "200 OK"
        writer.write(head(status, ETag=f'"{sha256}"', Content_Length=str(len(data) - start)))
        writer.write(data[start : start + step])

    return script


async def test_a_download_that_breaks_goes_on_where_it_ended(peer: Peer, tmp_path: Path) -> None:
    peer.script = breaking_every(120_000)
    async with RaroClient(peer.url) as raro:
        done = await raro.library.download("a.bin", tmp_path / "a.bin")
    assert (done.sha256, (tmp_path / "a.bin").read_bytes()) == (SHA256, DATA)
    asked = [request.headers["range"] for request in peer.requests[1:]]
    assert len(asked) == 2
    assert all(request.headers["if-range"] == f'"{SHA256}"' for request in peer.requests[1:])
    assert list(tmp_path.iterdir()) == [tmp_path / "a.bin"]


async def test_a_later_download_uses_what_an_earlier_one_left(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / f".a.bin.{SHA256}.part").write_bytes(DATA[:100_000])
    peer.script = breaking_every(len(DATA))
    told: list[int] = []
    async with RaroClient(peer.url) as raro:
        done = await raro.library.download("a.bin", tmp_path / "a.bin", progress=told.append)
    assert (done.resumed_at, sum(told)) == (100_000, len(DATA))
    assert (tmp_path / "a.bin").read_bytes() == DATA


async def test_a_part_that_was_whole_already_is_only_checked(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / f".a.bin.{SHA256}.part").write_bytes(DATA)
    peer.script = breaking_every(len(DATA))
    async with RaroClient(peer.url) as raro:
        done = await raro.library.download("a.bin", tmp_path / "a.bin")
    assert (done.resumed_at, len(peer.requests)) == (len(DATA), 1)


async def test_a_part_that_is_too_long_is_thrown_away(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / f".a.bin.{SHA256}.part").write_bytes(DATA + b"more")
    peer.script = breaking_every(len(DATA))
    async with RaroClient(peer.url) as raro:
        done = await raro.library.download("a.bin", tmp_path / "a.bin")
    assert (done.resumed_at, (tmp_path / "a.bin").read_bytes()) == (0, DATA)


async def test_bytes_that_are_not_those_named_never_become_the_file(peer: Peer, tmp_path: Path) -> None:
    peer.script = breaking_every(len(DATA), sha256="0" * 64)
    async with RaroClient(peer.url) as raro:
        with pytest.raises(TransferDamaged, match="the server named 0000"):
            await raro.library.download("a.bin", tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []


async def test_an_earlier_file_stays_until_the_new_one_is_whole(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"before")
    peer.script = breaking_every(len(DATA), sha256="0" * 64)
    async with RaroClient(peer.url) as raro:
        with pytest.raises(TransferDamaged):
            await raro.library.download("a.bin", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == b"before"


async def test_a_server_that_gives_nothing_more_is_given_up(peer: Peer, tmp_path: Path) -> None:
    async def nothing_after_the_first(request: Request, writer: asyncio.StreamWriter) -> None:
        if "range" in request.headers:
            return
        writer.write(head("200 OK", ETag=f'"{SHA256}"', Content_Length=str(len(DATA))) + DATA[:1000])

    peer.script = nothing_after_the_first
    async with RaroClient(peer.url) as raro:
        with pytest.raises(ServerUnreachable, match="Run the same command again"):
            await raro.library.download("a.bin", tmp_path / "a.bin")
    assert (tmp_path / f".a.bin.{SHA256}.part").stat().st_size == 1000


async def test_a_problem_is_the_answer_and_leaves_no_file(peer: Peer, tmp_path: Path) -> None:
    async def not_there(request: Request, writer: asyncio.StreamWriter) -> None:
        body = b'{"code": "file_not_found", "detail": "no a.bin"}'
        writer.write(head("404 Not Found", Content_Length=str(len(body))) + body)

    peer.script = not_there
    async with RaroClient(peer.url) as raro:
        with pytest.raises(FileNotFound, match=r"no a\.bin"):
            await raro.library.download("a.bin", tmp_path / "a.bin")
    assert list(tmp_path.iterdir()) == []


async def test_a_target_that_cannot_be_written_is_named(peer: Peer, tmp_path: Path) -> None:
    peer.script = breaking_every(len(DATA))
    async with RaroClient(peer.url) as raro:
        with pytest.raises(StorageFault, match="--output"):
            await raro.library.download("a.bin", tmp_path / "missing" / "a.bin")


async def test_the_longest_name_has_room_for_its_part(peer: Peer, tmp_path: Path) -> None:
    peer.script = breaking_every(120_000)
    name = "ü" * 127
    async with RaroClient(peer.url) as raro:
        await raro.library.download(name, tmp_path / name)
    assert (tmp_path / name).read_bytes() == DATA
