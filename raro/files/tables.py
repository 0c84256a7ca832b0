"""A page of a CSV, TSV or Parquet file through DuckDB, with types and a small histogram for each column.

Every look has a DuckDB of its own that may open this one file and nothing else, with little memory and one thread,
and is interrupted when it takes too long. Cells are shown as they stand in the file: types are for sorting and for
the figures only. How a CSV file is read is `raro.files.separated`; what is told of columns is `raro.files.figures`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import duckdb

from raro.files import separated
from raro.files.figures import Column, Field, figures, named
from raro.files.separated import Source, quoted

ROWS_MAX = 500
_COLUMNS_MAX = 500
_CELL_CHARS = 2_000
_SAMPLE_ROWS = 50_000
_FEW_ROWS = 1_000
_COUNTED_BYTES = 512 * 1024 * 1024
_SORTED_BYTES = 256 * 1024 * 1024
_SORTED_ROWS = 20_000_000
_SECONDS = 20.0
_REPEAT_S = 0.1

Form = Literal["csv", "tsv", "parquet"]


class Unreadable(Exception):
    """The bytes are no such table; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows: from `offset` on, at most `limit`, sorted by a column when one is named; with figures or without."""

    offset: int = 0
    limit: int = 100
    sort: str | None = None
    descending: bool = False
    figures: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """One page and what is known of the columns; `total_rows` is None where it was not counted."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    total_rows: int | None
    sampled_rows: int | None
    next_offset: int | None
    note: str | None


def read(path: Path, form: Form, encoding: str | None, page: Page) -> Table:
    """Read a page. Raises Unreadable."""
    try:
        return _parquet(path, page) if form == "parquet" else _csv(path, form, encoding or "utf-8", page)
    except duckdb.InterruptException as error:
        raise Unreadable(f"it took longer than {_SECONDS:.0f} s") from error
    except (duckdb.Error, UnicodeDecodeError, OSError) as error:
        raise Unreadable(_words(error, path)) from error


def _parquet(path: Path, page: Page) -> Table:
    with connected(path) as connection:
        source = f"read_parquet({quoted(str(path.resolve()))})"
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        fields = tuple(Field(str(name), str(kind), named(str(name))) for name, kind, *_ in described)
        return _table(connection, path, Source(source, fields), page)


def _csv(path: Path, form: Form, encoding: str, page: Page) -> Table:
    if encoding == "utf-8":
        try:
            return _csv_in_utf8(path, form, page)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            # One wrong byte somewhere behind the part by which the encoding was told.
            if not _is_wrong_byte(error):
                raise
    with separated.as_utf8(path, encoding) as (copy, note):
        try:
            table = _csv_in_utf8(copy, form, page)
        except duckdb.Error as error:
            raise type(error)(str(error).replace(str(copy.resolve()), str(path.resolve()))) from error
    return replace(table, note=_sentence([note, table.note])) if note else table


def _csv_in_utf8(path: Path, form: Form, page: Page) -> Table:
    with connected(path) as connection:
        failed: duckdb.Error = duckdb.Error("it has no rows")
        for source in separated.sources(connection, path, "\t" if form == "tsv" else None):
            try:
                return _table(connection, path, source, page)
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                failed = error
                if _is_wrong_byte(error):
                    break
        raise failed


