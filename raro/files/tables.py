"""A page of a CSV, TSV or Parquet file through DuckDB, with types and a small histogram for each column.

Every look has a DuckDB of its own that may open this one file and nothing else, with little memory and one thread,
and is interrupted when it takes too long.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

ROWS_MAX = 500
_COLUMNS_MAX = 500
_CELL_CHARS = 2_000
_SAMPLE_ROWS = 50_000
_BARS = 20
_TOP = 8
_COUNTED_BYTES = 512 * 1024 * 1024
_SORTED_BYTES = 256 * 1024 * 1024
_SECONDS = 20.0
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
            "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
_MOMENTS = ("DATE", "TIMESTAMP")


class Unreadable(Exception):
    """The bytes are no such table; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: from `offset` on, at most `limit`, sorted by a column when one is named."""

    offset: int = 0
    limit: int = 100
    sort: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: what it stands for, how many rows it counts."""

    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and DuckDB type; the figures are of the sampled rows."""

    name: str
    type: str
    nulls: int = 0
    distinct: int | None = None
    min: str | None = None
    max: str | None = None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One page and what is known of the columns; `total_rows` is None where counting would take too long."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    total_rows: int | None
    sampled_rows: int
    next_offset: int | None
    note: str | None


def read(path: Path, form: str, encoding: str | None, page: Page) -> Table:
    """Read a page. Raises Unreadable."""
    with _connected(path) as connection:
        try:
            return _table(connection, path, _source(connection, path, form, encoding), page)
        except duckdb.InterruptException as error:
            raise Unreadable(f"it took longer than {_SECONDS:.0f} s") from error
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise Unreadable(_first_line(error).replace(str(path.resolve()), "it")) from error


@contextmanager
def _connected(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(
        config={"memory_limit": "512MB", "threads": "1", "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false", "max_temp_directory_size": "0B"}
    )  # fmt: skip
    timer = threading.Timer(_SECONDS, connection.interrupt)
    try:
        connection.execute(f"SET allowed_paths = [{_quoted(str(path.resolve()))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        timer.start()
        yield connection
    finally:
        timer.cancel()
        connection.close()


def _source(connection: duckdb.DuckDBPyConnection, path: Path, form: str, encoding: str | None) -> str:
    where = _quoted(str(path.resolve()))
    if form == "parquet":
        return f"read_parquet({where})"
    last = duckdb.Error("it has no rows")
    # R and many others write NA for what is missing; as text it would make a column of numbers one of words.
    common = f"{where}, encoding = {_quoted(encoding or 'utf-8')}, nullstr = ['', 'NA']"
    common += ", null_padding = true, parallel = false"
    for more in ("", ", all_varchar = true, ignore_errors = true", ", all_varchar = true, strict_mode = false"):
        source = f"read_csv({common}{more})"
        try:
            connection.execute(f"SELECT * FROM {source} LIMIT {_SAMPLE_ROWS}").fetchmany(1)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            last = error
        else:
            return source
    raise last


def _table(connection: duckdb.DuckDBPyConnection, path: Path, source: str, page: Page) -> Table:
    notes = []
    connection.execute(f"CREATE TEMP TABLE sample AS SELECT * FROM {source} LIMIT {_SAMPLE_ROWS}")
    described = connection.execute("DESCRIBE sample").fetchall()
    if len(described) > _COLUMNS_MAX:
        notes.append(f"the first {_COLUMNS_MAX} of {len(described)} columns")
    shown = [(str(name), str(kind)) for name, kind, *_ in described[:_COLUMNS_MAX]]
    sampled = _number(connection.execute("SELECT count(*) FROM sample"))
    size = path.stat().st_size
    whole = sampled < _SAMPLE_ROWS
    total = sampled if whole else _counted(connection, source, size)
    if not whole:
        notes.append(f"figures are of the first {sampled:,} rows")
    order = ""
    if page.sort in [name for name, _ in shown]:
        if size <= _SORTED_BYTES:
            order = f"ORDER BY {_named(str(page.sort))} {'DESC' if page.descending else 'ASC'} NULLS LAST"
        else:
            notes.append("too large to be sorted here")
    origin, names = "sample" if whole else source, [name for name, _ in shown]
    try:
        rows = _rows(connection, origin, names, order, page)
    except duckdb.OutOfMemoryException:
        notes.append("too large to be sorted here")
        rows = _rows(connection, origin, names, "", page)
    more = len(rows) > page.limit
    columns = tuple(_column(connection, name, kind) for name, kind in shown)
    note = f"Shown: {'; '.join(notes)}." if notes else None
    return Table(columns, tuple(rows[: page.limit]), total, sampled, page.offset + page.limit if more else None, note)


def _rows(
    connection: duckdb.DuckDBPyConnection, source: str, names: list[str], order: str, page: Page
) -> list[tuple[str | None, ...]]:
    cells = ", ".join(f"left(CAST({_named(name)} AS VARCHAR), {_CELL_CHARS + 1})" for name in names)
    found = connection.execute(
        f"SELECT {cells} FROM {source} {order} LIMIT {page.limit + 1} OFFSET {page.offset}"
    ).fetchall()
    return [tuple(_cut(cell) for cell in row) for row in found]


def _cut(cell: str | None) -> str | None:
    return f"{cell[:_CELL_CHARS]}… (cut)" if cell is not None and len(cell) > _CELL_CHARS else cell


def _counted(connection: duckdb.DuckDBPyConnection, source: str, size: int) -> int | None:
    if source.startswith("read_csv") and size > _COUNTED_BYTES:
        return None
    return _number(connection.execute(f"SELECT count(*) FROM {source}"))


def _column(connection: duckdb.DuckDBPyConnection, name: str, kind: str) -> Column:
    column = _named(name)
    base = kind.split("(")[0]
    if base in _NUMBERS or base.startswith(_MOMENTS):
        return _ordered(connection, name, kind, column)
    text = f"left(CAST({column} AS VARCHAR), 80)"
    distinct, nulls = connection.execute(
        f"SELECT approx_count_distinct({text}), count(*) - count({column}) FROM sample"
    ).fetchall()[0]
    top = connection.execute(
        f"SELECT {text}, count(*) FROM sample WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_TOP}"
    ).fetchall()
    return Column(name, kind, nulls, distinct, bars=tuple(Bar(str(value), count) for value, count in top))


def _ordered(connection: duckdb.DuckDBPyConnection, name: str, kind: str, column: str) -> Column:
    """A column of numbers or moments: bars of equal width between its ends."""
    number = f"epoch({column})" if kind.startswith(_MOMENTS) else f"CAST({column} AS DOUBLE)"
    # isfinite would refuse dates of the far past; NaN and infinity have no place on an axis.
    finite = f"CASE WHEN isfinite({number}) THEN {number} END"
    low, high, least, most, nulls, distinct = connection.execute(
        f"SELECT min({finite}), max({finite}), CAST(min({column}) AS VARCHAR), CAST(max({column}) AS VARCHAR), "
        f"count(*) - count({column}), approx_count_distinct({column}) FROM sample"
    ).fetchall()[0]
    if low is None:
        return Column(name, kind, nulls, distinct, least, most)
    width = (high - low) / _BARS or 1.0
    counts = dict(
        connection.execute(
            f"SELECT least({_BARS - 1}, CAST(floor(({finite} - {low!r}) / {width!r}) AS INTEGER)), count(*) "
            f"FROM sample WHERE {finite} IS NOT NULL GROUP BY 1"
        ).fetchall()
    )
    bars = tuple(
        Bar(f"{low + index * width:.6g} to {low + (index + 1) * width:.6g}", counts.get(index, 0))
        for index in range(_BARS if high > low else 1)
    )
    return Column(name, kind, nulls, distinct, least, most, bars)


def _number(answer: duckdb.DuckDBPyConnection) -> int:
    row: Any = answer.fetchone()
    return int(row[0])


def _named(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300].rstrip(".")
