"""Rows of a report or a query, as a table or written to a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from raro.cli.output import Output
from raro.cli.render import table
from raro.cli.text import plain, size
from raro.client.analytics import Column
from raro.errors import BadRequest

_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL")


def show_rows(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as a table, numbers to the right."""
    right = [column["name"] for column in columns if any(kind in column["type"] for kind in _NUMBERS)]
    made = table(*(plain(column["name"]) for column in columns), right=right)
    for row in rows:
        made.add_row(*(plain(_text(value)) for value in row))
    console.print(made)


def write_rows(out: Output, body: bytes, to: Path | None, format: str) -> None:
    """A result's file: to the path, or CSV to stdout. Raises BadRequest for Parquet on a terminal."""
    if to is None and format == "parquet" and sys.stdout.isatty():
        raise BadRequest("Parquet is nothing for a terminal: name a file with --output.")
    if to is None:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
        return
    try:
        to.write_bytes(body)
    except OSError as error:
        raise BadRequest(f"{str(to)!r} cannot be written: {error.strerror}. Name another file.") from error
    answer = {"path": str(to), "size_bytes": len(body)}
    out.answer(answer, lambda console: console.print(f"{to}: {size(len(body))}"))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
