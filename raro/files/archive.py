"""Zip archives, streamed: flat memory, any size, each byte made when it is asked for.

Which files go in, and who may have them, is the caller's business.
"""

from __future__ import annotations

import asyncio
import time
import zipfile
from collections.abc import AsyncGenerator, Collection, Generator
from dataclasses import dataclass
from pathlib import Path

from raro.errors import BlobMissing
from raro.files.content_types import type_of_name
from raro.files.layout import METADATA, disk_paths
from raro.files.names import checked_path

_PIECE_BYTES = 1 << 20
_EARLIEST = 315532800.0  # 1980-01-01, the first day a zip can name
_LATEST = 4354819198.0  # 2107-12-31
_COMPRESSIBLE = (
    "text/",
    "image/svg",
    "application/json",
    "application/geo+json",
    "application/x-ndjson",
    "application/x-ipynb",
)


@dataclass(frozen=True)
class ArchiveEntry:
    """One file of an archive: its path inside, its bytes or where they lie, its time in Unix seconds."""

    path: str
    source: Path | bytes
    mtime: float


async def zip_stream(
    entries: Collection[ArchiveEntry], *, metadata: bytes | None = None
) -> AsyncGenerator[bytes, None]:
    """The archive's bytes in pieces of about 1 MiB; `metadata` goes in first, as metadata.json.

    Paths that cannot stand side by side get the names they have on disk (see `layout`). All sources are looked for
    before the first piece, so a missing one fails before an answer has begun.

    Raises:
        BadName: a path breaks the rules.
        BlobMissing: a source is not on disk.
    """
    paths = disk_paths([checked_path(entry.path) for entry in entries], reserved=METADATA if metadata else None)
    for entry in entries:
        if isinstance(entry.source, Path) and not entry.source.is_file():
            raise BlobMissing(
                f"{entry.path!r} is not in storage; `raro fsck --repair` looks for a copy", path=entry.path
            )
    pieces = _pieces([(paths[checked_path(entry.path)], entry) for entry in entries], metadata)
    making = asyncio.ensure_future(asyncio.to_thread(next, pieces, b""))
    try:
        while piece := await asyncio.shield(making):
            yield piece
            making = asyncio.ensure_future(asyncio.to_thread(next, pieces, b""))
    finally:
        # A reader who went away must not close the generator while its thread is inside.
        await asyncio.gather(making, return_exceptions=True)
        await asyncio.to_thread(pieces.close)


class _Sink:
    """What the zip writes into and the pieces are taken from; without `seek`, so that zipfile never goes back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size_bytes = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self.size_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts, self.size_bytes = [], 0
        return taken


def _pieces(entries: list[tuple[str, ArchiveEntry]], metadata: bytes | None) -> Generator[bytes, None, None]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]  # it needs no more than this
        if metadata is not None:
            archive.writestr(_info(METADATA, time.time(), len(metadata)), metadata)
        for path, entry in entries:
            if isinstance(entry.source, bytes):
                archive.writestr(_info(path, entry.mtime, len(entry.source)), entry.source)
                continue
            with open(entry.source, "rb", buffering=0) as source:
                info = _info(path, entry.mtime, entry.source.stat().st_size)
                with archive.open(info, "w") as member:
                    while data := source.read(_PIECE_BYTES):
                        member.write(data)
                        if sink.size_bytes >= _PIECE_BYTES:
                            yield sink.take()
    yield sink.take()


def _info(path: str, mtime: float, size_bytes: int) -> zipfile.ZipInfo:
    moment = time.gmtime(min(max(mtime, _EARLIEST), _LATEST))
    info = zipfile.ZipInfo(path, moment[:6])
    info.file_size = size_bytes  # lets zipfile choose zip64 before it knows
    if size_bytes > zipfile.ZIP64_LIMIT:
        # Python before 3.11.4 writes the zip64 header without the version that readers need for it (gh-103861).
        info.extract_version = zipfile.ZIP64_VERSION
    info.external_attr = 0o644 << 16
    kind = type_of_name(path) or ""
    info.compress_type = zipfile.ZIP_DEFLATED if kind.startswith(_COMPRESSIBLE) else zipfile.ZIP_STORED
    return info
