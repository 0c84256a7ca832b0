"""The difference of two files' contents: of texts by line, of tables by row, of anything else that there is one.

Blocking; call it in a thread. One answer takes no longer than its time, however many files it is about: what there was
no time for is named.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from raro.errors import BlobMissing
from raro.files.blobs import BlobStore
from raro.files.previews import encoding_of
from raro.files.tables import Form
from raro.replay import tables, texts

_TEXT_BYTES = 256 * 1024
_FORMS: dict[str, Form] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.apache.parquet": "parquet",
}

Difference = dict[str, Any]


class Contents:
    """Compares blobs, at most `most` of them, and none after `seconds` since the first."""

    def __init__(self, blobs: BlobStore, *, seconds: float = 20.0, most: int = 20) -> None:
        self._blobs = blobs
        self._most = most
        self._seconds = seconds
        self._deadline: float | None = None
        self._compared = 0

    def exists(self, sha256: str) -> bool:
        """Whether these bytes are there."""
        return self._blobs.exists(sha256)

    def compare(self, first: str, second: str, content_type: str) -> Difference:
        """`kind` text, table, bytes (they differ, and cannot be shown side by side), erased or left_out; `notes`."""
        try:
            paths = self._blobs.path(first, verified=True), self._blobs.path(second, verified=True)
        except BlobMissing:
            return {"kind": "erased", "notes": ["the bytes of one of them are gone"]}
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._seconds
        if self._compared >= self._most or now > self._deadline:
            return {"kind": "left_out", "notes": ["not compared: there are too many files, or they are too large"]}
        self._compared += 1
        return _compared(*paths, content_type)


def _compared(first: Path, second: Path, content_type: str) -> Difference:
    notes = []
    if form := _FORMS.get(content_type):
        try:
            return _noted("table", tables.compare(first, second, form), [])
        except tables.NotCompared as reason:
            notes.append(f"not compared as tables: {reason}")
    encodings = encoding_of(first), encoding_of(second)
    if None in encodings:
        return {"kind": "bytes", "notes": notes}
    if max(first.stat().st_size, second.stat().st_size) > _TEXT_BYTES:
        notes.append(f"only the first {_TEXT_BYTES >> 10} KiB are compared")
    a, b = (_head(path, encoding or "utf-8") for path, encoding in zip((first, second), encodings, strict=True))
    return _noted("text", texts.compare(a, b), notes)


def _noted(kind: str, found: texts.TextDifference | tables.TableDifference, notes: list[str]) -> Difference:
    return {"kind": kind, **asdict(found), "notes": [*notes, *found.notes]}


def _head(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        return file.read(_TEXT_BYTES).decode(encoding, errors="replace")
