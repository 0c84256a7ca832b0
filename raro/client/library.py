"""The library over HTTP: uploads, links, versions, downloads."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from raro.client.downloads import Downloaded, download
from raro.client.parts import Part, read_part
from raro.client.rows import Done, LibraryFile, LibraryListing, Lineage, VersionListing
from raro.client.transport import Transport, segment
from raro.client.uploads import Progress, chunks_of, size_of

_FILES = "/runtime/library/files"


class Library:
    """What a person curates. Names are one segment; each method raises NotFound for a name that is not there."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> LibraryListing:
        """Every file the client sees: its own, and public ones it does not shadow, by name."""
        return cast(LibraryListing, await self._transport.call("GET", "/runtime/library"))

    async def upload(
        self, source: Path, *, filename: str | None = None, progress: Progress | None = None
    ) -> LibraryFile:
        """Stream a file from disk into the library; a name that exists gets a new version.

        `filename` defaults to the source's name. Raises BadRequest when the source cannot be read, BadName,
        TooLarge, StorageFull.
        """
        size_bytes = size_of(source)
        answer = await self._transport.send(
            "PUT",
            f"{_FILES}/{segment(filename or source.name)}",
            chunks_of(source, size_bytes, progress),
            {"Content-Length": str(size_bytes), "Content-Type": "application/octet-stream"},
        )
        return cast(LibraryFile, answer)

    async def download(
        self, filename: str, target: Path, *, version: int | None = None, progress: Progress | None = None
    ) -> Downloaded:
        """Bring a file (its current version, or the one named) into `target`; see `downloads.download`."""
        path = f"{_FILES}/{segment(filename)}"
        return await download(self._transport, path, target, params={"version": version}, progress=progress)

    async def read(self, filename: str, *, version: int | None = None, offset: int = 0, limit: int) -> Part:
        """At most `limit` bytes of a file from `offset`, in memory. Raises RangeNotSatisfiable behind its end."""
        path = f"{_FILES}/{segment(filename)}"
        return await read_part(self._transport, path, params={"version": version}, offset=offset, limit=limit)

    async def versions(self, filename: str) -> VersionListing:
        """Every version of a name."""
        return cast(VersionListing, await self._transport.call("GET", f"{_FILES}/{segment(filename)}/versions"))

    async def lineage(
        self, filename: str, *, version: int | None = None, limit: int | None = None, seen: bool = False
    ) -> Lineage:
        """What used it and what it was made from; with `seen`, only what agents were seen to read."""
        params = {"version": version, "limit": limit, "seen": seen}
        path = f"{_FILES}/{segment(filename)}/lineage"
        return cast(Lineage, await self._transport.call("GET", path, params=params))

    async def link(self, filename: str) -> Done:
        """Give this file to the runs that are started from now on."""
        return cast(Done, await self._transport.call("PUT", f"{_FILES}/{segment(filename)}/link"))

    async def unlink(self, filename: str) -> Done:
        """No longer give this file to new runs."""
        return cast(Done, await self._transport.call("DELETE", f"{_FILES}/{segment(filename)}/link"))

    async def delete(self, filename: str) -> Done:
        """Delete a name; it can be restored within the grace period."""
        return cast(Done, await self._transport.call("DELETE", f"{_FILES}/{segment(filename)}"))

    async def restore(self, filename: str, *, version: int | None = None) -> Done:
        """Bring a deleted name back, or make an older version the current one."""
        path = f"{_FILES}/{segment(filename)}/restore"
        return cast(Done, await self._transport.call("POST", path, params={"version": version}))
