"""How a CSV or TSV file is to be read: its separator, quotes, header, and the types of its columns.

DuckDB guesses; here it is helped where it guesses wrong, and given UTF-8, for its own reading of other encodings
refuses what people have (Windows-1252, UTF-16 from the other end, one wrong byte among millions).
"""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from raro.files.figures import Field, named

REWRITTEN_BYTES = 64 * 1024 * 1024
"""How much of a file that is not UTF-8 is looked at."""
_PIECE_BYTES = 1024 * 1024
_LINE_BYTES = 4 * 1024 * 1024
_LEADING_LINES = 20
_SEPARATORS = "\t;|,"
# What R and many others write for what is missing; with it a column of numbers is one all the same.
_MISSING = "['', 'NA']"


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from: SQL that stands after FROM, the columns there, and what is to be said about it."""

    sql: str
    fields: tuple[Field, ...]
    note: str | None = None


@contextmanager
def as_utf8(path: Path, encoding: str) -> Iterator[tuple[Path, str | None]]:
    """A copy of a text file's beginning in UTF-8, and a note when that is not all of it. Raises OSError."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    with tempfile.NamedTemporaryFile(prefix="raro-preview-") as copy, path.open("rb") as file:
        while file.tell() < REWRITTEN_BYTES and (piece := file.read(_PIECE_BYTES)):
            copy.write(decoder.decode(piece).encode())
        cut = bool(file.read(1))
        copy.flush()
        yield Path(copy.name), f"only the first {REWRITTEN_BYTES >> 20} MB, for it is not UTF-8" if cut else None


def sources(connection: duckdb.DuckDBPyConnection, path: Path, preferred: str | None) -> Iterator[Source]:
    """Ways to read the file, the strictest first: the next is for when rows do not fit the one before."""
    where = quoted(str(path.resolve()))
    found = _sniffed(connection, where, _separator(path, preferred))
    fields = tuple(_field(column, found) for column in found["Columns"])
    columns = ", ".join(f"{quoted(field.name)}: 'VARCHAR'" for field in fields)
    given = {"Delimiter": "delim", "Escape": "escape", "Comment": "comment"}
    dialect = "".join(f", {option} = {quoted(found[name])}" for name, option in given.items() if _set(found[name]))
    quote = found["Quote"] if _set(found["Quote"]) else "" if '"' in _head(path) else '"'
    skip = int(found["SkipRows"])
    common = (
        f"{where}, auto_detect = false, columns = {{{columns}}}{dialect}, header = {found['HasHeader']}, "
        f"skip = {skip}, nullstr = [''], null_padding = true, parallel = false, max_line_size = {_LINE_BYTES}"
    )
    note = f"without its first {skip} lines, which are no rows" if skip else None
    yield Source(f"read_csv({common}, quote = {quoted(quote)})", fields, note)
    yield Source(f"read_csv({common}, quote = '', strict_mode = false)", fields, note)
    loose = f"read_csv({common}, quote = {quoted(quote)}, strict_mode = false, ignore_errors = true)"
    yield Source(loose, fields, "; ".join(filter(None, (note, "without lines that do not fit"))))


def quoted(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _sniffed(connection: duckdb.DuckDBPyConnection, where: str, separator: str | None) -> dict[str, Any]:
    common = f"{where}, nullstr = {_MISSING}, max_line_size = {_LINE_BYTES}"
    common += f", delim = {quoted(separator)}" if separator else ""
    found, error = _guess(connection, common)
    # Rows of unequal length make one wide column of everything, or leave no guess at all.
    if found is None or len(found["Columns"]) < 2 or found["SkipRows"] > _LEADING_LINES:
        padded, error = _guess(connection, common + ", null_padding = true")
        found = padded or found or _guess(connection, common + ", null_padding = true, strict_mode = false")[0]
    if found is None:
        raise error or duckdb.Error("it has no rows")
    if separator:
        found["Delimiter"] = separator
    return found


def _guess(connection: duckdb.DuckDBPyConnection, options: str) -> tuple[dict[str, Any] | None, duckdb.Error | None]:
    try:
        answer = connection.execute(f"SELECT * FROM sniff_csv({options})")
        names = [column[0] for column in answer.description or ()]
        row = answer.fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        return None, error
    return (dict(zip(names, row, strict=True)), None) if row else (None, None)


def _separator(path: Path, preferred: str | None) -> str | None:
    """The only separator in the first line: `a;b` above `1,5;2,5` is not separated by commas."""
    line = _head(path).partition("\n")[0]
    there = [separator for separator in _SEPARATORS if separator in line]
    if preferred in there:
        return preferred
    return there[0] if len(there) == 1 else None


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_PIECE_BYTES).decode("utf-8", errors="replace")


def _set(option: str | None) -> bool:
    return option not in (None, "", "(empty)")


def _field(column: dict[str, str], found: dict[str, Any]) -> Field:
    """The column's value from its text: NULL where the text does not fit the type."""
    name, kind = column["name"], column["type"]
    form = {"DATE": found["DateFormat"], "TIMESTAMP": found["TimestampFormat"]}.get(kind)
    if kind == "VARCHAR":
        return Field(name, kind, named(name))
    if form:
        return Field(name, kind, f"CAST(try_strptime({named(name)}, {quoted(form)}) AS {kind})")
    return Field(name, kind, f"TRY_CAST({named(name)} AS {kind})")
