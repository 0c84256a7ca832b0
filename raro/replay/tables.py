"""The difference of two tables: columns that came and went, and rows that only one of them has.

Rows are compared as they are written, in the columns that both have; their order does not count. A file's own DuckDB
may open these two files and nothing else (`raro.files.tables`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from raro.files import separated
from raro.files.figures import named
from raro.files.previews import encoding_of
from raro.files.separated import Source, quoted
from raro.files.tables import Form, connected

MOST_BYTES = 64 * 1024 * 1024
_SHOWN_ROWS = 50
_SHOWN_COLUMNS = 100
_CELL_CHARS = 200


class NotCompared(Exception):
    """They cannot be compared as tables; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class TableDifference:
    """`columns` are those that both have. Rows that are equal in them are left out, once for once."""

    columns: tuple[str, ...]
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    rows_before: int
    rows_after: int
    rows_added: int
    rows_removed: int
    only_before: tuple[tuple[str | None, ...], ...]
    only_after: tuple[tuple[str | None, ...], ...]
    notes: tuple[str, ...] = ()


def compare(first: Path, second: Path, form: Form) -> TableDifference:
    """Row by row. Raises NotCompared."""
    if max(first.stat().st_size, second.stat().st_size) > MOST_BYTES:
        raise NotCompared(f"one of them is larger than {MOST_BYTES >> 20} MiB")
    try:
        with _in_utf8(first, form) as (a, cut_a), _in_utf8(second, form) as (b, cut_b), connected(a, b) as connection:
            found = _compared(connection, _source(connection, a, form), _source(connection, b, form))
            return replace(found, notes=(*found.notes, *(note for note in (cut_a, cut_b) if note)))
    except duckdb.InterruptException as error:
        raise NotCompared("it takes too long") from error
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise NotCompared("one of them cannot be read as a table") from error


@contextmanager
def _in_utf8(path: Path, form: Form) -> Iterator[tuple[Path, str | None]]:
    encoding = "utf-8" if form == "parquet" else encoding_of(path) or "windows-1252"
    if encoding == "utf-8":
        yield path, None
        return
    with separated.as_utf8(path, encoding) as copy:
        yield copy


def _source(connection: duckdb.DuckDBPyConnection, path: Path, form: Form) -> tuple[str, list[str]]:
    """SQL that stands after FROM, and the columns there. The first way to read the file that takes all of it."""
    if form == "parquet":
        source = f"read_parquet({quoted(str(path.resolve()))})"
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        return source, [str(name) for name, *_ in described]
    failed: duckdb.Error = duckdb.Error("it has no rows")
    for way in separated.sources(connection, path, "\t" if form == "tsv" else None):
        try:
            _count(connection, f"SELECT {_cells(way)} FROM {way.sql}")
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            failed = error
        else:
            return way.sql, [field.name for field in way.fields]
    raise failed


def _cells(source: Source) -> str:
    return ", ".join(named(field.name) for field in source.fields)


def _compared(
    connection: duckdb.DuckDBPyConnection, before: tuple[str, list[str]], after: tuple[str, list[str]]
) -> TableDifference:
    (source_a, columns_a), (source_b, columns_b) = before, after
    both = [name for name in columns_a if name in columns_b]
    if not both:
        raise NotCompared("they have no column in common")
    cells = ", ".join(f"CAST({named(name)} AS VARCHAR) AS {named(name)}" for name in both)
    for table, source in (("a", source_a), ("b", source_b)):
        connection.execute(f"CREATE TEMP TABLE {table} AS SELECT {cells} FROM {source}")
    connection.execute("CREATE TEMP TABLE added AS FROM b EXCEPT ALL FROM a")
    connection.execute("CREATE TEMP TABLE removed AS FROM a EXCEPT ALL FROM b")
    counts = {table: _count(connection, f"FROM {table}") for table in ("a", "b", "added", "removed")}
    return TableDifference(
        columns=tuple(both[:_SHOWN_COLUMNS]),
        columns_added=tuple(name for name in columns_b if name not in both),
        columns_removed=tuple(name for name in columns_a if name not in both),
        rows_before=counts["a"],
        rows_after=counts["b"],
        rows_added=counts["added"],
        rows_removed=counts["removed"],
        only_before=_rows(connection, "removed", both),
        only_after=_rows(connection, "added", both),
        notes=tuple(_cut(len(both), counts)),
    )


def _rows(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> tuple[tuple[str | None, ...], ...]:
    cells = ", ".join(f"left({named(name)}, {_CELL_CHARS})" for name in columns[:_SHOWN_COLUMNS])
    return tuple(connection.execute(f"SELECT {cells} FROM {table} ORDER BY ALL LIMIT {_SHOWN_ROWS}").fetchall())


def _cut(columns: int, counts: dict[str, int]) -> Iterator[str]:
    if columns > _SHOWN_COLUMNS:
        yield f"the first {_SHOWN_COLUMNS} of {columns} columns are shown"
    for table in ("added", "removed"):
        if counts[table] > _SHOWN_ROWS:
            yield f"{_SHOWN_ROWS} of {counts[table]:,} rows that were {table} are shown"


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM ({query})").fetchone()
    assert row is not None
    return int(row[0])
