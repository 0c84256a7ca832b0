"""The thinnest HTTP client there is, so that a measure shows the server and not its client.

Requests go over kept connections; answers must have a Content-Length. For use on loopback only.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

CLIENT = "bench"


@dataclass
class Wire:
    """A pool of connections to one server."""

    host: str
    port: int
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def json(self, method: str, path: str, body: bytes | dict[str, Any] = b"") -> Any:
        """The JSON of a 2xx answer; RuntimeError with the answer's text otherwise."""
        kind = "application/octet-stream"
        if isinstance(body, dict):
            body, kind = json.dumps(body).encode(), "application/json"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nX-RARO-CLIENT-ID: {CLIENT}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with self._connection() as (reader, writer):
            writer.write(head.encode() + body)
            await writer.drain()
            status, length = await _answer_head(reader)
            answer = await reader.readexactly(length)
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {path}: {status} {answer.decode()}")
        return json.loads(answer) if answer else None

    async def arrivals(self, views: str, into: list[tuple[int, float]], opened: asyncio.Event) -> None:
        """Follow the event stream until cancelled, noting each frame's sequence and moment."""
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 26)
        # HTTP/1.0: the body comes as it is, not in chunks.
        writer.write(
            f"GET /runtime/stream?views={views} HTTP/1.0\r\nHost: {self.host}\r\n"
            f"X-RARO-CLIENT-ID: {CLIENT}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        try:
            while line := await reader.readline():
                if line.startswith(b"id:"):
                    into.append((int(line.rpartition(b":")[2]), time.perf_counter()))
                elif line.startswith(b"event: hello"):
                    opened.set()
        finally:
            writer.close()

    async def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        pair = self._kept() or await asyncio.open_connection(self.host, self.port)
        yield pair
        self._idle.append(pair)

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # the server closes connections that were idle for some seconds
        return None


async def _answer_head(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Status and body length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    status = int(head[0].split()[1])
    lengths = [int(line.split(":")[1]) for line in head if line.startswith("content-length:")]
    return status, lengths[0] if lengths else 0
