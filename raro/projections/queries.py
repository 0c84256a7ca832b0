"""What every query shares: rows as JSON-ready dicts, moments as the tables have them, and opaque page cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb

from raro.errors import BadCursor

Row = dict[str, Any]
Connection = duckdb.DuckDBPyConnection
# TIMESTAMP is UTC without saying so.
BEGINNING, END = datetime(1970, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001


def rows(
    connection: Connection, sql: str, arguments: Sequence[Any] | Mapping[str, Any] = (), *, parse: Sequence[str] = ()
) -> list[Row]:
    """Every row of a query; the columns in `parse` hold JSON text."""
    result = connection.execute(sql, arguments if isinstance(arguments, Mapping) else list(arguments))
    names = [column[0] for column in result.description]
    found = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    for row in found:
        for name in parse:
            row[name] = json.loads(row[name]) if row[name] is not None else None
    return found


def one(
    connection: Connection, sql: str, arguments: Sequence[Any] | Mapping[str, Any] = (), *, parse: Sequence[str] = ()
) -> Row | None:
    """The first row, None when there is none."""
    found = rows(connection, sql, arguments, parse=parse)
    return found[0] if found else None


def utc(moment: datetime) -> datetime:
    """A moment as the tables' TIMESTAMP columns have it; one without a zone is UTC already."""
    try:
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError:
        return BEGINNING if moment.year == 1 else END


def to_cursor(*key: object) -> str:
    """An opaque cursor that stands behind the row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def from_cursor(text: str, *kinds: type[str] | type[int]) -> list[Any]:
    """The sort key in a cursor, its parts of these types. Raises BadCursor."""
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        key = None
    # `type(…) is`, for a bool is an int too, and DuckDB would compare neither with a moment.
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise BadCursor(f"{text!r} is not a cursor of this list; take `next` from the page before.", cursor=text)
    return key
