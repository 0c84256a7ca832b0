"""A loopback peer that speaks the Gemini API: streamed answers from a script, files, caches, and every kind of failure.

`answers` is asked with the request's body and the number of the call, and gives what happens: chunks to stream, an
error, a break. Every request is kept as it came.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from raro.tasks import end

Json = dict[str, Any]


@dataclass(frozen=True)
class Chunks:
    """A streamed answer; with `cut` the connection breaks after it, with `pause_s` it comes slowly."""

    chunks: Sequence[Json]
    cut: bool = False
    pause_s: float = 0.0


@dataclass(frozen=True)
class Fault:
    """An error answer; `body` may be anything, `retry_s` is told as google.rpc.RetryInfo."""

    status: int
    message: str = "no"
    retry_s: str | None = None
    body: bytes | None = None


@dataclass(frozen=True)
class Silence:
    """Nothing comes for so long."""

    seconds: float


Reaction = Chunks | Fault | Silence


def said(text: str, *, finish: str = "STOP", signature: str | None = None, tokens: tuple[int, int] = (10, 5)) -> Chunks:
    """One text, in two chunks, the way the API streams."""
    half = len(text) // 2
    last: Json = {"text": text[half:]}
    if signature:
        last["thoughtSignature"] = signature
    return Chunks([_chunk([{"text": text[:half]}]), _chunk([last], finish, tokens)])


def called(*calls: tuple[str, Json], text: str = "", signature: str | None = None, ids: bool = True) -> Chunks:
    """Tool calls, the first with a thought signature."""
    parts: list[Json] = [{"text": text}] if text else []
    for number, (name, args) in enumerate(calls):
        call: Json = {"name": name, "args": args} | ({"id": f"fc-{name}-{number}"} if ids else {})
        part: Json = {"functionCall": call}
        if signature and number == 0:
            part["thoughtSignature"] = signature
        parts.append(part)
    return Chunks([_chunk(parts, "STOP", (10, 5))])


def _chunk(parts: list[Json], finish: str | None = None, tokens: tuple[int, int] | None = None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": tokens[0], "candidatesTokenCount": tokens[1]} if tokens else None
    return {"candidates": [candidate]} | ({"usageMetadata": usage} if usage else {})


def chunk(parts: list[Json], finish: str | None = "STOP", **more: Any) -> Json:
    """One chunk made by hand."""
    return {**_chunk(parts, finish), **more}


@dataclass
class GeminiPeer:
    """The server; `asked` are the bodies of generate requests, `calls` all requests' method and path."""

    answers: Callable[[Json, int], Reaction]
    asked: list[Json] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    caches: list[Json] = field(default_factory=list)
    cache_fault: Fault | None = None
    upload_fault: Fault | None = None
    processing: int = 0
    mute: bool = False
    """Take requests and answer none."""
    url: str = ""
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def standing(self, port: int = 0) -> AsyncIterator[GeminiPeer]:
        """Serve for as long as the block lasts."""
        server = await asyncio.start_server(self._begin, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await end(*self._serving)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, headers = _parsed(head)
                body = await _body(reader, headers)
                self.calls.append(f"{method} {path.partition('?')[0]}")
                self.keys.add(headers.get("x-goog-api-key", ""))
                if not await self._answer(method, path, headers, body, writer):
                    break
        writer.close()

    async def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes, writer: Any) -> bool:
        if ":streamGenerateContent" in path:
            return await self._generate(body, writer)
        if path.startswith("/upload"):
            if "x-goog-upload-command" in headers and "start" in headers["x-goog-upload-command"]:
                if self.upload_fault:
                    return _reply(writer, self.upload_fault)
                name = f"files/{len(self.files) + 1}"
                self.files[name] = b""
                return _reply(writer, 200, {}, {"X-Goog-Upload-URL": f"{self.url}/upload/bytes/{name}"})
            name = path.removeprefix("/upload/bytes/")
            self.files[name] += body
            state = "PROCESSING" if self.processing else "ACTIVE"
            return _reply(writer, 200, {"file": self._file(name, state)}, {"X-Goog-Upload-Status": "final"})
        if method == "GET" and "/files/" in path:
            self.processing -= 1
            state = "PROCESSING" if self.processing > 0 else "ACTIVE"
            return _reply(writer, 200, self._file(path[path.index("files/") :].partition("?")[0], state))
        if "/cachedContents" in path:
            if self.cache_fault:
                return _reply(writer, self.cache_fault)
            self.caches.append(json.loads(body))
            made = {"name": f"cachedContents/{len(self.caches)}", "expireTime": "2099-01-01T00:00:00Z"}
            return _reply(writer, 200, made)
        return _reply(writer, Fault(404, f"no such path {path}"))

    def _file(self, name: str, state: str) -> Json:
        return {
            "name": name,
            "uri": f"{self.url}/v1beta/{name}",
            "state": state,
            "expirationTime": "2099-01-01T00:00:00Z",
        }

    async def _generate(self, body: bytes, writer: asyncio.StreamWriter) -> bool:
        self.raw.append(body)
        self.asked.append(json.loads(body))
        reaction = Silence(3600) if self.mute else self.answers(self.asked[-1], len(self.asked))
        if isinstance(reaction, Silence):
            await asyncio.sleep(reaction.seconds)
            return False
        if isinstance(reaction, Fault):
            return _reply(writer, reaction)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for one in reaction.chunks:
            data = b"data: " + json.dumps(one).encode() + b"\r\n\r\n"
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            await writer.drain()
            await asyncio.sleep(reaction.pause_s)
        if reaction.cut:
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def _reply(writer: Any, status: int | Fault, body: Json | None = None, headers: dict[str, str] | None = None) -> bool:
    if isinstance(status, Fault):
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": status.retry_s}]
        error = {
            "code": status.status,
            "message": status.message,
            "status": "X",
            "details": details if status.retry_s else [],
        }
        data = status.body if status.body is not None else json.dumps({"error": error}).encode()
        code = status.status
    else:
        data, code = json.dumps(body).encode(), status
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n{more}\r\n"
    writer.write(head.encode() + data)
    return True


def _parsed(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return method, path, {name.strip().lower(): value.strip() for name, value in pairs}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") == "chunked":
        parts = []
        while size := int((await reader.readline()).strip() or b"0", 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return b"".join(parts)
    return await reader.readexactly(int(headers.get("content-length", "0")))
