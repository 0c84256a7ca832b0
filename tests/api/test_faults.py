"""What breaks beside the API: readers that stop reading, a deleted view file, a log that is away."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.api.conftest import Stage, staged
from tests.api.streams import Page, level, rest_rows


async def _wait_for(found: Callable[[], Awaitable[bool]], within_s: float = 30) -> None:
    give_up = time.monotonic() + within_s
    while not await found():
        assert time.monotonic() < give_up, "it never came to pass"
        await asyncio.sleep(0.1)


async def _open_streams(stage: Stage) -> int:
    async with stage.client() as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return int(next(line for line in lines if line.startswith("raro_streams_open ")).split()[1])


async def _stalled(stage: Stage, client_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream whose reader takes nothing, behind the smallest of buffers."""
    host, port = stage.url.removeprefix("http://").split(":")
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    taken.setblocking(False)
    await asyncio.get_running_loop().sock_connect(taken, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=taken, limit=1024)
    target = "/runtime/stream?views=library,artifacts"
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nX-RARO-CLIENT-ID: {client_id}\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def _much_to_show(stage: Stage, client_id: str) -> None:
    """Rows that fill every buffer between the server and a page."""
    folder = "/".join(["f" * 200] * 15)
    for part in range(20):
        await stage.run(client_id, {f"{folder}/{part}_{number}": b"x" for number in range(120)})


async def test_a_reader_that_stopped_is_dropped_and_resumes_without_a_loss(tmp_path: Path) -> None:
    async with staged(tmp_path / "storage", sse_queue=8) as stage:
        await _much_to_show(stage, "slow")
        reader, writer = await _stalled(stage, "slow")
        await asyncio.sleep(1)
        async with stage.client("slow") as client:
            for number in range(40):
                await client.put(f"/runtime/library/files/{number}.txt", content=b"x")
            received = bytearray()
            while not received.endswith(b"0\r\n\r\n"):
                received += await asyncio.wait_for(reader.read(65536), 20)
            writer.close()
            assert b"event: resync" in received
            page = Page()
            page.cursor = received.rpartition(b"\nid: ")[2].split(b"\r", 1)[0].decode()
            before = await rest_rows(client)
            cursor = int(page.cursor.partition(":")[2])
            await level(stage, page, client)
            missed = {name for name, row in before["library"].items() if row["seq"] > cursor}
            assert missed == set(page.rows["library"])
            assert missed


async def test_a_reader_that_never_reads_again_pins_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path / "storage") as stage:
        await _much_to_show(stage, "dead")
        _, writer = await _stalled(stage, "dead")

        async def none_open() -> bool:
            return await _open_streams(stage) == 0

        async def one_open() -> bool:
            return await _open_streams(stage) == 1

        await _wait_for(one_open)
        page = Page()
        async with stage.client("dead") as client:
            await client.put("/runtime/library/files/still.txt", content=b"served")
            await level(stage, page, client)
            assert "still.txt" in page.rows["library"]
        await _wait_for(none_open)
        writer.close()


async def test_while_the_log_is_away_commands_say_so_reads_go_on_and_it_comes_back(tmp_path: Path) -> None:
    async with staged(tmp_path / "storage", project_timeout_s=2.0) as stage, stage.client("acme") as client:
        (await client.put("/runtime/library/files/a.txt", content=b"a")).raise_for_status()
        assert (await client.get("/runtime/library/files/a.txt")).content == b"a"
        nats = next(child for child in stage.raro.core.servers.children if "nats" in child.server.name)
        assert nats.pid is not None
        os.kill(nats.pid, signal.SIGSTOP)
        try:
            away = await client.put("/runtime/library/files/b.txt", content=b"b")
            assert (away.status_code, away.json()["code"]) == (503, "log_unavailable")
            assert int(away.headers["retry-after"]) > 0
            assert (await client.get("/runtime/library/files/a.txt")).content == b"a"
            assert (await client.get("/ready")).status_code == 503
            assert (await client.get("/health")).status_code == 503
        finally:
            os.kill(nats.pid, signal.SIGCONT)

        async def is_ready() -> bool:
            return (await client.get("/ready")).status_code == 200

        await _wait_for(is_ready)
        again = await client.put("/runtime/library/files/b.txt", content=b"b")
        assert again.status_code in (200, 201)
        assert [row["filename"] for row in (await client.get("/runtime/library")).json()["files"]] == ["a.txt", "b.txt"]


async def test_an_error_of_ours_is_told_briefly_with_every_header(tmp_path: Path) -> None:
    async with staged(tmp_path / "storage") as stage, stage.client("acme") as client:
        (await client.put("/runtime/library/files/a.txt", content=b"a")).raise_for_status()
        sha256 = (await client.get("/runtime/library/files/a.txt")).headers["etag"].strip('"')
        blob = stage.raro.core.blobs.path(sha256)
        blob.unlink()
        blob.mkdir()
        answer = await client.get("/runtime/library/files/a.txt")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "Traceback" not in answer.text
        assert str(tmp_path) not in answer.text