@contextmanager
def connected(*paths: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that can open these files and nothing else; what takes too long in it is interrupted."""
    connection = duckdb.connect(
        config={"memory_limit": "512MB", "threads": "1", "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false", "max_temp_directory_size": "0B"}
    )  # fmt: skip
    over = threading.Event()
    watch = threading.Thread(target=_interrupt_late, args=(connection, over), name="preview-deadline", daemon=True)
    try:
        connection.execute(f"SET allowed_paths = [{', '.join(quoted(str(path.resolve())) for path in paths)}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        watch.start()
        yield connection
    finally:
        over.set()
        if watch.ident is not None:
            watch.join()
        connection.close()


def _interrupt_late(connection: duckdb.DuckDBPyConnection, over: threading.Event) -> None:
    """Do not simplify: an interrupt that comes between two statements is lost, so it is repeated until all is over."""
    wait = _SECONDS
    while not over.wait(wait):
        connection.interrupt()
        wait = _REPEAT_S


def _table(connection: duckdb.DuckDBPyConnection, path: Path, source: Source, page: Page) -> Table:
    notes = [source.note]
    shown = source.fields[:_COLUMNS_MAX]
    if len(source.fields) > _COLUMNS_MAX:
        notes.append(f"the first {_COLUMNS_MAX} of {len(source.fields)} columns")
    if not page.figures:
        order, rows = _page(connection, source.sql, shown, page, path.stat().st_size, None)
        return _answer(shown, rows, page, notes + order)
    sampled, whole = _sample(connection, source.sql, shown)
    total = sampled if whole else _counted(connection, source.sql, path.stat().st_size)
    if not whole:
        notes.append(f"figures are of the first {sampled:,} rows")
    order, rows = _page(connection, source.sql, shown, page, path.stat().st_size, total)
    columns, late = figures(connection, shown)
    return replace(
        _answer(shown, rows, page, [*notes, *order, late]),
        columns=tuple(columns),
        total_rows=total,
        sampled_rows=sampled,
    )


def _answer(shown: tuple[Field, ...], rows: list[tuple[str | None, ...]], page: Page, notes: list[str | None]) -> Table:
    following = page.offset + page.limit if len(rows) > page.limit else None
    columns = tuple(Column(field.name, field.type) for field in shown)
    return Table(columns, tuple(rows[: page.limit]), None, None, following, _sentence(notes))


def _sentence(notes: list[str | None]) -> str | None:
    said = "; ".join(note.removeprefix("Shown: ").removesuffix(".") for note in notes if note)
    return f"Shown: {said}." if said else None


def _sample(connection: duckdb.DuckDBPyConnection, source: str, shown: tuple[Field, ...]) -> tuple[int, bool]:
    """Fill the table `sample` with values, long texts cut; how many rows it has, and whether those are all."""
    columns = ", ".join(
        f"{field.value if field.is_ordered else _text(field)} AS {named(field.name)}" for field in shown
    )
    for most in (_SAMPLE_ROWS, _FEW_ROWS):
        try:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE sample AS SELECT {columns} FROM {source} LIMIT {most}")
        except duckdb.OutOfMemoryException:
            if most == _FEW_ROWS:
                raise
        else:
            break
    sampled = _number(connection.execute("SELECT count(*) FROM sample"))
    return sampled, sampled < most


def _page(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    shown: tuple[Field, ...],
    page: Page,
    size: int,
    total: int | None,
) -> tuple[list[str | None], list[tuple[str | None, ...]]]:
    """The rows of the page and one more, if there is one; and what kept them from being sorted."""
    value = next((field.value for field in shown if field.name == page.sort), None)
    order = f"ORDER BY {value} {'DESC' if page.descending else 'ASC'} NULLS LAST" if value else ""
    if not order or (size <= _SORTED_BYTES and (total or 0) <= _SORTED_ROWS):
        try:
            return [], _rows(connection, source, shown, order, page)
        except duckdb.OutOfMemoryException:
            if not order:
                raise
    return ["too large to be sorted here"], _rows(connection, source, shown, "", page)


def _rows(
    connection: duckdb.DuckDBPyConnection, source: str, shown: tuple[Field, ...], order: str, page: Page
) -> list[tuple[str | None, ...]]:
    cells = ", ".join(_text(field) for field in shown)
    found = connection.execute(
        f"SELECT {cells} FROM {source} {order} LIMIT {page.limit + 1} OFFSET {page.offset}"
    ).fetchall()
    return [tuple(_cut(cell) for cell in row) for row in found]


def _text(field: Field) -> str:
    return f"left(CAST({named(field.name)} AS VARCHAR), {_CELL_CHARS + 1})"


def _cut(cell: str | None) -> str | None:
    return f"{cell[:_CELL_CHARS]}… (cut)" if cell is not None and len(cell) > _CELL_CHARS else cell


def _counted(connection: duckdb.DuckDBPyConnection, source: str, size: int) -> int | None:
    if source.startswith("read_csv") and size > _COUNTED_BYTES:
        return None
    return _number(connection.execute(f"SELECT count(*) FROM {source}"))


def _number(answer: duckdb.DuckDBPyConnection) -> int:
    row: Any = answer.fetchone()
    return int(row[0])


def _is_wrong_byte(error: duckdb.Error) -> bool:
    return "unicode" in str(error).lower()


def _words(error: Exception, path: Path) -> str:
    """The first line of what DuckDB says, without its kind of error and without where blobs are kept."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    line = re.sub(rf"(the )?file ['\"]?{re.escape(str(path.resolve()))}['\"]?", "the file", line)
    line = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", line.replace(str(path.resolve()), "the file"))
    return line[:300].rstrip(".")
