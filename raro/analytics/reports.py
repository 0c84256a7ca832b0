"""Ready reports: one SQL file each in `reports/`, run on the views themselves, over one client's rows.

A report names the tables as they are. What it sees of them is decided here, not there: each table that it names is
put before it as a query for the client's rows, so a report cannot forget to ask whose they are.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from raro.analytics.exporting import tables
from raro.analytics.values import column, csv_rows, json_value
from raro.errors import ReportNotFound
from raro.projections.queries import BEGINNING, END, Connection, utc

MOST_ROWS = 10_000
USUAL_ROWS = 100
_HEAD = re.compile(r"^-- (title|says|chart): (.+)$", re.MULTILINE)
_PARAMETER = re.compile(r"\$(from|to|limit)\b")


@dataclass(frozen=True, slots=True)
class Chart:
    """How a report is best drawn: `table`, or the columns of the axes; `series` is the column that splits the rows."""

    type: str
    x: str | None = None
    y: tuple[str, ...] = ()
    series: str | None = None
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A report as its file has it; `sql` has the parameters `$from`, `$to` and `$limit`."""

    name: str
    title: str
    description: str
    chart: Chart
    sql: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that it takes."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.sql)))


@dataclass(frozen=True, slots=True)
class Span:
    """What a report is asked for: events of the time from `begin` until before `end`, and at most so many rows."""

    begin: datetime | None = None
    end: datetime | None = None
    limit: int = USUAL_ROWS

    @property
    def values(self) -> dict[str, datetime | int]:
        """The parameters' values."""
        return {"from": utc(self.begin or BEGINNING), "to": utc(self.end or END), "limit": self.limit}


@dataclass(frozen=True, slots=True)
class Answer:
    """A report's rows as JSON values, and the event up to which they know everything."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    seq: int


@cache
def reports() -> Mapping[str, Report]:
    """Every report by its name."""
    folder = files("raro.analytics").joinpath("reports")
    texts = {
        entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }
    return {name: _report(name, texts[name]) for name in sorted(texts)}


def report(name: str) -> Report:
    """One report. Raises ReportNotFound."""
    if name not in reports():
        known = ", ".join(reports())
        raise ReportNotFound(f"there is no report {name!r}; there are {known}.", report=name)
    return reports()[name]


def run(connection: Connection, asked: Report, client_id: str | None, span: Span) -> Answer:
    """A report over a client's rows, or everybody's with None."""
    with _one_moment(connection) as seq:
        result = connection.execute(*_scoped(connection, asked, client_id, span))
        kinds = [str(item[1]) for item in result.description]
        columns = [column(item[0], kind) for item, kind in zip(result.description, kinds, strict=True)]
        rows = [[json_value(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in result.fetchall()]
    return Answer(columns, rows, seq)


def parquet(connection: Connection, asked: Report, client_id: str | None, span: Span) -> tuple[bytes, int]:
    """The same as a Parquet file, and the event up to which it knows everything."""
    import pyarrow.parquet as pq

    with _one_moment(connection) as seq:
        sql, values = _scoped(connection, asked, client_id, span)
        table = connection.sql(sql, params=values).to_arrow_table()
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    return written.getvalue(), seq


def csv(answer: Answer) -> str:
    """A report's answer as CSV, with a line of names."""
    kinds = [item["type"] for item in answer.columns]
    return csv_rows([[item["name"] for item in answer.columns]]) + csv_rows(answer.rows, kinds)


def as_sql(asked: Report, span: Span) -> str:
    """The report with its parameters written in: what `POST /analytics/sql` takes."""

    def literal(found: re.Match[str]) -> str:
        value = span.values[found[1]]
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'" if isinstance(value, datetime) else str(value)

    return _PARAMETER.sub(literal, asked.sql)


@contextmanager
def _one_moment(connection: Connection) -> Iterator[int]:
    """Every question inside sees the views as they are now; gives the event they are at."""
    connection.execute("BEGIN")
    try:
        yield connection.execute("SELECT seq FROM cursor").fetchall()[0][0]
    finally:
        connection.execute("ROLLBACK")


def _scoped(connection: Connection, asked: Report, client_id: str | None, span: Span) -> tuple[str, dict[str, Any]]:
    """The report over one client's rows, with its parameters."""
    values: dict[str, Any] = {name: value for name, value in span.values.items() if name in asked.parameters}
    if client_id is None:
        return asked.sql, values
    named = [table for table in tables(connection) if re.search(rf"\b{table}\b", asked.sql)]
    # NOT MATERIALIZED: the table is read as if the report itself had asked for these rows.
    scoped = [f"{table} AS NOT MATERIALIZED (FROM main.{table} WHERE client_id = $client)" for table in named]
    return f"WITH {', '.join(scoped)} ({asked.sql})", {**values, "client": client_id}


def _report(name: str, text: str) -> Report:
    head = dict(_HEAD.findall(text))
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip()
    return Report(name, head["title"], head["says"], _chart(head["chart"]), sql)


def _chart(text: str) -> Chart:
    kind, *words = text.split()
    named = dict(word.split("=") for word in words if "=" in word)
    y = tuple(named["y"].split(",")) if "y" in named else ()
    return Chart(kind, named.get("x"), y, named.get("series"), "stacked" in words)
