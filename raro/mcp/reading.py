"""The bytes behind an address, as MCP carries them: text as text, anything else as base64, and never too much.

A resource is whole or refused. Larger files are read in parts, by a tool.
"""

from __future__ import annotations

import base64
from codecs import getincrementaldecoder

from mcp import types

from raro.client import Part, RaroClient
from raro.client.transport import below, segment
from raro.errors import TooLarge
from raro.mcp.addresses import Address, ArtifactAddress, LibraryAddress, parse

MAX_RESOURCE_BYTES = 4 << 20
"""What one answer may carry: a host keeps it in memory, and a model has to read it."""
MAX_PART_BYTES = 200_000

Contents = types.TextResourceContents | types.BlobResourceContents


async def read_whole(client: RaroClient, uri: str) -> Contents:
    """A whole file. Raises BadName, NotFound and its kin, TooLarge with the size and other ways to the bytes."""
    address = parse(uri)
    part = await read(client, address, offset=0, limit=MAX_RESOURCE_BYTES)
    if not part.whole:
        raise TooLarge(
            f"{address} has {part.size_bytes} bytes; at most {MAX_RESOURCE_BYTES} are given at once. Read it in parts "
            f"with the tool read_part, or download it: {ways_to(client, address)}.",
            size_bytes=part.size_bytes,
            max_bytes=MAX_RESOURCE_BYTES,
        )
    return contents(uri, part)


async def read_some(client: RaroClient, uri: str, *, offset: int, limit: int) -> tuple[Contents, Part]:
    """At most `limit` bytes from `offset`. A text ends before a character that the cut would tear."""
    address = parse(uri)
    part = await read(client, address, offset=offset, limit=limit)
    return contents(str(address), part), part


async def read(client: RaroClient, address: Address, *, offset: int, limit: int) -> Part:
    """Bytes of what the address names."""
    match address:
        case LibraryAddress(filename):
            part = await client.library.read(filename, offset=offset, limit=limit)
        case ArtifactAddress(run_id, path):
            part = await client.artifacts.read(run_id, path, offset=offset, limit=limit)
        case _:
            output = (await client.runs.output(address.run_id, address.agent_id))["output"].encode()
            part = Part(output[offset : offset + limit], offset, len(output), "text/markdown")
    return part if part.end == part.size_bytes else _untorn(part)


def contents(uri: str, part: Part) -> Contents:
    """Text where the bytes are text."""
    text = _text(part.data)
    if text is None:
        blob = base64.b64encode(part.data).decode()
        return types.BlobResourceContents(uri=uri, mime_type=part.content_type, blob=blob)
    return types.TextResourceContents(uri=uri, mime_type=part.content_type, text=text)


def ways_to(client: RaroClient, address: Address) -> str:
    """How a person gets a file that is too large for this."""
    match address:
        case LibraryAddress(filename):
            return f"`raro get --library '{filename}'` or {client.server}/runtime/library/files/{segment(filename)}"
        case ArtifactAddress(run_id, path):
            url = f"{client.server}/runtime/artifacts/{segment(run_id)}/files/{below(path)}"
            return f"`raro get {run_id} '{path}'` or {url}"
        case _:
            return f"`raro output {address.run_id} {address.agent_id}`"


def _untorn(part: Part) -> Part:
    """The part without the beginning of a character that goes on behind it; bytes that are no text stay."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(part.data)
    except UnicodeDecodeError:
        return part
    torn, _ = decoder.getstate()
    if not torn or not text or "\0" in text:
        return part
    return Part(part.data[: -len(torn)], part.offset, part.size_bytes, part.content_type)


def _text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
