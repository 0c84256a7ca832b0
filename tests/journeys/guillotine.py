"""Kills a worker right after it has sent an event, whichever event that is.

It stands between the worker and nats-server as a plain TCP relay that understands enough of the NATS protocol to see
messages being published. The message is let through first: the server has it, the worker never learns.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Guillotine:
    """A relay on `port`; `falls` says of each message that is published whether the worker dies now."""

    host: str
    server_port: int
    falls: Callable[[str, bytes], bool] = lambda subject, body: False
    port: int = 0
    pid: int | None = None
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[Guillotine]:
        """Listen for as long as the block lasts."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection(self.host, self.server_port)
        back = asyncio.create_task(_pump(upstream_reader, writer))
        try:
            await self._watch(reader, upstream)
        finally:
            back.cancel()
            for end in (upstream, writer):
                end.close()

    async def _watch(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        """Pass on what the worker sends, message by message."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                words = line.split()
                is_message = bool(words) and words[0] in (b"PUB", b"HPUB")
                payload = await reader.readexactly(int(words[-1]) + 2) if is_message else b""
                upstream.write(line + payload)
                await upstream.drain()
                if is_message and words[1].startswith(b"raro.evt."):
                    self._published(words[1].decode(), payload)

    def _published(self, subject: str, payload: bytes) -> None:
        self.sent.append((subject, payload))
        if self.pid is not None and self.falls(subject, payload):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.pid = None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def worker(guillotine: Guillotine, storage: Path, environment: dict[str, str]) -> AsyncIterator[asyncio.Event]:
    """A `raro work` behind the relay; the event is set once it is dead."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "raro.cli", "work", "--storage", str(storage)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    guillotine.pid = process.pid
    dead = asyncio.Event()
    waiting = asyncio.create_task(_tell(process, dead))
    try:
        yield dead
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await waiting


async def _tell(process: asyncio.subprocess.Process, dead: asyncio.Event) -> None:
    await process.wait()
    dead.set()
