"""`raro sql`: one SELECT over the client's own rows, or, in a folder that nobody serves, over everybody's."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from raro.analytics.desk import Asked, Desk
from raro.analytics.process import Format
from raro.cli.command import Session, new_app, online
from raro.cli.result_rows import show_rows, write_rows
from raro.cli.stored_views import stored_views
from raro.client.analytics import QueryRows
from raro.errors import BadRequest
from raro.settings import Settings
from raro.wiring.running import desk_of

app = new_app()

Written = Literal["table", "csv", "parquet"]


@app.command()
@online
async def sql(
    session: Session,
    query: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT, DuckDB's dialect; - reads stdin.")],
    format: Annotated[Written, typer.Option("--format", help="What the rows are written as.")] = "table",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.")] = None,
    all_clients: Annotated[
        bool, typer.Option("--all-clients", help="Everybody's rows; opens --storage itself, without a server.")
    ] = False,
    storage: Annotated[
        Path, typer.Option("--storage", envvar="RARO_STORAGE", metavar="FOLDER", help="Only with --all-clients.")
    ] = Path("storage"),
) -> None:
    """Ask the tables of all that happened; `raro sql "SHOW TABLES"` lists them."""
    text = sys.stdin.read() if query == "-" else query
    chosen: Format = "json" if format == "table" and output is None else "csv" if format == "table" else format
    found: QueryRows | bytes
    if all_clients:
        found = await _of_everybody(text, storage, chosen)
    elif chosen == "json":
        found = await session.client.analytics.sql(text)
    else:
        found = await session.client.analytics.sql_file(text, chosen)
    if isinstance(found, bytes):
        write_rows(session.out, found, output, chosen)
    else:
        session.out.answer(found, partial(_show, found))


async def _of_everybody(text: str, storage: Path, format: Format) -> QueryRows | bytes:
    """Raises StorageInUse while a server holds the folder."""
    if not storage.is_dir():
        raise BadRequest(f"there is no folder {str(storage)!r}; name the data folder with --storage.")
    async with stored_views(storage) as (_, views):
        desk: Desk = desk_of(Settings(storage=storage), views)
        try:
            asked = await desk.sql(None, text, format=format)
            return _rows(asked) if format == "json" else asked.found.body
        finally:
            await desk.close()


def _rows(asked: Asked) -> QueryRows:
    found = asked.found
    return {
        "columns": [{"name": column["name"], "type": column["type"]} for column in found.columns],
        "rows": json.loads(b"[" + found.body + b"]"),
        "row_count": found.row_count,
        "seq": asked.seq,
        "truncated": found.truncated,
    }


def _show(answer: QueryRows, console: Console) -> None:
    show_rows(console, answer["columns"], answer["rows"])
    count = answer["row_count"]
    more = ", cut: there are more" if answer["truncated"] else ""
    console.print(f"{count:,} {'row' if count == 1 else 'rows'}{more}; up to event {answer['seq']:,}", style="dim")
