"""Values of DuckDB as JSON and CSV that every reader understands alike.

A number is a JSON number when a reader that knows doubles alone gets it exactly; otherwise it is a string, as are
NaN and the infinities. Times are RFC 3339, in UTC; bytes are base64; JSON columns are JSON.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

EXACT_INTEGER = 2**53 - 1
EXACT_DIGITS = 15
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?")
_MOST_TYPE_LETTERS = 200


def column(name: str, kind: str) -> dict[str, str]:
    """A column as answers have it: DuckDB's own name of its type, which an enumeration makes very long."""
    return {"name": name, "type": kind if len(kind) <= _MOST_TYPE_LETTERS else f"{kind[:_MOST_TYPE_LETTERS]}…"}


def is_temporal(kind: str) -> bool:
    """Whether a type is a moment, a date, a time or an interval, and no list or struct of them."""
    return not kind.endswith("]") and kind.startswith(("TIMESTAMP", "DATE", "TIME", "INTERVAL"))


def json_value(value: Any, kind: str = "") -> Any:
    """A value as Python's DuckDB gives it, fit for `json.dumps`; `kind` is the type of its column."""
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, kind)
        case int():
            return value if -EXACT_INTEGER <= value <= EXACT_INTEGER else str(value)
        case float():
            return value if math.isfinite(value) else _not_finite(value)
        case Decimal():
            return float(value) if value.is_finite() and len(value.as_tuple().digits) <= EXACT_DIGITS else str(value)
        case datetime():
            return _moment(value.isoformat(sep=" "))
        case date() | time():
            return value.isoformat()
        case timedelta() | UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return [json_value(item) for item in value]
        case dict():
            return {_key(key): json_value(item) for key, item in value.items()}
        case _:
            return str(value)


def json_row(row: Sequence[Any], kinds: Sequence[str]) -> str:
    """A row as a JSON array; pure ASCII, for a lone surrogate of a JSON column has no other form."""
    return json.dumps([json_value(value, kind) for value, kind in zip(row, kinds, strict=True)], separators=(",", ":"))


def csv_rows(rows: Iterable[Sequence[Any]], kinds: Sequence[str] = ()) -> str:
    """Rows as CSV (RFC 4180); what is null is empty, what is nested is JSON."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        of_kind = kinds or [""] * len(row)
        writer.writerow([_cell(value, kind) for value, kind in zip(row, of_kind, strict=True)])
    return text.getvalue().encode(errors="replace").decode()


def _cell(value: Any, kind: str) -> str:
    if isinstance(value, str) and not is_temporal(kind):
        return value
    found = json_value(value, kind)
    if isinstance(found, str):
        return found
    return "" if found is None else json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _text(value: str, kind: str) -> Any:
    if kind == "JSON":
        try:
            return json_value(json.loads(value))
        except (ValueError, RecursionError):
            return value
    return _moment(value) if is_temporal(kind) else value


def _moment(text: str) -> str:
    found = _MOMENT.fullmatch(text.replace("+00:00", "+00"))
    return f"{found[1]}T{found[2]}Z" if found else text


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _key(key: Any) -> str:
    safe = json_value(key)
    return safe if isinstance(safe, str) else json.dumps(safe)
