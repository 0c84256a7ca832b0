"""Tells what a file is from its name and its beginning, with nothing but the standard library."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Literal

INPUT = Path("input")
OUTPUT = Path("output")
_DELIMITERS = ",;\t|"

Form = Literal["empty", "parquet", "csv", "jsonl", "text", "pdf", "image", "media", "archive", "binary"]


def form_of(path: Path) -> Form:
    """How a file is to be read; what only its end could tell is not known yet."""
    if path.stat().st_size == 0:
        return "empty"
    suffix, head = path.suffix.lower(), head_of(path)
    if suffix in (".parquet", ".pq") or head.startswith(b"PAR1"):
        return "parquet"
    if (kind := binary_form(head)) != "binary":
        return kind
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "binary"
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    return "csv" if suffix in (".csv", ".tsv", ".tab") else "text"


def head_of(path: Path) -> bytes:
    """The beginning, 8 KiB at most."""
    with path.open("rb") as file:
        return file.read(8192)


def binary_form(head: bytes) -> Form:
    """What a signature says; `binary` when there is none."""
    signatures: dict[bytes, Form] = {
        b"%PDF": "pdf",
        b"\x89PNG": "image",
        b"\xff\xd8\xff": "image",
        b"GIF8": "image",
        b"RIFF": "media",
        b"PK\x03\x04": "archive",
        b"\x1f\x8b": "archive",
    }
    return next((form for mark, form in signatures.items() if head.startswith(mark)), "binary")


def encoding_of(path: Path) -> str:
    """UTF-8 or UTF-16 where it says so or is so, Latin-1 otherwise."""
    head = head_of(path)
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    with path.open("rb") as file:
        try:
            file.read(2_000_000).decode("utf-8")
        except UnicodeDecodeError as error:
            return "utf-8" if error.reason == "unexpected end of data" else "latin-1"
    return "utf-8"


def delimiter_of(text: str, suffix: str) -> str:
    """What parts the fields of a table's lines."""
    if suffix in (".tsv", ".tab"):
        return "\t"
    try:
        return csv.Sniffer().sniff(text, delimiters=_DELIMITERS).delimiter
    except csv.Error:
        first = text.splitlines()[0] if text.splitlines() else ""
        return max(_DELIMITERS, key=first.count) if any(first.count(mark) for mark in _DELIMITERS) else ","


def has_header(text: str, delimiter: str) -> bool:
    """Whether the first line names columns: none of its fields is a number."""
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row][:2]
    if not rows:
        return True
    return not any(re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?\s*", cell) for cell in rows[0])


def quoted(path: Path) -> str:
    """A path as SQL text."""
    return "'" + str(path).replace("'", "''") + "'"
