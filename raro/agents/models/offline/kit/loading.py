"""Reads a file as what it is: a table, a document, or bytes nobody can name."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from raro.agents.models.offline.kit.sniffing import (
    INPUT,
    binary_form,
    delimiter_of,
    encoding_of,
    form_of,
    has_header,
    head_of,
    quoted,
)

if TYPE_CHECKING:
    import pandas as pd

# Beyond this a table is counted whole and looked at through a sample.
BIG_BYTES = 60_000_000
SAMPLE_ROWS = 200_000
TEXT_BYTES = 20_000_000


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
    try:
        match form_of(path):
            case "parquet":
                return _load_parquet(name, path, size)
            case "jsonl":
                return _load_lines(name, path, size)
            case "csv":
                return _load_csv(name, path, size)
            case "text":
                return _load_text(name, path, size, path.suffix.lower())
            case kind:
                return Loaded(name, kind, size)
    except Exception as error:  # noqa: BLE001  any parser may fail on any bytes; the report says so
        note = f"it could not be read as its name says ({type(error).__name__}: {str(error)[:200]})"
        return Loaded(name, binary_form(head_of(path)), size, notes=[note])


def _load_parquet(name: str, path: Path, size: int) -> Loaded:
    source = f"read_parquet({quoted(path)})"
    rows = _count(source)
    frame = _sample(source, rows)
    return Loaded(name, "table", size, frame, rows=rows, notes=_sample_note(rows, frame))


def _load_csv(name: str, path: Path, size: int) -> Loaded:
    encoding = encoding_of(path)
    if size > BIG_BYTES and encoding == "utf-8":
        source = f"read_csv({quoted(path)}, ignore_errors=true, sample_size=100000)"
        rows = _count(source)
        frame = _sample(source, rows)
        return Loaded(name, "table", size, frame, rows=rows, notes=_sample_note(rows, frame))
    text = path.read_text(encoding=encoding, errors="replace")
    delimiter = delimiter_of(text[:100_000], path.suffix.lower())
    header = 0 if has_header(text[:20_000], delimiter) else None
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
    import pandas as pd

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
    source = f"read_json({quoted(path)}, format='newline_delimited', ignore_errors=true)"
    rows = _count(source)
    frame = _sample(source, rows)
    return Loaded(name, "table", size, frame, rows=rows, notes=_sample_note(rows, frame))


def _load_text(name: str, path: Path, size: int, suffix: str) -> Loaded:
    with path.open("rb") as file:
        data = file.read(TEXT_BYTES)
    text = data.decode(encoding_of(path), errors="replace")
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
        import pandas as pd

        frame = pd.json_normalize(records, max_level=2)
        return Loaded(
            name, "table", size, frame, data=parsed, rows=len(frame), notes=[*notes, "it is a list of records"]
        )
    return Loaded(name, "json", size, text=text, data=parsed, notes=notes)


def _values(parsed: Any) -> list[Any]:
    return list(parsed.values()) if isinstance(parsed, dict) else []


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, dict) for item in value)


def _names(frame: pd.DataFrame, header: int | None) -> list[str]:
    if header is None:
        return [f"column {number + 1}" for number in range(frame.shape[1])]
    return [str(name).strip() or f"column {number + 1}" for number, name in enumerate(frame.columns)]


def _collect(bad: list[list[str]]) -> Any:
    def keep(line: list[str]) -> None:
        bad.append(line)

    return keep


def _count(source: str) -> int:
    import duckdb

    row = duckdb.connect().execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row else 0


def _sample(source: str, rows: int) -> pd.DataFrame:
    import duckdb

    part = f" USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE (7)" if rows > SAMPLE_ROWS else ""
    return duckdb.connect().execute(f"SELECT * FROM {source}{part}").df()


def _sample_note(rows: int, frame: pd.DataFrame) -> list[str]:
    return [f"statistics are of a random sample of {len(frame):,} of {rows:,} rows"] if rows > len(frame) else []
