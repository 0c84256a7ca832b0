"""`raro analytics`: ready reports on a client's files and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.render import table
from raro.cli.result_rows import show_rows, write_rows
from raro.cli.text import plain
from raro.client.analytics import ReportListing, ReportRows

app = new_app()

Written = Literal["table", "csv", "parquet"]


@app.command()
@online
async def analytics(
    session: Session,
    report: Annotated[str | None, typer.Argument(metavar="REPORT", help="Its name; without, all are listed.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="From then on: a moment or UTC day.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Until before then.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many rows.")] = None,
    format: Annotated[Written, typer.Option("--format", help="What the rows are written as.")] = "table",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.")] = None,
) -> None:
    """List the ready reports, or show one."""
    asked = session.client.analytics
    if report is None:
        listing = await asked.reports()
        session.out.answer(listing, lambda console: _list(console, listing))
        return
    chosen = "csv" if format == "table" and output is not None else format
    if chosen != "table":
        body = await asked.report_file(report, chosen, begin=begin, end=end, limit=limit)
        write_rows(session.out, body, output, chosen)
        return
    answer = await asked.report(report, begin=begin, end=end, limit=limit)
    session.out.answer(answer, lambda console: _show(console, answer))


def _list(console: Console, listing: ReportListing) -> None:
    made = table("report", "what it tells")
    for report in listing["reports"]:
        made.add_row(plain(report["name"]), plain(report["description"]))
    console.print(made)


def _show(console: Console, answer: ReportRows) -> None:
    console.print(plain(answer["title"]), style="bold")
    show_rows(console, answer["columns"], answer["rows"])
    if not answer["rows"]:
        console.print("Nothing happened that this report tells about.")
