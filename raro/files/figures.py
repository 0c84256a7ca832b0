"""What is told of a table's columns: type, what is missing, how many different, the ends, and a small histogram.

The figures are of the temporary table `sample`, which `raro.files.tables` fills.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

BARS = 20
_TOP = 8
_LABEL_CHARS = 80
_SECONDS = 6.0
_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_NUMBER = re.compile(r"FLOAT|DOUBLE|DECIMAL(\(\d+,\s*\d+\))?|" + _WHOLE.pattern)
_MOMENT = re.compile(r"DATE|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?")


@dataclass(frozen=True, slots=True)
class Field:
    """A column to be shown: its name, its type, and the SQL of its value, by which it is sorted and measured."""

    name: str
    type: str
    value: str

    @property
    def is_ordered(self) -> bool:
        """Whether it has a place on an axis: a number or a moment."""
        return bool(_NUMBER.fullmatch(self.type) or _MOMENT.fullmatch(self.type))


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


def figures(connection: duckdb.DuckDBPyConnection, fields: tuple[Field, ...]) -> tuple[list[Column], str | None]:
    """The columns, and a note when there was no time for the figures of all of them."""
    columns: list[Column] = []
    until = time.monotonic() + _SECONDS
    for field in fields:
        if time.monotonic() > until:
            rest = [Column(late.name, late.type) for late in fields[len(columns) :]]
            return columns + rest, f"figures are of the first {len(columns)} columns"
        columns.append(_column(connection, field))
    return columns, None


def named(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _column(connection: duckdb.DuckDBPyConnection, field: Field) -> Column:
    try:
        return _ordered(connection, field) if field.is_ordered else _named_values(connection, field)
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        # A value beyond what its type can be reckoned with: the table is shown all the same.
        return Column(field.name, field.type)


def _named_values(connection: duckdb.DuckDBPyConnection, field: Field) -> Column:
    """Anything without an order: the most frequent values."""
    text = f"left(CAST({named(field.name)} AS VARCHAR), {_LABEL_CHARS})"
    distinct, nulls = connection.execute(
        f"SELECT approx_count_distinct({text}), count(*) - count({text}) FROM sample"
    ).fetchall()[0]
    top = connection.execute(
        f"SELECT {text}, count(*) FROM sample WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_TOP}"
    ).fetchall()
    return Column(field.name, field.type, nulls, distinct, bars=tuple(Bar(str(value), count) for value, count in top))


def _ordered(connection: duckdb.DuckDBPyConnection, field: Field) -> Column:
    """A number or a moment: bars of equal width between its ends."""
    value = named(field.name)
    number = f"epoch({value})" if _MOMENT.fullmatch(field.type) else f"CAST({value} AS DOUBLE)"
    # isfinite of the value would refuse dates of the far past; NaN and infinity have no place on an axis.
    finite = f"CASE WHEN isfinite({number}) THEN {number} END"
    low, high, least, most, nulls, distinct = connection.execute(
        f"SELECT min({finite}), max({finite}), CAST(min({value}) AS VARCHAR), CAST(max({value}) AS VARCHAR), "
        f"count(*) - count({value}), approx_count_distinct({value}) FROM sample"
    ).fetchall()[0]
    bars = _bars(connection, field, finite, low, high) if low is not None else ()
    return Column(field.name, field.type, nulls, distinct, least, most, bars)


def _bars(connection: duckdb.DuckDBPyConnection, field: Field, finite: str, low: float, high: float) -> tuple[Bar, ...]:
    step = _step(field, low, high)
    number = 1 if high == low else BARS if step < 1 else min(BARS, math.floor(high / step - low / step) + 1)
    where = f"least({number - 1}, CAST(floor(({finite} - ({low!r})::DOUBLE) / ({step or 1.0!r})::DOUBLE) AS INTEGER))"
    counts = dict(
        connection.execute(f"SELECT {where}, count(*) FROM sample WHERE {finite} IS NOT NULL GROUP BY 1").fetchall()
    )
    return tuple(
        Bar(_label(field, low + index * step, low + (index + 1) * step), counts.get(index, 0))
        for index in range(number)
    )


def _step(field: Field, low: float, high: float) -> float:
    """How wide a bar is: whole for whole numbers and days, so that no bar is empty for want of any number in it."""
    # Divided first: the distance between two numbers may be none.
    even = high / BARS - low / BARS
    unit = 1.0 if _WHOLE.fullmatch(field.type) else 86_400.0 if field.type == "DATE" else 0.0
    return max(unit, math.ceil((high - low + unit) / BARS / unit) * unit) if unit else even


def _label(field: Field, begin: float, end: float) -> str:
    if _WHOLE.fullmatch(field.type):
        first, last = f"{begin:.0f}", f"{end - 1:.0f}"
    elif _MOMENT.fullmatch(field.type):
        first, last = (_moment(field, second) for second in (begin, end - 86_400 if field.type == "DATE" else end))
    else:
        first, last = f"{begin:.6g}", f"{end:.6g}"
    return first if first == last else f"{first} to {last}"


def _moment(field: Field, second: float) -> str:
    try:
        moment = datetime.fromtimestamp(second, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{second:.6g} s"
    return f"{moment:%Y-%m-%d}" if field.type == "DATE" else f"{moment:%Y-%m-%d %H:%M:%S}"
