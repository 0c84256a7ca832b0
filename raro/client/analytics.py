"""Reports and SQL over HTTP: what happened to the client's own files and runs."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, cast

from raro.client.transport import Transport, segment

FileFormat = Literal["csv", "parquet"]


class Column(TypedDict):
    """A column and DuckDB's name of its type."""

    name: str
    type: str


class Report(TypedDict):
    """A ready report."""

    name: str
    title: str
    description: str
    parameters: list[str]
    chart: dict[str, Any]


class ReportListing(TypedDict):
    """Every ready report."""

    reports: list[Report]


class ReportRows(Report):
    """A report's rows; `sql` is the same as a query."""

    columns: list[Column]
    rows: list[list[Any]]
    sql: str
    seq: int


class QueryRows(TypedDict):
    """What a query came to; `truncated` where there is more than fits."""

    columns: list[Column]
    rows: list[list[Any]]
    row_count: int
    seq: int
    truncated: bool


class Schema(TypedDict):
    """The tables that SQL may ask."""

    tables: list[dict[str, Any]]


class Analytics:
    """Questions about all that happened."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def reports(self) -> ReportListing:
        """The ready reports."""
        return cast(ReportListing, await self._transport.call("GET", "/analytics"))

    async def report(
        self, name: str, *, begin: str | None = None, end: str | None = None, limit: int | None = None
    ) -> ReportRows:
        """A report over the time from `begin` until before `end`, RFC 3339 moments or days. Raises ReportNotFound."""
        params = {"from": begin, "to": end, "limit": limit}
        return cast(ReportRows, await self._transport.call("GET", _path(name), params=params))

    async def report_file(
        self,
        name: str,
        format: FileFormat,
        *,
        begin: str | None = None,
        end: str | None = None,
        limit: int | None = None,
    ) -> bytes:
        """The same as a file. Raises ReportNotFound."""
        params = {"from": begin, "to": end, "limit": limit, "format": format}
        return await self._transport.file("GET", _path(name), params=params)

    async def schema(self) -> Schema:
        """The tables that SQL may ask, with a line on each column."""
        return cast(Schema, await self._transport.call("GET", "/analytics/schema"))

    async def sql(self, sql: str, *, at_least: int = 0) -> QueryRows:
        """Run one SELECT; it knows at least event `at_least`.

        Raises SqlRefused, SqlError, SqlTimeout, SqlTooLarge, SqlBusy.
        """
        body = {"sql": sql, "at_least": at_least}
        return cast(QueryRows, await self._transport.call("POST", "/analytics/sql", body=body))

    async def sql_file(self, sql: str, format: FileFormat, *, at_least: int = 0) -> bytes:
        """The same as a file."""
        body = {"sql": sql, "at_least": at_least}
        return await self._transport.file("POST", "/analytics/sql", params={"format": format}, body=body)


def _path(name: str) -> str:
    return f"/analytics/{segment(name)}"
