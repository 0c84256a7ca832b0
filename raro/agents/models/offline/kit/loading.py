"""Reads a file as what it is: a table, a document, or bytes nobody can name."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd

INPUT = Path("input")
OUTPUT = Path("output")
# Beyond this a table is counted whole and looked at through a sample.
BIG_BYTES = 60_000_000
SAMPLE_ROWS = 200_000
TEXT_BYTES = 20_000_000
_TABLES = {".csv", ".tsv", ".tab", ".parquet", ".pq", ".jsonl", ".ndjson"}
_DELIMITERS = ",;\t|"


@dataclass
class Loaded:
    """A file as it was read; `frame` for tables, `text` for documents; `notes` say what was done to read it."""

    name: str
    kind: str
    size_bytes: int
    frame: pd.DataFrame | None = None
    text: str | None = None
    data: Any = None
    rows: int = 0
    notes: list[str] = field(default_factory=list)


def load(name: str) -> Loaded:
    """Read one input. Never raises for what is in it: what cannot be read is `binary` with a note."""
    path = INPUT / name
    size = path.stat().st_size
    if size == 0:
        return Loaded(name, "empty", 0)
    suffix = path.suffix.lower()
    try:
        if suffix in (".parquet", ".pq") or _head(path).startswith(b"PAR1"):
            return _load_parquet(name, path, size)
        if (kind := _binary_kind(path)) != "binary":
            return Loaded(name, kind, size)
        if b"\0" in _head(path) and not _head(path).startswith((b"\xff\xfe", b"\xfe\xff")):
            return Loaded(name, "binary", size)
        if suffix in (".jsonl", ".ndjson"):
            return _load_lines(name, path, size)
        if suffix in (".csv", ".tsv", ".tab"):
            return _load_csv(name, path, size)
        return _load_text(name, path, size, suffix)
    except Exception as error:  # noqa: BLE001  any parser may fail on any bytes; the report says so
        kind = _binary_kind(path)
        note = f"it could not be read as its name says ({type(error).__name__}: {str(error)[:200]})"
        return Loaded(name, kind, size, notes=[note])


def _load_parquet(name: str, path: Path, size: int) -> Loaded:
    source = f"read_parquet({_quoted(path)})"
    rows = _count(source)
    frame = _sample(source, rows)
    return Loaded(name, "table", size, frame, rows=rows, notes=_sample_note(rows, frame))


def _load_csv(name: str, path: Path, size: int) -> Loaded:
    encoding = _encoding(path)
    if size > BIG_BYTES and encoding == "utf-8":
        source = f"read_csv({_quoted(path)}, ignore_errors=true, sample_size=100000)"
        rows = _count(source)
        frame = _sample(source, rows)
        return Loaded(name, "table", size, frame, rows=rows, notes=_sample_note(rows, frame))
    text = path.read_text(encoding=encoding, errors="replace")
    delimiter = _delimiter(text[:100_000], path.suffix.lower())
    header = 0 if _has_header(text[:20_000], delimiter) else None
    frame, bad, notes = _read_quoted(text, delimiter, header)
    frame.columns = _names(frame, header)
    if bad:
        notes.append(f"{bad:,} lines had too many fields and were left out")
    if encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"it is encoded in {encoding}")
    if header is None:
        notes.append("it has no header line; columns are numbered")
    return Loaded(name, "table", size, frame, rows=len(frame), notes=notes)


def _read_quoted(text: str, delimiter: str, header: int | None) -> tuple[pd.DataFrame, int, list[str]]:
    """The table, how many lines were left out, and notes; one quotation mark too many must not swallow the rest."""
    frame, bad = _read(text, delimiter, header, csv.QUOTE_MINIMAL)
    if text.count('"') % 2:
        plain, plain_bad = _read(text, delimiter, header, csv.QUOTE_NONE)
        if len(plain) + plain_bad > len(frame) + bad:
            return plain, plain_bad, ["a quotation mark is never closed, so all of them are taken as they stand"]
    return frame, bad, []


def _read(text: str, delimiter: str, header: int | None, quoting: Literal[0, 3]) -> tuple[pd.DataFrame, int]:
    bad: list[list[str]] = []
    frame = pd.read_csv(
        io.StringIO(text),
        sep=delimiter,
        header=header,
        quoting=quoting,
        engine="python",
        on_bad_lines=_collect(bad),
        index_col=False,
        skip_blank_lines=True,
    )
    return frame, len(bad)


def _load_lines(name: str, path: Path, size: int) -> Loaded:
    source = f"read_json({_quoted(path)}, format='newline_delimited', ignore_errors=true)"
    rows = _count(source)
    frame = _sample(source, rows)
    return Loaded(name, "table", size, frame, rows=rows, notes=_sample_note(rows, frame))


def _load_text(name: str, path: Path, size: int, suffix: str) -> Loaded:
    with path.open("rb") as file:
        data = file.read(TEXT_BYTES)
    text = data.decode(_encoding(path), errors="replace")
    notes = [f"only its first {TEXT_BYTES:,} bytes were read"] if size > TEXT_BYTES else []
    if suffix == ".json" or text.lstrip()[:1] in ("{", "["):
        try:
            parsed = json.loads(text)
        except ValueError as error:
            notes.append(f"it is not valid JSON ({error}); it is taken as text")
        else:
            return _parsed_json(name, size, parsed, text, notes)
    return Loaded(name, "text", size, text=text, notes=notes)


def _parsed_json(name: str, size: int, parsed: Any, text: str, notes: list[str]) -> Loaded:
    records = parsed if isinstance(parsed, list) else next((v for v in _values(parsed) if _is_records(v)), None)
    if isinstance(records, list) and _is_records(records):
        frame = pd.json_normalize(records, max_level=2)
        return Loaded(
            name, "table", size, frame, data=parsed, rows=len(frame), notes=[*notes, "it is a list of records"]
        )
    return Loaded(name, "json", size, text=text, data=parsed, notes=notes)


def _values(parsed: Any) -> list[Any]:
    return list(parsed.values()) if isinstance(parsed, dict) else []


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, dict) for item in value)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8192)


def _binary_kind(path: Path) -> str:
    head = _head(path)
    signatures = {
        b"%PDF": "pdf",
        b"\x89PNG": "image",
        b"\xff\xd8\xff": "image",
        b"GIF8": "image",
        b"RIFF": "media",
        b"PK\x03\x04": "archive",
        b"\x1f\x8b": "archive",
    }
    return next((kind for mark, kind in signatures.items() if head.startswith(mark)), "binary")


def _encoding(path: Path) -> str:
    head = _head(path)
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


def _delimiter(text: str, suffix: str) -> str:
    if suffix in (".tsv", ".tab"):
        return "\t"
    try:
        return csv.Sniffer().sniff(text, delimiters=_DELIMITERS).delimiter
    except csv.Error:
        first = text.splitlines()[0] if text.splitlines() else ""
        return max(_DELIMITERS, key=first.count) if any(first.count(mark) for mark in _DELIMITERS) else ","


def _has_header(text: str, delimiter: str) -> bool:
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row][:2]
    if not rows:
        return True
    return not any(re.fullmatch(r"\s*[-+]?\d+([.,]\d+)?\s*", cell) for cell in rows[0])


def _names(frame: pd.DataFrame, header: int | None) -> list[str]:
    if header is None:
        return [f"column {number + 1}" for number in range(frame.shape[1])]
    return [str(name).strip() or f"column {number + 1}" for number, name in enumerate(frame.columns)]


def _collect(bad: list[list[str]]) -> Any:
    def keep(line: list[str]) -> None:
        bad.append(line)

    return keep


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _count(source: str) -> int:
    row = duckdb.connect().execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row else 0


def _sample(source: str, rows: int) -> pd.DataFrame:
    part = f" USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (7)" if rows > SAMPLE_ROWS else ""
    return duckdb.connect().execute(f"SELECT * FROM {source}{part}").df()


def _sample_note(rows: int, frame: pd.DataFrame) -> list[str]:
    return [f"statistics are of a random sample of {len(frame):,} of {rows:,} rows"] if rows > len(frame) else []
