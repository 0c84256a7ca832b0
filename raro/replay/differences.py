"""What is different between two points of the log: files, artifacts and runs that came, went or changed.

Rows carry the last event that touched them, so what changed since a point is a question to the later one alone; the
earlier one is asked what these rows were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from raro.projections.changes import changed_rows
from raro.projections.queries import Connection, Row
from raro.replay.asof import Exists, mark_erased

KEYS: dict[str, Callable[[Row], Any]] = {
    "library": itemgetter("filename"),
    "artifacts": itemgetter("run_id", "filename"),
    "runs": itemgetter("run_id"),
}
_SEQ = "seq"

Views = dict[str, dict[Any, Row]]


@dataclass(frozen=True, slots=True)
class Later:
    """By view: the rows that events touched since the earlier point, and the keys of all that were touched."""

    rows: Views
    keys: dict[str, set[Any]]


def later(connection: Connection, client_id: str, since: int) -> Later:
    """What events behind `since` touched, as it is at the later point; ask that one."""
    rows, keys = {}, {}
    for view, key in KEYS.items():
        upserts, removes = changed_rows(connection, view, client_id, since)
        rows[view] = {key(row): row for row in upserts}
        keys[view] = {*rows[view], *(_key(view, gone) for gone in removes)}
    return Later(rows, keys)


def earlier(connection: Connection, client_id: str, keys: dict[str, set[Any]]) -> Views:
    """What the same rows were at the earlier point; ask that one."""
    return {
        view: {key(row): row for row in changed_rows(connection, view, client_id, 0)[0] if key(row) in keys[view]}
        for view, key in KEYS.items()
    }


def difference(before: Views, after: Views, limit: int, exists: Exists) -> dict[str, Any]:
    """By view, `added`, `removed` and `changed` rows, and in `cut` how many of each are left out behind `limit`."""
    return {view: _of_view(before[view], after[view], limit, exists) for view in KEYS}


def fields_changed(before: Row, after: Row) -> list[str]:
    """Names of what is not the same; the event that touched a row last is no difference."""
    names = dict.fromkeys([*before, *after])
    return [name for name in names if name != _SEQ and before.get(name) != after.get(name)]


def _of_view(before: dict[Any, Row], after: dict[Any, Row], limit: int, exists: Exists) -> Row:
    added = [after[key] for key in sorted(after.keys() - before.keys())]
    removed = [before[key] for key in sorted(before.keys() - after.keys())]
    both = ((before[key], after[key]) for key in sorted(before.keys() & after.keys()))
    changed = [
        {"fields": fields, "before": old, "after": new} for old, new in both if (fields := fields_changed(old, new))
    ]
    found: dict[str, list[Row]] = {"added": added, "removed": removed, "changed": changed}
    shown = {name: rows[:limit] for name, rows in found.items()}
    sides = [row[side] for row in shown["changed"] for side in ("before", "after")]
    mark_erased((row for row in [*shown["added"], *shown["removed"], *sides] if "sha256" in row), exists)
    return {**shown, "cut": {name: len(rows) - len(shown[name]) for name, rows in found.items()}}


def _key(view: str, gone: Any) -> Any:
    return KEYS[view](gone) if isinstance(gone, dict) else gone
