"""A piece of a file's bytes in memory: what a program shows or passes on without keeping it on disk.

Whole files of any size go to disk (`downloads`), where they are checked against their hash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from raro.client.transport import Params, Transport
from raro.errors import BadAnswer, RangeNotSatisfiable, ServerUnreachable

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a file from `offset`; `size_bytes` is the size of the whole file."""

    data: bytes
    offset: int
    size_bytes: int
    content_type: str

    @property
    def end(self) -> int:
        """Where the next part begins."""
        return self.offset + len(self.data)

    @property
    def whole(self) -> bool:
        """Whether these are all bytes of the file."""
        return len(self.data) == self.size_bytes


async def read_part(transport: Transport, path: str, *, params: Params | None, offset: int, limit: int) -> Part:
    """At most `limit` bytes of `path` from `offset`.

    Raises:
        RangeNotSatisfiable: the file ends before `offset`.
        ServerUnreachable: the server cannot be reached, or the connection broke.
        RaroError: the server's problem.
    """
    asked = f"bytes={offset}-{offset + limit - 1}"
    try:
        return await _read(transport, path, params, limit, {"Range": asked})
    except RangeNotSatisfiable:
        if offset:
            raise
        # No range fits into an empty file.
        return await _read(transport, path, params, limit, {})


async def _read(transport: Transport, path: str, params: Params | None, limit: int, headers: dict[str, str]) -> Part:
    headers = {"Accept-Encoding": "identity", **headers}
    try:
        async with transport.receive(path, params=params, headers=headers) as answer:
            offset, size_bytes = _place(answer)
            data = bytearray()
            async for chunk in answer.aiter_raw():
                data += chunk
                if len(data) >= limit:
                    break
            return Part(bytes(data[:limit]), offset, size_bytes, answer.headers.get("Content-Type", "").split(";")[0])
    except httpx.TransportError as error:
        raise ServerUnreachable(f"the connection to {transport.base_url} broke off ({error!r}). Try again.") from error


def _place(answer: httpx.Response) -> tuple[int, int]:
    """Where the bytes begin, and how many the file has."""
    if answer.status_code == 206:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found:
            return int(found[1]), int(found[2])
    elif (length := answer.headers.get("Content-Length", "")).isdigit():
        return 0, int(length)
    raise BadAnswer(f"{answer.url} answered without saying how large the file is: is it a RARO server?")
