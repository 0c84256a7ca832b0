"""Bytes going out: a blob with Range, ETag and headers that keep a browser from running it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from raro.api.problems import problem
from raro.api.services import Services
from raro.errors import ArtifactNotFound, BytesErased, RangeNotSatisfiable
from raro.files.blobs import BlobStore

_CHUNK_BYTES = 4 * 1024 * 1024
# A browser shows these by itself without running anything in them.
_INLINE = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "audio/", "video/")
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))", re.IGNORECASE)
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


class BlobResponse(FileResponse):
    """A file in large pieces: the default ones cost more than the reading."""

    chunk_size = _CHUNK_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or the one range of it that was asked for."""
        headers = [
            (name, value) for name, value in scope["headers"] if name != b"range" or _is_range(value.decode("latin-1"))
        ]
        await super().__call__({**scope, "headers": headers}, receive, send)


def blob_response(request: Request, blobs: BlobStore, row: dict[str, Any], *, download: bool) -> Response:
    """The bytes of a row that has `filename, sha256, content_type`.

    Raises BytesErased when the row is of something gone, BlobMissing when the bytes are not on disk.
    """
    etag = f'"{row["sha256"]}"'
    headers = bytes_headers(row, download=download)
    if {etag, "*"} & _etags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    if row.get("gone") and not blobs.exists(row["sha256"]):
        raise BytesErased(f"{row['filename']!r} was {row['gone']} and its bytes are erased; the record stays.")
    if _behind_the_end(request, etag, row["size_bytes"]):
        size = row["size_bytes"]
        told = f"{row['filename']!r} has {size} bytes; ask for fewer."
        answer = problem(request, RangeNotSatisfiable.status, RangeNotSatisfiable.code, told)
        answer.headers["Content-Range"] = f"bytes */{size}"
        return answer
    path: Path = blobs.path(row["sha256"], verified=True)
    return BlobResponse(path, headers=headers, media_type=_media_type(row["content_type"]))


async def artifact_called(
    request: Request, services: Services, client_id: str, run_id: str, path: str, word: str
) -> Response:
    """An artifact may be called `x/lineage`: where there is no `x` to ask about, that is what was meant.

    Raises ArtifactNotFound, of `x`.
    """
    row = await services.views.artifact(client_id, run_id, f"{path}/{word}")
    if row is None or row["gone"]:
        raise no_artifact(run_id, path)
    return blob_response(request, services.blobs, row, download=False)


def no_artifact(run_id: str, path: str) -> ArtifactNotFound:
    """What is said of a path that a run has no artifact at, or has no more."""
    return ArtifactNotFound(
        f"run {run_id!r} has no artifact {path!r}, or it was deleted or has expired.", run_id=run_id, path=path
    )


def bytes_headers(row: dict[str, Any], *, download: bool = False) -> dict[str, str]:
    """What goes before the bytes of a row that has `filename, sha256, content_type, version`."""
    inline = not download and row["content_type"].startswith(_INLINE)
    name = row["filename"].rpartition("/")[2]
    return {
        "ETag": f'"{row["sha256"]}"',
        "Cache-Control": "private, no-cache",
        "Vary": "X-RARO-CLIENT-ID, Cookie",
        "Content-Disposition": f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _SANDBOX,
        "Raro-Version": str(row["version"]),
    }


def _is_range(header: str) -> bool:
    """Whether it is one range of bytes; anything else is as none, which RFC 9110 (14.2) allows."""
    asked = _RANGE.fullmatch(header)
    return asked is not None and not (asked[1] and asked[2] and int(asked[2]) < int(asked[1]))


def _behind_the_end(request: Request, etag: str, size_bytes: int) -> bool:
    header = request.headers.get("range", "")
    asked = _RANGE.fullmatch(header)
    if asked is None or not _is_range(header) or request.headers.get("if-range", etag) != etag:
        return False
    return int(asked[1]) >= size_bytes if asked[1] else size_bytes == 0 or int(asked[3]) == 0


def _media_type(content_type: str) -> str:
    return f"{content_type}; charset=utf-8" if content_type == "text/plain" else content_type


def _etags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
