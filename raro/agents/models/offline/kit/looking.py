"""Prints what each input is, before anything is computed: a glance, for which no table is read whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

from raro.agents.models.offline.kit.sniffing import (
    INPUT,
    delimiter_of,
    encoding_of,
    form_of,
    has_header,
    quoted,
)

_GLANCE_CHARACTERS = 100_000
_SHOWN_COLUMNS = 40


def look(names: Sequence[str]) -> None:
    """One line a file: its form and size, and what it seems to hold."""
    for name in names:
        path = INPUT / name
        try:
            print(f"{name}: {form_of(path)}, {human_size(path.stat().st_size)}{_glance(path)}")
        except Exception as error:  # noqa: BLE001  any parser may fail on any bytes; reading it whole will tell more
            print(f"{name}: {human_size(path.stat().st_size)}; it does not begin as its name says ({error})")


def _glance(path: Path) -> str:
    match form_of(path):
        case "parquet":
            return _glance_at_parquet(path)
        case "csv":
            beginning = _beginning(path)
            delimiter = delimiter_of(beginning, path.suffix.lower())
            first = next(csv.reader(io.StringIO(beginning), delimiter=delimiter), [])
            named = f": {_listed(first)}" if has_header(beginning[:20_000], delimiter) else ", no header line"
            return f", {_lines(path)}, {len(first)} columns{named}"
        case "jsonl":
            first_record = json.loads(_beginning(path).split("\n", 1)[0])
            fields = f" of {_listed(list(first_record))}" if isinstance(first_record, dict) else ""
            return f", {_lines(path)}{fields}"
        case "text":
            return f", {_lines(path)}"
        case _:
            return ""


def _glance_at_parquet(path: Path) -> str:
    # Only here: it takes longer to load than any other look takes.
    import duckdb

    source = f"read_parquet({quoted(path)})"
    connection = duckdb.connect()
    columns = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {source}").fetchall()
    return f", {rows:,} rows, {len(columns)} columns: {_listed([f'{name} ({kind})' for name, kind, *_ in columns])}"


def _beginning(path: Path) -> str:
    with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
        return file.read(_GLANCE_CHARACTERS)


def _lines(path: Path) -> str:
    """Lines, whether the last one ends or not."""
    count, ends = 0, True
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            ends = block.rstrip(b"\0").endswith(b"\n")
    count += not ends
    return "1 line" if count == 1 else f"{count:,} lines"


def _listed(columns: Sequence[str]) -> str:
    more = f", … ({len(columns) - _SHOWN_COLUMNS} more)" if len(columns) > _SHOWN_COLUMNS else ""
    return ", ".join(str(column).strip() for column in columns[:_SHOWN_COLUMNS]) + more


def human_size(size: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
