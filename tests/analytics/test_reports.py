"""Reports: well-formed, over the caller's rows alone, the same in every form; every table and column is described."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from raro.analytics import reports
from raro.analytics.reports import Span
from raro.analytics.schema import descriptions, schema
from raro.errors import ReportNotFound
from raro.projections.store import Store
from tests.analytics.conftest import ADA, BOB, PUBLIC, Asking
from tests.given import START

NAMES = sorted(reports.reports())


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_drawn_with_columns_that_it_has(folded: Store, name: str) -> None:
    report = reports.report(name)
    answer = reports.run(folded.reader(), report, ADA, Span())
    columns = {item["name"] for item in answer.columns}
    drawn = {report.chart.x, report.chart.series, *report.chart.y} - {None}
    assert drawn <= columns
    assert answer.rows
    assert answer.seq == folded.cursor.seq
    assert report.parameters == ("from", "to", "limit")


@pytest.mark.parametrize("name", NAMES)
def test_a_report_tells_nothing_of_another_client(folded: Store, name: str) -> None:
    report = reports.report(name)
    found = json.dumps(reports.run(folded.reader(), report, ADA, Span()).rows)
    assert not {BOB, f"run_{BOB}", PUBLIC, f"{BOB}.csv"} & set(found.replace('"', " ").split())
    assert reports.run(folded.reader(), report, "stranger", Span()).rows == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_report_can_be_taken_up_in_sql(folded: Store, ask: Asking, name: str) -> None:
    report = reports.report(name)
    found = await ask(reports.as_sql(report, Span(begin=START, limit=7)))
    assert found.columns == reports.run(folded.reader(), report, ADA, Span(begin=START, limit=7)).columns


def test_everybodys_report_has_a_row_for_each(folded: Store) -> None:
    answer = reports.run(folded.reader(), reports.report("clients"), None, Span())
    assert sorted(row[0] for row in answer.rows) == [ADA, BOB, PUBLIC]


def test_a_report_counts_what_happened(folded: Store) -> None:
    answer = reports.run(folded.reader(), reports.report("failures"), BOB, Span())
    found = dict(zip([item["name"] for item in answer.columns], answer.rows[0], strict=True))
    assert found == {
        "agent_id": "one", "runs": 2, "failed": 1, "retried": 0, "failure_rate": 0.5, "retry_rate": 0.0,
        "last_failure": "no",
    }  # fmt: skip
    answer = reports.run(folded.reader(), reports.report("tokens_by_model"), ADA, Span())
    assert answer.rows == [["offline", 1, 90, 10, 0, 0.5, 40]]


@pytest.mark.parametrize(
    ("span", "runs"),
    [
        (Span(), 2),
        (Span(begin=START + timedelta(days=1)), 0),
        (Span(end=START), 0),
        (Span(begin=START, end=START + timedelta(days=1)), 2),
    ],
)
def test_a_span_has_its_beginning_and_not_its_end(folded: Store, span: Span, runs: int) -> None:
    rows = reports.run(folded.reader(), reports.report("most_used_agents"), BOB, span).rows
    assert [row[1] for row in rows] == ([runs] if runs else [])


def test_a_limit_is_kept(folded: Store) -> None:
    assert len(reports.run(folded.reader(), reports.report("expiring_soon"), BOB, Span(limit=1)).rows) == 1


def test_a_report_is_the_same_in_every_form(folded: Store) -> None:
    report = reports.report("largest_files")
    answer = reports.run(folded.reader(), report, BOB, Span())
    written, seq = reports.parquet(folded.reader(), report, BOB, Span())
    table = pq.read_table(io.BytesIO(written))
    assert seq == answer.seq
    assert table.column("path").to_pylist() == [row[1] for row in answer.rows]
    lines = reports.csv(answer).splitlines()
    assert lines[0] == ",".join(table.column_names)
    assert len(lines) == 1 + len(answer.rows)


def test_a_report_that_there_is_not_names_those_there_are() -> None:
    with pytest.raises(ReportNotFound, match="tokens_by_day"):
        reports.report("tokens")


def test_every_table_and_column_has_its_line(folded: Store) -> None:
    tables = schema(folded.reader())
    silent = [
        (table["name"], column["name"]) for table in tables for column in table["columns"] if not column["description"]
    ]
    assert silent == [], "raro/analytics/tables.toml has a line on each"
    known = {table["name"]: {"_", *(column["name"] for column in table["columns"])} for table in tables}
    assert {name: set(lines) for name, lines in descriptions().items()} == known


async def test_the_schema_is_what_sql_finds(folded: Store, ask: Asking) -> None:
    found = await ask(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal "
        "ORDER BY table_name, column_index"
    )
    described = [
        [table["name"], column["name"], column["type"]]
        for table in schema(folded.reader())
        for column in table["columns"]
    ]
    assert json.loads(b"[" + found.body + b"]") == described
