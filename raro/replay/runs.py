"""What is different between two runs: what they were asked, what they were given, what came of it.

Files and inputs are matched by name, agents by id. What is the same is counted, not listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from raro.projections import artifacts, runs
from raro.projections.queries import Connection, Row
from raro.replay.asof import mark_erased
from raro.replay.contents import Contents

_SHOWN_CHARS = 2_000
_HEAD = ("run_id", "workflow_id", "name", "directive", "status", "start_time", "end_time")
_RESULTS = ("status", "code", "reason", "sandbox", "total_tokens_used", "cost_usd", "files", "session_expired")
_AGENT_RESULTS = ("status", "turns", "tokens", "cost_usd", "latency_ms", "files", "tools", "code", "message", "attempt")
_INPUT = ("version", "sha256", "kind", "scope", "run_id", "path")
_FILE = ("sha256", "content_type", "agent_id")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its state, and every file it made."""

    state: Row
    files: list[Row]

    @property
    def parameters(self) -> Row:
        """What it was asked, but for its agents."""
        asked = {name: value for name, value in self.state["workflow"].items() if name != "agents"}
        return {"directive": self.state["directive"], **asked, "retention_days": self.state["retention_days"]}

    @property
    def agents(self) -> dict[str, Row]:
        """What each agent was asked, by id; where it stands in a picture does not count."""
        specs = {spec["id"]: spec for spec in self.state["workflow"]["agents"]}
        return {
            agent["agent_id"]: {
                name: value
                for name, value in {**specs.get(agent["agent_id"], {}), **_delegated(agent)}.items()
                if name not in ("id", "position")
            }
            for agent in self.state["agents"]
        }

    @property
    def results(self) -> Row:
        """What came of it, `duration_ms` besides."""
        return {name: self.state[name] for name in _RESULTS} | {"duration_ms": _duration_ms(self.state)}


def side(connection: Connection, client_id: str, run_id: str) -> Side | None:
    """All that a comparison needs of a run; None when there is no such run."""
    state = runs.state(connection, client_id, run_id)
    return Side(state, artifacts.made(connection, client_id, run_id)) if state else None


def difference(before: Side, after: Side, contents: Contents, limit: int) -> dict[str, Any]:
    """All that is different; `cut` says how many rows are left out behind `limit`. Blocking."""
    inputs = [{row["name"]: row for row in each.state["inputs"]} for each in (before, after)]
    return {
        "from": {name: before.state[name] for name in _HEAD},
        "to": {name: after.state[name] for name in _HEAD},
        "parameters": list(_fields(before.parameters, after.parameters)),
        "inputs": _rows(inputs[0], inputs[1], _INPUT, limit),
        "agents": _agents(before, after, contents),
        "results": list(_fields(before.results, after.results)),
        "files": _files(before, after, contents, limit),
    }


def _files(before: Side, after: Side, contents: Contents, limit: int) -> Row:
    sides = [{row["filename"]: row for row in each.files} for each in (before, after)]
    found = _rows(sides[0], sides[1], _FILE, limit)
    for row in found["changed"]:
        old, new = row["before"], row["after"]
        same = old["sha256"] == new["sha256"]
        row["difference"] = None if same else contents.compare(old["sha256"], new["sha256"], new["content_type"])
    changed = (row[name] for row in found["changed"] for name in ("before", "after"))
    mark_erased([*found["added"], *found["removed"], *changed], contents.exists)
    return found


def _agents(before: Side, after: Side, contents: Contents) -> Row:
    asked_a, asked_b = before.agents, after.agents
    results = [{agent["agent_id"]: agent for agent in each.state["agents"]} for each in (before, after)]
    changed = []
    for agent_id in [name for name in asked_a if name in asked_b]:
        a, b = (each[agent_id] for each in results)
        found = {
            "agent_id": agent_id,
            "parameters": list(_fields(asked_a[agent_id], asked_b[agent_id])),
            "results": list(_fields(_only(a, _AGENT_RESULTS), _only(b, _AGENT_RESULTS))),
            "output": _output(a["output_sha256"], b["output_sha256"], contents),
        }
        if found["parameters"] or found["results"] or found["output"]:
            changed.append(found)
    return {
        "added": [name for name in asked_b if name not in asked_a],
        "removed": [name for name in asked_a if name not in asked_b],
        "changed": changed,
        "same": len(asked_a.keys() & asked_b.keys()) - len(changed),
    }


def _output(first: str | None, second: str | None, contents: Contents) -> Row | None:
    if first == second:
        return None
    if first is None or second is None:
        return {"kind": "bytes", "notes": [f"only the {'second' if first is None else 'first'} has an output"]}
    return contents.compare(first, second, "text/markdown")


def _rows(before: Mapping[str, Row], after: Mapping[str, Row], compared: Sequence[str], limit: int) -> Row:
    """Rows by name: those of one side only, and those of both that differ in what is compared."""
    added = [after[name] for name in sorted(after.keys() - before.keys())]
    removed = [before[name] for name in sorted(before.keys() - after.keys())]
    both = sorted(before.keys() & after.keys())
    changed = [
        {"name": name, "fields": fields, "before": before[name], "after": after[name]}
        for name in both
        if (fields := [field for field in compared if before[name].get(field) != after[name].get(field)])
    ]
    found: dict[str, list[Row]] = {"added": added, "removed": removed, "changed": changed}
    shown = {name: rows[:limit] for name, rows in found.items()}
    cut = {name: len(rows) - len(shown[name]) for name, rows in found.items()}
    return {**shown, "same": len(both) - len(changed), "cut": cut}


def _fields(before: Row, after: Row) -> Iterator[Row]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield {"name": name, "before": _short(before.get(name)), "after": _short(after.get(name))}


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _SHOWN_CHARS:
        return f"{value[:_SHOWN_CHARS]}… (cut: {len(value)} characters)"
    return value


def _only(row: Row, names: Sequence[str]) -> Row:
    return {name: row[name] for name in names}


def _delegated(agent: Row) -> Row:
    """What is known of an agent that came while the run was under way, and of every agent's graph in the end."""
    return {name: agent[name] for name in ("role", "depends_on", "delegated_by")}


def _duration_ms(state: Row) -> int | None:
    if state["end_time"] is None:
        return None
    length = datetime.fromisoformat(state["end_time"]) - datetime.fromisoformat(state["start_time"])
    return round(length.total_seconds() * 1000)
