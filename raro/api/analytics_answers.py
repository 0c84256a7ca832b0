"""The JSON of answers on reports and SQL, as models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from raro.api.answers import Answer

Parameter = Literal["from", "to", "limit"]


class Column(Answer):
    """A column and DuckDB's name of its type."""

    name: str = Field(examples=["model"])
    type: str = Field(examples=["VARCHAR"])


class ChartRow(Answer):
    """How a report is best drawn: columns of the axes; `series` is the column that splits the rows."""

    type: Literal["bar", "line", "area", "table"]
    x: str | None = Field(examples=["day"])
    y: list[str] = Field(examples=[["tokens"]])
    series: str | None = Field(examples=["model"])
    stacked: bool


class ReportRow(Answer):
    """A ready report."""

    name: str = Field(examples=["tokens_by_day"])
    title: str = Field(examples=["Tokens and cost by day"])
    description: str
    parameters: list[Parameter]
    chart: ChartRow


class ReportListing(Answer):
    """Every ready report."""

    reports: list[ReportRow]


class ReportAnswer(Answer):
    """A report's rows, in the order in which they are best read."""

    report: str = Field(examples=["tokens_by_day"])
    title: str
    description: str
    parameters: list[Parameter]
    chart: ChartRow
    columns: list[Column]
    rows: list[list[Any]]
    sql: str = Field(description="the report as it can be sent to POST /analytics/sql")
    seq: int = Field(description="the last event that it knows")


class SqlAnswer(Answer):
    """What a query came to."""

    columns: list[Column]
    rows: list[list[Any]]
    row_count: int
    seq: int = Field(description="the last event that the snapshot knows")
    truncated: bool = Field(description="whether there is more than fits into an answer")


class DescribedColumn(Column):
    """A column that SQL may ask for."""

    description: str


class TableRow(Answer):
    """A table that SQL may ask."""

    name: str = Field(examples=["runs"])
    description: str
    columns: list[DescribedColumn]


class SchemaAnswer(Answer):
    """Every table that SQL may ask."""

    tables: list[TableRow]
