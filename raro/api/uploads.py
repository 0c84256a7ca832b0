"""Bytes coming in: a raw body or a multipart form, streamed into the blob store as they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from raro.api.services import Services
from raro.commands.aggregates import Caller
from raro.commands.library import Uploaded
from raro.errors import BadRequest, RaroError, TooLarge
from raro.events.shapes import BlobRef
from raro.files.content_types import HEAD_BYTES, content_type
from raro.files.names import checked_filename
from raro.tasks import end

_QUEUE = 16


@dataclass(frozen=True)
class Received:
    """One file of a form: what became of it, or why not."""

    filename: str
    uploaded: Uploaded | None
    error: RaroError | None


def refuse_too_large(request: Request, limit_bytes: int) -> None:
    """Refuse by the announced length, before a byte is read. Raises TooLarge, BadRequest."""
    announced = request.headers.get("content-length")
    if announced is None:
        return
    if not announced.isdigit():
        raise BadRequest(f"Content-Length {announced!r} is no number.")
    if int(announced) > limit_bytes:
        raise TooLarge(f"the body has {announced} bytes; at most {limit_bytes} are accepted.", limit_bytes=limit_bytes)


async def keep(services: Services, caller: Caller, filename: str, chunks: AsyncIterator[bytes]) -> Uploaded:
    """Store a stream and record it under a name. Raises BadName before a byte is kept, TooLarge, StorageFull."""
    filename = checked_filename(filename)
    passing = _Passing(filename, chunks)
    blob = await services.blobs.put_stream(passing.chunks(), limit_bytes=services.settings.max_upload_bytes)
    reference = BlobRef(sha256=blob.sha256, size_bytes=blob.size_bytes)
    return await services.library.upload(caller, filename, reference, passing.content_type)


class _Passing:
    """A stream on its way into the store; its first bytes are kept, so that nobody has to read them back."""

    def __init__(self, filename: str, chunks: AsyncIterator[bytes]) -> None:
        self._filename = filename
        self._chunks = chunks
        self._head = bytearray()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come."""
        async for chunk in self._chunks:
            if len(self._head) < HEAD_BYTES:
                self._head += chunk[: HEAD_BYTES - len(self._head)]
            yield chunk
        # Once this loop is idle: a thread then waits for the disk, and the answer waits for that thread.
        asyncio.get_running_loop().call_soon(lambda: self.content_type)

    @cached_property
    def content_type(self) -> str:
        """The media type of what has passed."""
        return content_type(self._filename, bytes(self._head))


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises BadRequest when the client goes away in the middle."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise BadRequest("the client went away before the whole body had arrived; nothing was kept.") from None


async def keep_form(services: Services, caller: Caller, request: Request) -> list[Received]:
    """Store every file of a multipart form, one after the other, none of them in memory.

    Raises BadRequest when the body is no form or breaks off; files before the break are kept.
    """
    boundary = _boundary(request)
    results: list[Received] = []
    form = _Form(services, caller, results)
    parser = MultipartParser(boundary, form.callbacks())
    try:
        async for chunk in body_of(request):
            parser.write(chunk)
            await form.drain()
        parser.finalize()
        await form.drain()
    except FormParserError as error:
        raise BadRequest(f"the multipart body is damaged: {error}.") from error
    finally:
        await form.abandon()
    if form.open:
        raise BadRequest("the multipart body ends within a file; that file was not kept.")
    if not results:
        raise BadRequest("the form has no file; send at least one part with a filename.")
    return results


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise BadRequest("send multipart/form-data with a boundary, or PUT the raw body to …/files/{filename}.")
    return boundary


class _Form:
    """Turns the parser's callbacks into one `put_stream` per file."""

    def __init__(self, services: Services, caller: Caller, results: list[Received]) -> None:
        self._services = services
        self._caller = caller
        self._results = results
        self._header = b""
        self._headers: dict[bytes, bytes] = {}
        self._value = b""
        self._todo: list[tuple[str, Any]] = []
        self._chunks: asyncio.Queue[bytes | None] | None = None
        self._keeping: asyncio.Task[Uploaded] | None = None
        self._name = ""

    @property
    def open(self) -> bool:
        """Whether a file has begun and not ended."""
        return self._chunks is not None

    def callbacks(self) -> Any:
        """What the parser calls; each only notes what is to be done, for the parser cannot wait."""
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": lambda data, start, end: self._todo.append(("data", data[start:end])),
            "on_part_end": lambda: self._todo.append(("end", None)),
        }

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        if name is not None:
            self._todo.append(("begin", name.decode("utf-8", errors="replace")))

    async def drain(self) -> None:
        """Do what the parser noted."""
        todo, self._todo = self._todo, []
        for step, value in todo:
            if step == "begin":
                self._begin(value)
            elif self._chunks is not None:
                await self._feed(value)

    async def abandon(self) -> None:
        """Drop a file that did not end."""
        if self._keeping is not None:
            await end(self._keeping)

    def _begin(self, name: str) -> None:
        self._name = name
        self._chunks = asyncio.Queue(_QUEUE)
        self._keeping = asyncio.create_task(keep(self._services, self._caller, name, _queued(self._chunks)))

    async def _feed(self, data: bytes | None) -> None:
        assert self._chunks is not None
        assert self._keeping is not None
        putting = asyncio.ensure_future(self._chunks.put(data))
        # A file that failed already takes no more chunks.
        await asyncio.wait((putting, self._keeping), return_when=asyncio.FIRST_COMPLETED)
        putting.cancel()
        if data is None:
            await self._finish(self._keeping)

    async def _finish(self, keeping: asyncio.Task[Uploaded]) -> None:
        self._chunks = None
        try:
            self._results.append(Received(self._name, await keeping, None))
        except RaroError as error:
            self._results.append(Received(self._name, None, error))


async def _queued(chunks: asyncio.Queue[bytes | None]) -> AsyncIterator[bytes]:
    while (chunk := await chunks.get()) is not None:
        yield chunk
