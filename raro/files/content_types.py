"""The media type of a file, from its first bytes and its name together.

Content decides the family, the name decides within it, and nothing becomes active content (HTML, SVG, script) that
is not so by name too: a page under a picture's name is served as plain text, a picture under a page's name as a
picture. Signatures come from puremagic; the ones it lacks or gives away to the wrong type are listed here.
"""

from __future__ import annotations

import codecs
import mimetypes
from functools import cache
from pathlib import PurePosixPath

import puremagic

HEAD_BYTES = 8192
"""How much of a file's start `content_type` wants; more does not help."""
UNKNOWN = "application/octet-stream"

_OFFICE = "application/vnd.openxmlformats-officedocument"
_BY_SUFFIX = {
    # Not, or not everywhere, in Python's own table (3.11).
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".feather": "application/vnd.apache.arrow.file",
    ".duckdb": "application/vnd.duckdb",
    ".sqlite": "application/vnd.sqlite3",
    ".npy": "application/x-npy",
    ".npz": "application/zip",
    ".ipynb": "application/x-ipynb+json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".geojson": "application/geo+json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".toml": "application/toml",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".log": "text/plain",
    ".sql": "text/x-sql",
    ".rs": "text/x-rust",
    ".go": "text/x-go",
    ".ts": "text/x-typescript",
    ".tex": "text/x-tex",
    ".r": "text/x-r",
    ".rtf": "application/rtf",
    ".gz": "application/gzip",
    ".zst": "application/zstd",
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    ".7z": "application/x-7z-compressed",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".epub": "application/epub+zip",
    ".whl": "application/zip",
}
# Unknown to puremagic 1.30 (parquet, arrow, duckdb, npy, hdf5), or confused by it: JPEG and gzip come with a low
# confidence, ELF as an AppImage, SQLite without a type.
_SIGNATURES = (
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"ARROW1\0\0", "application/vnd.apache.arrow.file"),
    (8, b"DUCK", "application/vnd.duckdb"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\x93NUMPY", "application/x-npy"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
)
# Formats of printable characters that are still no text to read.
_TEXT_SIGNATURES = ((b"%PDF-", "application/pdf"), (b"{\\rtf", "application/rtf"), (b"%!PS", "application/postscript"))
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_PARTS = (
    (b"word/", f"{_OFFICE}.wordprocessingml.document"),
    (b"xl/", f"{_OFFICE}.spreadsheetml.sheet"),
    (b"ppt/", f"{_OFFICE}.presentationml.presentation"),
)
_ZIP_FAMILY = frozenset(
    {kind for _, kind in _ZIP_PARTS}
    | {"application/zip", "application/epub+zip", "application/java-archive"}
    | {f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation")}
)
_TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/geo+json",
        "application/x-ndjson",
        "application/x-ipynb+json",
        "application/xml",
        "application/yaml",
        "application/toml",
        "application/javascript",
        "application/x-sh",
        "application/x-csh",
        "application/x-tex",
        "application/x-latex",
        "image/svg+xml",
    }
)
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What text may contain below U+0020: tab, line ends, form feed, backspace and escape of terminal output.
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\b\x1b"))
_LEAST_CONFIDENCE = 0.3


def content_type(name: str, head: bytes) -> str:
    """The media type, without parameters, of a file with this name and these first bytes (see HEAD_BYTES).

    An empty file is what its name says.
    """
    named = type_of_name(name)
    if not head:
        return named or UNKNOWN
    for magic, kind in _TEXT_SIGNATURES:
        if head.startswith(magic):
            return kind
    return _text_type(named, head) if is_text(head) else _binary_type(named, name, head)


def type_of_name(name: str) -> str | None:
    """The media type that goes with the name's ending; None when it says nothing."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    # Without files: the answer must not depend on the machine's /etc/mime.types.
    return _table().types_map[True].get(suffix)


def is_text(head: bytes) -> bool:
    """Whether it reads as text: UTF-8 or UTF-16, or an older 8-bit encoding; the last character may be cut off."""
    if head.startswith(_BOMS):
        return True
    return not head.translate(None, delete=bytes(set(range(256)) - set(_CONTROLS)))


def _text_type(named: str | None, head: bytes) -> str:
    if named == "image/svg+xml":
        return named if b"<svg" in head else "text/plain"
    if named is not None and (named.startswith("text/") or named in _TEXT_TYPES):
        return named
    start = head.lstrip(codecs.BOM_UTF8).lstrip()[:1]
    return "application/json" if named is None and start in {b"{", b"["} else "text/plain"


def _binary_type(named: str | None, name: str, head: bytes) -> str:
    if head.startswith(_ZIP_MAGIC):
        return named if named in _ZIP_FAMILY else _zip_type(head)
    for offset, magic, kind in _SIGNATURES:
        if head.startswith(magic, offset):
            return kind
    matches = _matches(name, head)
    if named in matches:
        return str(named)
    return next((kind for kind, confidence in matches.items() if confidence >= _LEAST_CONFIDENCE), UNKNOWN)


def _zip_type(head: bytes) -> str:
    if b"[Content_Types].xml" in head:
        return next((kind for part, kind in _ZIP_PARTS if part in head), "application/zip")
    return "application/zip"


def _matches(name: str, head: bytes) -> dict[str, float]:
    """puremagic's candidates, best first; never text, which a binary head is not."""
    if not may_be_known(name, head):
        return {}
    try:
        found = puremagic.magic_string(head, filename=name)
    except (puremagic.PureError, ValueError):
        return {}
    return {
        match.mime_type: match.confidence
        for match in reversed(found)
        if match.mime_type and not match.mime_type.startswith("text/") and match.mime_type not in _TEXT_TYPES
    }


def may_be_known(name: str, head: bytes) -> bool:
    """Whether puremagic can know it: before it says no, it compares each of its 1,400 signatures."""
    if PurePosixPath(name).suffix.lower() in _endings():
        return True
    return any(head[begin : begin + 2] in starts for begin, starts in _starts()) or any(
        head[begin:].startswith(foot) for begin, foot in _feet()
    )


@cache
def _starts() -> tuple[tuple[int, frozenset[bytes]], ...]:
    """The first two bytes of puremagic's signatures, by where in the file they are; of one byte are only texts'."""
    found: dict[int, set[bytes]] = {}
    for row in puremagic.magic_header_array:
        if len(row.byte_match) > 1:
            found.setdefault(row.offset, set()).add(row.byte_match[:2])
    return tuple((begin, frozenset(starts)) for begin, starts in found.items())


@cache
def _feet() -> tuple[tuple[int, bytes], ...]:
    """puremagic's signatures at the end of a file; where they begin is counted from there."""
    return tuple((row.offset, row.byte_match) for row in puremagic.magic_footer_array)


@cache
def _endings() -> frozenset[str]:
    """Names' endings of which puremagic says something whatever the content."""
    return frozenset(row.extension for row in puremagic.main.extension_only_array)


@cache
def _table() -> mimetypes.MimeTypes:
    return mimetypes.MimeTypes(filenames=())
