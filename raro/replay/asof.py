"""What a client's library, artifacts and runs were, row for row as the API gave them then.

Bytes may be gone since: such a file's row says `erased`. Any other row is the very row of that time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from raro.errors import RunNotFound
from raro.projections import artifacts, library, runs
from raro.projections.queries import Connection, Row

ERASED = "erased"
VIEWS = ("library", "artifacts", "runs")

Exists = Callable[[str], bool]
"""Whether the bytes of a SHA-256 are there."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which views; `limit` counts artifact files, and runs; a cursor goes on behind a page; a run's state besides."""

    views: tuple[str, ...] = VIEWS
    run_id: str | None = None
    limit: int = 1000
    artifacts_cursor: str | None = None
    runs_cursor: str | None = None


def as_of(connection: Connection, client_id: str, wanted: Wanted, exists: Exists) -> dict[str, Any]:
    """The views that are wanted, `next` cursors of those with more pages, `erased`: how many of these files are gone.

    Raises RunNotFound for a state that is wanted of a run that had not begun, BadCursor.
    """
    found: dict[str, Any] = {}
    following: Row = {}
    if "library" in wanted.views:
        found["library"] = library.listing(connection, client_id)
    if "artifacts" in wanted.views:
        page = artifacts.Wanted(limit=wanted.limit, cursor=wanted.artifacts_cursor)
        found["artifacts"], following["artifacts"] = artifacts.page(connection, client_id, page)
    if "runs" in wanted.views:
        found["runs"], following["runs"] = runs.page(
            connection, client_id, limit=wanted.limit, cursor=wanted.runs_cursor
        )
    if wanted.run_id is not None:
        found["state"] = _state(connection, client_id, wanted.run_id)
    return {**found, "next": following, "erased": mark_erased(_files(found), exists)}


def mark_erased(files: Iterable[Row], exists: Exists) -> int:
    """Mark the rows of files whose bytes are gone; how many these are."""
    there, count = cache(exists), 0
    for row in files:
        if not there(row["sha256"]):
            row[ERASED] = True
            count += 1
    return count


def _files(found: dict[str, Any]) -> Iterable[Row]:
    yield from found.get("library", ())
    for run in found.get("artifacts", ()):
        yield from run["metadata"]["artifacts"]


def _state(connection: Connection, client_id: str, run_id: str) -> Row:
    state = runs.state(connection, client_id, run_id)
    if state is None:
        raise RunNotFound(f"there was no run {run_id!r} at this point. See GET /runtime/runs.", run_id=run_id)
    return state
