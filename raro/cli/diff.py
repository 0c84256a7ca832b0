"""`raro diff`: what is different between two points of the log, or between two runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from raro.cli.command import Session, new_app, online
from raro.cli.past_source import StorageFolder, past_source, patiently
from raro.cli.replay import point_text
from raro.cli.text import one_line, plain
from raro.client.past import PointsDifference, RunsDifference
from raro.errors import BadMoment
from raro.replay.moments import parsed

app = new_app()

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}
_SIGNS = (("added", "+"), ("removed", "-"))
_VALUE_CHARS = 80


@app.command()
@online
async def diff(
    session: Session,
    first: Annotated[str, typer.Argument(metavar="FROM", help="An event's number, a time with its zone, or a run.")],
    second: Annotated[str, typer.Argument(metavar="TO", help="The same of what it is compared with.")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=5000, help="At most so many rows of a kind.")] = 200,
    storage: StorageFolder = None,
) -> None:
    """Show what came, went and changed between two points, or how two runs differ."""
    async with past_source(session, storage) as past:
        if _is_point(first) and _is_point(second):
            points = await patiently(session.out, lambda: past.between(first, second, limit=limit))
            session.out.answer(points, lambda console: _show_points(console, points))
        else:
            runs = await past.between_runs(first, second, limit=limit)
            session.out.answer(runs, lambda console: _show_runs(console, runs))


def _is_point(text: str) -> bool:
    try:
        parsed(text)
    except BadMoment:
        return False
    return True


def _show_points(console: Console, found: PointsDifference) -> None:
    console.print(f"From {point_text(found['from'])}, to {point_text(found['to'])}", style="bold")
    for view, named in (("library", "filename"), ("artifacts", "filename"), ("runs", "run_id")):
        _show_rows(console, view, found[view], named)  # type: ignore[literal-required]  # one of the three there are


def _show_runs(console: Console, found: RunsDifference) -> None:
    console.print(f"From {plain(found['from']['run_id'])}, to {plain(found['to']['run_id'])}", style="bold")
    _show_fields(console, "parameters", found["parameters"])
    _show_rows(console, "inputs", found["inputs"], "name")
    _show_agents(console, found["agents"])
    _show_fields(console, "results", found["results"])
    _show_rows(console, "files", found["files"], "filename")


def _show_rows(console: Console, title: str, found: Mapping[str, Any], named: str) -> None:
    same = f", {found['same']} the same" if found.get("same") else ""
    counts = [len(found[kind]) + found["cut"][kind] for kind in ("added", "removed", "changed")]
    console.print(f"\n{title}: {counts[0]} added, {counts[1]} removed, {counts[2]} changed{same}", style="bold")
    for kind, sign in _SIGNS:
        for row in found[kind]:
            console.print(f"{sign} {_called(row, named)}", style=_COLOURS[sign])
    for row in found["changed"]:
        console.print(f"~ {_called(row['after'], named)}")
        for name in row["fields"]:
            console.print(f"    {name}: {_value(row['before'].get(name))} → {_value(row['after'].get(name))}")
        if row.get("difference"):
            _show_content(console, row["difference"])
    left = [f"{count} {kind}" for kind, count in found["cut"].items() if count]
    if left:
        console.print(f"not shown: {', '.join(left)}; see --limit", style="dim")


def _called(row: Mapping[str, Any], named: str) -> str:
    run = f"{row['run_id']}  " if named == "filename" and "run_id" in row else ""
    return plain(f"{run}{row[named]}{'  (bytes erased)' if row.get('erased') else ''}")


def _show_fields(console: Console, title: str, fields: Sequence[Mapping[str, Any]]) -> None:
    console.print(f"\n{title}: {len(fields) or 'nothing'} different", style="bold")
    for item in fields:
        console.print(f"  {item['name']}: {_value(item['before'])} → {_value(item['after'])}", soft_wrap=True)


def _show_agents(console: Console, agents: Mapping[str, Any]) -> None:
    console.print(f"\nagents: {agents['same']} the same", style="bold")
    for kind, sign in _SIGNS:
        for agent_id in agents[kind]:
            console.print(f"{sign} {plain(agent_id)}", style=_COLOURS[sign])
    for agent in agents["changed"]:
        console.print(f"~ {plain(agent['agent_id'])}")
        for item in [*agent["parameters"], *agent["results"]]:
            console.print(f"    {item['name']}: {_value(item['before'])} → {_value(item['after'])}", soft_wrap=True)
        if agent["output"]:
            _show_content(console, agent["output"])


def _show_content(console: Console, found: Mapping[str, Any]) -> None:
    if found["kind"] == "text":
        for line in (found["unified"] or "").split("\n"):
            console.print(f"    {plain(line)}", style=_COLOURS.get(line[:1]), soft_wrap=True)
    elif found["kind"] == "table":
        _show_table(console, found)
    for note in found["notes"]:
        console.print(f"    ({plain(note)})", style="dim")


def _show_table(console: Console, found: Mapping[str, Any]) -> None:
    console.print(f"    {found['rows_before']:,} → {found['rows_after']:,} rows; columns: {_names(found['columns'])}")
    for sign, columns in (("+", found["columns_added"]), ("-", found["columns_removed"])):
        if columns:
            console.print(f"    {sign} columns {_names(columns)}", style=_COLOURS[sign])
    for sign, rows in (("-", found["only_before"]), ("+", found["only_after"])):
        for row in rows:
            console.print(f"    {sign} {_names(row)}", style=_COLOURS[sign], soft_wrap=True)


def _names(values: Sequence[str | None]) -> str:
    return one_line(", ".join("" if value is None else value for value in values), 160)


def _value(value: Any) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _VALUE_CHARS)
