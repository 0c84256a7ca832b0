"""The application as it is served: real servers, log and views behind uvicorn on a port of its own.

One stage per test module: tests keep apart by client ids. No reactors run, so what a run did is
appended by `Stage.run`, with bytes in the blob store.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from raro.events.catalogue import (
    AgentFinished,
    AgentScheduled,
    AgentStarted,
    ArtifactPromoted,
    Completed,
    EventData,
    Started,
)
from raro.events.envelope import Cause
from raro.events.shapes import AgentSpec, BlobRef, Promoted, WorkflowConfig
from raro.settings import Settings
from raro.wiring.running import Running, running

AGENT = "analyze_it"


def client_headers(client_id: str) -> dict[str, str]:
    """What names the client."""
    return {"X-RARO-CLIENT-ID": client_id}


@dataclass(frozen=True)
class Stage:
    """A served application and what it stands on."""

    raro: Running
    url: str
    storage: Path

    @property
    def app(self) -> FastAPI:
        """The application itself, for its routes."""
        assert isinstance(self.raro.asgi, FastAPI)
        return self.raro.asgi

    def client(self, client_id: str | None = None) -> httpx.AsyncClient:
        """An HTTP client; without an id it names no client."""
        headers = client_headers(client_id) if client_id is not None else {}
        # No TLS, so no certificates to read.
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, verify=False)

    async def raw(self, head: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request exactly as written, for what a client library would tidy; status and whole answer."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{head}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode() + body)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        return int(answer.split(b" ", 2)[1]), answer

    async def run(self, client_id: str, files: Mapping[str, bytes], *, content_type: str = "text/plain") -> str:
        """A completed run whose agent made these files and said `done`."""
        run_id = f"run_{uuid4().hex[:16]}"
        output = await self.raro.core.blobs.put_bytes(b"done")
        said = BlobRef(sha256=output.sha256, size_bytes=output.size_bytes)
        await self.append(
            client_id,
            run_id,
            Started(workflow=WorkflowConfig(agents=(AgentSpec(id=AGENT),)), directive="look", retention_days=7),
            AgentScheduled(agent_id=AGENT),
            AgentStarted(agent_id=AGENT, model="fast", epoch=1, worker="test"),
            *[await self.promoted(path, data, content_type=content_type) for path, data in files.items()],
            AgentFinished(agent_id=AGENT, output=said),
            Completed(),
        )
        return run_id

    async def promoted(
        self, path: str, data: bytes, *, version: int = 1, content_type: str = "text/plain"
    ) -> ArtifactPromoted:
        """An artifact version of these bytes, which are kept."""
        blob = await self.raro.core.blobs.put_bytes(data)
        now = datetime.now(UTC)
        artifact = Promoted(
            path=path,
            version=version,
            agent_id=AGENT,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            content_type=content_type,
            generated_at=now,
        )
        return ArtifactPromoted(path=path, artifact=artifact, generated_by="test", expires_at=now + timedelta(days=7))

    async def append(self, client_id: str, run_id: str, *events: EventData) -> int:
        """Append to a run, and wait until it is seen."""
        cause = Cause(str(uuid4()), "system", run_id, datetime.now(UTC))
        appended = await self.raro.core.run_states.execute(client_id, run_id, cause, lambda run: events)
        await self.raro.views.wait_for(appended.seq, 20)
        return appended.seq

    async def blobs(self) -> set[str]:
        """The names of every file below blobs/, half-written ones too."""
        return {path.name for path in (self.storage / "blobs").rglob("*") if path.is_file()}


@asynccontextmanager
async def staged(storage: Path, **settings: Any) -> AsyncIterator[Stage]:
    """Serve on this storage with these settings until the block ends."""
    async with running(Settings(storage=storage, **settings), work=False) as raro:
        # The protocol is named, for asyncio sends small answers at once only where it is.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(
                uvicorn.Config(raro.asgi, log_config=None, access_log=False, timeout_graceful_shutdown=1)
            )
            serving = asyncio.create_task(server._serve([listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            host, port = listener.getsockname()
            yield Stage(raro, f"http://{host}:{port}", storage)
            server.should_exit = True
            await serving


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One application for a module's tests, with a small upload limit and quick beats."""
    storage = tmp_path_factory.mktemp("api") / "storage"
    async with staged(storage, max_upload_bytes=8 * 1024 * 1024, sse_beat_s=0.3) as made:
        yield made


@pytest.fixture
def me() -> str:
    """A client of this test's own."""
    return f"c_{uuid4().hex[:12]}"


@pytest.fixture
def other() -> str:
    """Another client."""
    return f"o_{uuid4().hex[:12]}"
