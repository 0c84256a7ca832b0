"""Tables of rows, the same for every command that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from raro.cli.text import moment, one_line, plain, size, until

HASH_DIGITS = 12

_COLOURS = {
    "running": "yellow",
    "completed": "green",
    "success": "green",
    "ok": "green",
    "failed": "red",
    "broken": "red",
    "stopped": "magenta",
    "paused": "magenta",
    "awaitingapproval": "magenta",
    "degraded": "yellow",
}


def table(*columns: str, right: Sequence[str] = (), title: str | None = None) -> Table:
    """An empty table; the columns named in `right` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def status_text(status: str) -> Text:
    """A status in its colour."""
    return Text(plain(status), style=_COLOURS.get(status.lower(), ""))


def show_library(console: Console, files: Sequence[Mapping[str, Any]]) -> None:
    """The library as a table."""
    if not files:
        console.print("The library is empty. Put files in with `raro upload FILE…`.")
        return
    made = table("name", "version", "size", "type", "linked", "scope", "uploaded", "hash", right=("version", "size"))
    for row in files:
        made.add_row(
            plain(row["filename"]), str(row["version"]), size(row["size_bytes"]), plain(row["content_type"]),
            "yes" if row.get("linked") else "", plain(str(row.get("scope", ""))), moment(row.get("uploaded_at")),
            row["sha256"][:HASH_DIGITS],
        )  # fmt: skip
    console.print(made)


def show_runs(console: Console, runs: Sequence[Mapping[str, Any]]) -> None:
    """Runs as a table."""
    if not runs:
        console.print('There are no runs. Start one with `raro run "what you want to know"`.')
        return
    made = table("run", "status", "started", "ended", "directive")
    for run in runs:
        made.add_row(
            plain(run["run_id"]), status_text(run["status"]), moment(run.get("started_at")),
            moment(run.get("ended_at")), one_line(str(run.get("directive") or run.get("workflow_id") or ""), 60),
        )  # fmt: skip
    console.print(made)


def show_artifacts(console: Console, artifacts: Iterable[Mapping[str, Any]], *, with_run: bool = True) -> None:
    """Artifacts (rows that carry `run_id`) as a table with agent, size and hash."""
    rows = list(artifacts)
    if not rows:
        console.print("There are no artifacts.")
        return
    columns = ["artifact", "agent", "version", "size", "type", "expires in", "hash"]
    made = table(*(["run", *columns] if with_run else columns), right=("version", "size"))
    for row in rows:
        cells = [
            plain(row["filename"]), plain(row["agent_id"]), str(row["version"]), size(row["size_bytes"]),
            plain(row["content_type"]), "pinned" if row.get("pinned") else until(row.get("expires_at")),
            row["sha256"][:HASH_DIGITS],
        ]  # fmt: skip
        made.add_row(*([plain(str(row.get("run_id", ""))), *cells] if with_run else cells))
    console.print(made)


def artifact_rows(listing: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The artifacts of a listing by run as one flat list; each row names its run."""
    return [
        {"run_id": run["run_id"], "expires_at": run["metadata"].get("expires_at"), **artifact}
        for run in listing
        for artifact in run["metadata"]["artifacts"]
    ]
