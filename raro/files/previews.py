"""What can be seen of a file without downloading it: a page of a table, the head of a text, or its first bytes.

Nothing here trusts the file: a table that cannot be read becomes its first bytes and a note that says why. Blocking;
call it in a thread. Tables are `raro.files.tables`.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from raro.files import tables
from raro.files.figures import Column
from raro.files.tables import Form, Page

TEXT_BYTES = 256 * 1024
"""How much of a text one preview shows."""
_HEX_BYTES = 512
_HEX_LINE = 16
_TABLES: dict[str, Form] = {
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.apache.parquet": "parquet",
}
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# A browser shows these itself, from the file's own address.
_SHOWN = ("image/", "audio/", "video/", "application/pdf")

Kind = Literal["table", "text", "hex", "none"]


@dataclass(frozen=True, slots=True)
class HexLine:
    """Sixteen bytes: where they begin, as hex pairs, as printable ASCII."""

    offset: int
    hex: str
    ascii: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A table's `columns`, `rows`, `total_rows`; a text's `text`, `encoding`; else `lines`.

    `next_offset` is where the page behind begins (rows of a table, bytes of a text), None at the end. `note` says
    what was cut or could not be read.
    """

    kind: Kind
    note: str | None = None
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    total_rows: int | None = None
    sampled_rows: int | None = None
    text: str = ""
    encoding: str | None = None
    next_offset: int | None = None
    lines: tuple[HexLine, ...] = field(default=())


def preview(path: Path, content_type: str, page: Page) -> Preview:
    """Look at a file. Raises FileNotFoundError when it is not there."""
    if content_type.startswith(_SHOWN) and content_type != "image/svg+xml":
        return Preview("none")
    form = _TABLES.get(content_type)
    if form is not None and path.stat().st_size:
        try:
            found = tables.read(path, form, encoding_of(path), page)
        except tables.Unreadable as reason:
            return _bytes_of(path, page.offset, f"It cannot be read as a table: {reason}.")
        return Preview(
            "table",
            found.note,
            found.columns,
            found.rows,
            found.total_rows,
            found.sampled_rows,
            next_offset=found.next_offset,
        )
    return _bytes_of(path, page.offset, None)


def is_table(content_type: str) -> bool:
    """Whether a look takes DuckDB: up to a core for as long as a look may take."""
    return content_type in _TABLES


def encoding_of(path: Path) -> str | None:
    """The codec of what looks like text, None for what does not."""
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        # Windows-1252, which is Latin-1 with letters where that has none, takes nearly every byte; control characters
        # tell that it was no text.
        return "windows-1252" if not any(byte < 9 or 13 < byte < 27 for byte in head) else None
    return "utf-8"


def _bytes_of(path: Path, offset: int, note: str | None) -> Preview:
    encoding = encoding_of(path)
    if encoding is None:
        return Preview("hex", note, lines=_hex(path))
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(min(offset, size))
        data = file.read(TEXT_BYTES)
        end = file.tell()
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    text = decoder.decode(data, final=end >= size)
    # A character must not be torn: the next page begins with it.
    end -= len(decoder.getstate()[0])
    if offset == 0:
        text = text.removeprefix("\ufeff")
    return Preview("text", note, text=text, encoding=encoding, next_offset=end if end < size else None)


def _hex(path: Path) -> tuple[HexLine, ...]:
    with path.open("rb") as file:
        head = file.read(_HEX_BYTES)
    return tuple(
        HexLine(start, line.hex(" "), "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line))
        for start, line in ((start, head[start : start + _HEX_LINE]) for start in range(0, len(head), _HEX_LINE))
    )
