"""One statement against one read-only file, answered within caps. Runs in the process of `inside`.

The caps here are manners, not walls: a query may break out of them by breaking DuckDB, and is then ended from outside.
"""

from __future__ import annotations

import decimal
import io
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import duckdb

from raro.analytics.values import column, csv_rows, is_temporal, json_row

MOST_COLUMNS = 1000
_BATCH = 256
_MOST_MESSAGE = 1500
_SNAPSHOT = "snapshot"
# Loaded here, for the process cannot read them later: what DuckDB makes values of.
_NEEDED = (decimal.Decimal, uuid.UUID, datetime)
_LOCKS = (
    "temp_directory = ''",
    "autoload_known_extensions = false",
    "autoinstall_known_extensions = false",
    "allow_community_extensions = false",
    "python_enable_replacements = false",
    "enable_external_access = false",
    "lock_configuration = true",
)
_ALLOWED = ("SELECT", "EXPLAIN")
_FORBIDDEN = ("attached in read-only mode", "the configuration has been locked", "disabled by configuration")

Job = dict[str, Any]
Answer = tuple[dict[str, Any], bytes]
Column = tuple[str, str]
"""name and type"""


def connect(path: str, memory_bytes: int) -> duckdb.DuckDBPyConnection:
    """The file, read-only, with everything off that reaches out of it, and no way to turn it on again."""
    # Threads that exist before the process gives up its rights would keep them.
    threads: dict[str, Any] = {"threads": "1", "async_threads": "0"}
    connection = duckdb.connect(path, read_only=True, config=threads)
    connection.execute(f"SET memory_limit = '{memory_bytes // 1024}KiB'")
    # One by one: in a `config` the order is DuckDB's, and what comes after a lock is refused.
    for setting in _LOCKS:
        connection.execute(f"SET {setting}")
    return connection


def prepare_for_parquet() -> None:
    """Import what writes Parquet; slow, so only for those who ask."""
    import pyarrow.parquet  # noqa: F401


def answer(connection: duckdb.DuckDBPyConnection, job: Job) -> Answer:
    """What the SQL comes to: `columns`, `truncated` and the rows as bytes; or `error` and `message`."""
    try:
        return _answer(connection, job)
    except (duckdb.OutOfMemoryException, MemoryError):
        return _failed("sql_too_large", "The query needs more memory than it may have. Ask for less at once.")
    except duckdb.Error as error:
        message = _message(error, job["path"])
        if isinstance(error, duckdb.PermissionException) or any(words in message for words in _FORBIDDEN):
            return _failed("sql_refused", f"SQL may read the snapshot's tables and nothing else. {message}")
        return _failed("sql_error", message)
    except (ValueError, RecursionError, RuntimeError) as error:
        return _failed("sql_error", _message(error, job["path"]))


def _answer(connection: duckdb.DuckDBPyConnection, job: Job) -> Answer:
    # The function of the module would open a second database.
    statements = connection.extract_statements(job["sql"])
    if len(statements) != 1:
        return _failed("sql_refused", f"Send exactly one statement; there are {len(statements)} in this text.")
    kind = statements[0].type.name
    if kind not in _ALLOWED:
        hint = " Name the values of a PIVOT with IN (…)." if kind == "MULTI" else ""
        return _failed("sql_refused", f"{kind} is not allowed: only SELECT is, in all its forms.{hint}")
    if kind == "EXPLAIN" and job["format"] == "parquet":
        return _failed("sql_refused", "A plan is text: ask for JSON or CSV.")
    if kind == "EXPLAIN":
        cursor = connection.execute(job["sql"])
        return _rows(cursor, [(item[0], str(item[1])) for item in cursor.description], job)
    relation = connection.sql(job["sql"])
    columns = [(name, str(of_kind)) for name, of_kind in zip(relation.columns, relation.types, strict=True)]
    if len(columns) > MOST_COLUMNS:
        return _failed("sql_too_large", f"The result has {len(columns)} columns; {MOST_COLUMNS} are the most.")
    if job["format"] == "parquet":
        return _parquet(connection, columns, job)
    return _rows(connection.execute(_readable(job["sql"], columns)), columns, job)


def _readable(sql: str, columns: Sequence[Column]) -> str:
    """SQL that gives each column in a form Python has: years before 1 it has not, nor zones without a package."""
    chosen = [_chosen(number, kind) for number, (_, kind) in enumerate(columns, start=1)]
    if all(item.startswith("#") for item in chosen):
        return sql
    quoted = sql.replace("'", "''")
    return f"SELECT {', '.join(chosen)} FROM query('{quoted}')"


def _chosen(number: int, kind: str) -> str:
    if is_temporal(kind):
        return f"CAST(#{number} AS VARCHAR)"
    return f"CAST(to_json(#{number}) AS VARCHAR)" if _has_zones(kind) else f"#{number}"


def _has_zones(kind: str) -> bool:
    return "TIME ZONE" in kind or "TIMESTAMPTZ" in kind


def _rows(cursor: duckdb.DuckDBPyConnection, columns: Sequence[Column], job: Job) -> Answer:
    # What was turned into JSON in `_readable` is read as such.
    read_as = ["JSON" if _has_zones(kind) and not is_temporal(kind) else kind for _, kind in columns]
    parts: list[str] = []
    room, truncated = job["bytes"], False
    for row in _fetched(cursor):
        part = json_row(row, read_as) if job["format"] == "json" else csv_rows([row], read_as)
        room -= len(part) + 1
        truncated = room < 0 or len(parts) == job["rows"]
        if truncated:
            break
        parts.append(part)
    if truncated and not parts:
        return _failed("sql_too_large", f"One row alone is larger than {job['bytes']:,} bytes. Select less of it.")
    if job["format"] == "json":
        body = ",".join(parts).encode()
    else:
        body = (csv_rows([[name for name, _ in columns]]) + "".join(parts)).encode(errors="replace")
    return {"columns": _shown(columns), "truncated": truncated, "row_count": len(parts)}, body


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    # Few at first: the rows may be large.
    size = 8
    while batch := cursor.fetchmany(size):
        yield from batch
        size = min(_BATCH, size * 2)


def _parquet(connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], job: Job) -> Answer:
    import pyarrow as pa
    import pyarrow.parquet as pq

    reader: Any = connection.sql(job["sql"]).to_arrow_reader(_BATCH)
    batches, truncated = _batches(reader, job["rows"], job["bytes"])
    if truncated and not batches:
        return _failed("sql_too_large", "The first rows alone are too large. Select less of them.")
    table = pa.Table.from_batches(batches, reader.schema)
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    return {"columns": _shown(columns), "truncated": truncated, "row_count": table.num_rows}, written.getvalue()


def _batches(reader: Any, rows: int, room: int) -> tuple[list[Any], bool]:
    """As much as fits, and whether there is more."""
    batches: list[Any] = []
    for batch in reader:
        room -= batch.nbytes
        if room < 0:
            return batches, True
        batches.append(batch.slice(0, rows))
        rows -= batch.num_rows
        if rows < 0:
            return batches, True
    return batches, False


def _shown(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [column(name, kind) for name, kind in columns]


def _failed(code: str, message: str) -> Answer:
    return {"error": code, "message": message}, b""


def _message(error: BaseException, path: str) -> str:
    """DuckDB's words, without stack traces and without where the file is."""
    text = str(error)
    for end in ("\n\nStack Trace", "Traceback (most recent"):
        text = text.partition(end)[0]
    text = text.replace(path, _SNAPSHOT).encode(errors="replace").decode()
    return text.strip()[:_MOST_MESSAGE]
