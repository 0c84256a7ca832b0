"""A loopback peer that speaks E2B's API, envd and code interpreter over plain HTTP, and runs the code for real.

Each sandbox is a folder; /home/user in what it is sent means that folder. `faults` decides for every request whether it
fails: a status, a body, or a broken connection.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

HOME = "/home/user"


@dataclass(frozen=True)
class Fault:
    """What happens instead of an answer."""

    status: int
    body: bytes = b'{"code": 1, "message": "no"}'


@dataclass
class E2BPeer:
    """The service; `calls` are method and path of every request, in order."""

    root: Path
    faults: Callable[[str], Fault | None] = lambda call: None
    url: str = ""
    calls: list[str] = field(default_factory=list)
    alive: dict[str, Path] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    uploads: list[str] = field(default_factory=list)
    contexts: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    extra_entries: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[E2BPeer]:
        """Serve for as long as the block lasts."""
        app = Starlette(routes=[Route("/{path:path}", self._any, methods=["GET", "POST", "DELETE", "PUT"])])
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            for process in self.running.values():
                _end(process)
            server.should_exit = server.force_exit = True
            await serving

    async def _any(self, request: Request) -> Response:
        call = f"{request.method} {request.url.path}"
        self.calls.append(call)
        self.keys.add(request.headers.get("x-api-key", ""))
        if fault := self.faults(call):
            return Response(fault.body, fault.status, media_type="application/json")
        parts = request.url.path.strip("/").removeprefix("v2/").split("/")
        if parts[0] == "sandboxes":
            return await self._control(request, parts[1:])
        sandbox_id = request.headers.get("e2b-sandbox-id", "")
        if sandbox_id not in self.alive:
            return JSONResponse({"code": 502, "message": "sandbox not found"}, 502)
        return await self._inside(request, sandbox_id, parts)

    async def _control(self, request: Request, parts: list[str]) -> Response:
        if not parts:
            self.created.append(await request.json())
            sandbox_id = f"sbx{len(self.created)}"
            self.alive[sandbox_id] = self.root / sandbox_id
            self.alive[sandbox_id].mkdir(parents=True)
            return JSONResponse(self._about(sandbox_id), 201)
        if parts[0] not in self.alive:
            return JSONResponse({"code": 404, "message": "not found"}, 404)
        if request.method == "DELETE":
            self.expire(parts[0])
            self.killed.append(parts[0])
            return Response(status_code=204)
        if parts[-1] == "connect":
            return JSONResponse(self._about(parts[0]), 200)
        return Response(status_code=204)

    def expire(self, sandbox_id: str) -> None:
        """It is gone, files and all."""
        shutil.rmtree(self.alive.pop(sandbox_id), ignore_errors=True)
        for process in self.running.values():
            _end(process)

    def _about(self, sandbox_id: str) -> dict[str, Any]:
        return {
            "templateID": "t", "sandboxID": sandbox_id, "clientID": "c", "envdVersion": "0.6.7",
            "envdAccessToken": "token",
        }  # fmt: skip

    async def _inside(self, request: Request, sandbox_id: str, parts: list[str]) -> Response:
        match parts[0]:
            case "health":
                return Response(status_code=204)
            case "files":
                return await self._file(request, sandbox_id)
            case "filesystem.Filesystem":
                return await self._list(request, sandbox_id)
            case "contexts":
                return await self._context(request, parts)
            case "execute":
                return await self._execute(request, sandbox_id)
        return JSONResponse({"code": 404, "message": request.url.path}, 404)

    def _here(self, sandbox_id: str, path: str) -> Path:
        return self.alive[sandbox_id] / path.removeprefix(HOME).lstrip("/")

    async def _file(self, request: Request, sandbox_id: str) -> Response:
        path = request.query_params["path"]
        here = self._here(sandbox_id, path)
        if request.method == "GET":
            return Response(here.read_bytes()) if here.is_file() else JSONResponse({"code": 404, "message": path}, 404)
        if request.headers.get("content-type", "").startswith("multipart"):
            data = await (await request.form())["file"].read()  # type: ignore[union-attr]
        else:
            data = await request.body()
            data = gzip.decompress(data) if request.headers.get("content-encoding") == "gzip" else data
        self.uploads.append(path)
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_bytes(data)
        return JSONResponse([{"name": here.name, "type": "file", "path": path}])

    async def _list(self, request: Request, sandbox_id: str) -> Response:
        asked = await request.json()
        base = self._here(sandbox_id, asked["path"])
        entries = [self._entry(sandbox_id, path) for path in sorted(base.rglob("*"))]
        return JSONResponse({"entries": [*entries, *self.extra_entries]})

    def _entry(self, sandbox_id: str, path: Path) -> dict[str, Any]:
        stat = path.lstat()
        entry = {
            "name": path.name,
            "type": "FILE_TYPE_DIRECTORY" if path.is_dir() else "FILE_TYPE_FILE",
            "path": f"{HOME}/{path.relative_to(self.alive[sandbox_id]).as_posix()}",
            "size": str(stat.st_size),
            "modifiedTime": f"2026-01-01T00:00:00.{stat.st_mtime_ns % 10**9:09d}Z",
        }
        return entry | ({"symlinkTarget": os.readlink(path)} if path.is_symlink() else {})

    async def _context(self, request: Request, parts: list[str]) -> Response:
        if request.method == "GET":
            there = [context_id for context_id in self.contexts if context_id not in self.removed]
            return JSONResponse([{"id": one, "language": "python", "cwd": self.contexts[one]} for one in there])
        if request.method == "DELETE":
            if parts[1] in self.removed:
                return JSONResponse({"code": 404, "message": "context not found"}, 404)
            self.removed.add(parts[1])
            process = self.running.pop(parts[1], None)
            if process is not None:
                _end(process)
            return Response(status_code=204)
        asked = await request.json()
        context_id = f"context{len(self.contexts) + 1}"
        self.contexts[context_id] = asked.get("cwd") or HOME
        return JSONResponse({"id": context_id, "language": "python", "cwd": self.contexts[context_id]})

    async def _execute(self, request: Request, sandbox_id: str) -> Response:
        asked = await request.json()
        home = self.alive[sandbox_id]
        folder = self._here(sandbox_id, self.contexts.get(asked.get("context_id") or "", HOME))
        folder.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", "-c", asked["code"].replace(HOME, str(home))),
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.running[asked.get("context_id") or "default"] = process
        return StreamingResponse(self._told(process), media_type="application/x-ndjson")

    async def _told(self, process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
        assert process.stdout is not None
        assert process.stderr is not None
        yield _line(type="number_of_executions", execution_count=1)
        while line := await process.stdout.readline():
            yield _line(type="stdout", text=line.decode(), timestamp=1)
        wrong = (await process.stderr.read()).decode()
        for result in self.results:
            yield _line(type="result", is_main_result=True, **result)
        if await process.wait():
            last = wrong.strip().splitlines()[-1] if wrong.strip() else "killed"
            name, _, value = last.partition(": ")
            yield _line(type="error", name=name, value=value, traceback=wrong)


def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()


def _line(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=True).encode() + b"\n"
