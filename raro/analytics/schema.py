"""The tables that SQL may ask: columns, types and a line on each, for a schema browser and for completion."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from raro.analytics.exporting import tables
from raro.projections.queries import Connection

_SNAPSHOT = {"client_id": "VARCHAR", "incarnation": "VARCHAR", "seq": "BIGINT", "taken_at": "TIMESTAMP"}


def schema(connection: Connection) -> list[dict[str, Any]]:
    """Every table with its columns, as the views have them now."""
    found = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND schema_name = 'main' ORDER BY table_name, column_index"
    ).fetchall()
    columns: dict[str, dict[str, str]] = {name: {} for name in tables(connection)}
    for table, name, kind in found:
        if table in columns:
            columns[table][name] = kind
    columns["snapshot"] = _SNAPSHOT
    return [_table(table, columns[table]) for table in sorted(columns)]


@cache
def descriptions() -> Mapping[str, Mapping[str, str]]:
    """A line on each table, under `_`, and on each of its columns."""
    text = files("raro.analytics").joinpath("tables.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _table(table: str, columns: Mapping[str, str]) -> dict[str, Any]:
    said = descriptions().get(table, {})
    return {
        "name": table,
        "description": said.get("_", ""),
        "columns": [{"name": name, "type": kind, "description": said.get(name, "")} for name, kind in columns.items()],
    }
