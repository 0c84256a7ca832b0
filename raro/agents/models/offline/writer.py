"""The writer: reads what the analysts said and what they measured, and merges it into one report."""

from __future__ import annotations

import json
from typing import Any

from raro.agents.conversation import Answer, TurnRequest, Upstream
from raro.events.shapes import ToolCall

_SUMMARY = "summary.json"
_MAX_SUMMARIES = 40
_NEEDED = {"file", "kind", "size", "columns"}


def next_answer(request: TurnRequest, note: str) -> Answer:
    """Read, merge, say."""
    upstream = request.assignment.upstream
    match len(request.history):
        case 0:
            calls = [
                ToolCall(call_id=f"said-{number}", name="read_artifact", args={"agent_id": item.agent_id})
                for number, item in enumerate(upstream)
            ]
            calls += [
                ToolCall(call_id=f"measured-{number}", name="read_file", args={"path": f"output/{path}"})
                for number, path in enumerate(_summaries(upstream))
            ]
            return Answer("I read what the analysts said and measured.", tuple(calls))
        case 1:
            call = ToolCall(
                call_id="write", name="write_file", args={"path": "report.md", "content": _report(request, note)}
            )
            return Answer("I merge their findings into one report.", (call,))
        case _:
            return Answer(_report(request, note), final=True)


def _summaries(upstream: tuple[Upstream, ...]) -> list[str]:
    return [path for item in upstream for path in item.files if path.endswith(f"/{_SUMMARY}")][:_MAX_SUMMARIES]


def _report(request: TurnRequest, note: str) -> str:
    upstream = request.assignment.upstream
    read = request.history[0].outcomes
    found = [_parsed(read[call].text) for call in read if call.startswith("measured-")]
    measured = [summary for summary in found if summary.keys() >= _NEEDED]
    unread = len(found) - len(measured)
    tables = [summary for summary in measured if summary.get("kind") == "table"]
    directive = request.assignment.directive.strip()
    parts = ["# Report", f"**Directive:** {directive}" if directive else "", _overview(measured)]
    answered = [summary for summary in measured if summary.get("answers")]
    if answered:
        parts.append("## What was asked")
    parts += [_answers(summary) for summary in answered]
    if unread:
        parts.append(f"> {unread} of the analysts' summaries could not be read whole and are left out here.")
    parts += [_findings(measured), _shared_columns(tables), _charts(upstream), _sources(upstream), note]
    return "\n\n".join(part for part in parts if part) + "\n"


def _overview(measured: list[dict[str, Any]]) -> str:
    lines = [f"| {item['file']} | {item['kind']} | {item['size']} |" for item in measured]
    return "## Files\n\n| file | kind | size |\n|---|---|---|\n" + "\n".join(lines) if lines else ""


def _answers(summary: dict[str, Any]) -> str:
    return f"### {summary['file']}\n\n" + "\n".join(f"- {line}" for line in summary["answers"])


def _findings(measured: list[dict[str, Any]]) -> str:
    lines = [f"- **{item['file']}**: {finding}" for item in measured for finding in item.get("findings", [])[:4]]
    return "## Findings\n\n" + "\n".join(lines) if lines else ""


def _shared_columns(tables: list[dict[str, Any]]) -> str:
    """Columns that several tables have, side by side."""
    names = sorted({column for table in tables for column in table["columns"]})
    rows = []
    for name in names:
        having = [table for table in tables if name in table["columns"]]
        if len(having) > 1:
            rows += [f"| {name} | {table['file']} | {_measure(table['columns'][name])} |" for table in having]
    if not rows:
        return ""
    return "## Columns that several files share\n\n| column | file | values |\n|---|---|---|\n" + "\n".join(rows)


def _measure(column: dict[str, Any]) -> str:
    if column.get("mean") is not None:
        return f"mean {column['mean']}, median {column['median']}, {column['missing']} missing"
    return f"{column['distinct']} distinct, {column['missing']} missing"


def _charts(upstream: tuple[Upstream, ...]) -> str:
    charts = [path for item in upstream for path in item.files if path.endswith(".png")]
    return "## Charts\n\n" + "\n\n".join(f"![{_title(path)}]({_link(path)})" for path in charts) if charts else ""


def _sources(upstream: tuple[Upstream, ...]) -> str:
    lines = [
        f"- **{item.agent_id}**: " + (", ".join(f"[{path}]({_link(path)})" for path in item.files) or "no files")
        for item in upstream
    ]
    return "## Made by\n\n" + "\n".join(lines)


def _title(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".png").replace("_", " ")


def _link(path: str) -> str:
    return path.replace(" ", "%20").replace("(", "%28").replace(")", "%29")


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
