"""The past over HTTP: what was at a point of the log, and what is different between points and runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict, cast

from raro.client.rows import LibraryFile, RunArtifacts, RunRow, RunState
from raro.client.transport import Transport


class Moment(TypedDict):
    """After event `seq`; `time` is None before the first event."""

    seq: int
    time: str | None


class AsOf(Moment):
    """What was; only the views that were asked for. Rows of files whose bytes are gone since say `erased`."""

    head: int
    library: NotRequired[list[LibraryFile]]
    artifacts: NotRequired[list[RunArtifacts]]
    runs: NotRequired[list[RunRow]]
    state: NotRequired[RunState]
    next: dict[str, str | None]
    erased: int


class Changed(TypedDict):
    """A row that both points have."""

    fields: list[str]
    before: dict[str, Any]
    after: dict[str, Any]


class ViewDifference(TypedDict):
    """What is different in a view; `cut` counts the rows left out of each list."""

    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[Changed]
    cut: dict[str, int]


PointsDifference = TypedDict(
    "PointsDifference",
    {"from": Moment, "to": Moment, "library": ViewDifference, "artifacts": ViewDifference, "runs": ViewDifference},
)
RunsDifference = TypedDict(
    "RunsDifference",
    {
        "from": dict[str, Any],
        "to": dict[str, Any],
        "parameters": list[dict[str, Any]],
        "inputs": dict[str, Any],
        "agents": dict[str, Any],
        "results": list[dict[str, Any]],
        "files": dict[str, Any],
    },
)


class Past:
    """Points are named by an event's sequence, or by an RFC 3339 time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def at(
        self,
        point: int | str,
        *,
        views: Sequence[str] | None = None,
        run_id: str | None = None,
        limit: int | None = None,
    ) -> AsOf:
        """Library, artifacts and runs as they were; a run's state besides. Raises BadMoment, MomentAhead, RunNotFound.

        ReplayPreparing while a long log is looked at for the first time: ask again in a while.
        """
        chosen = None if views is None else ",".join(views)
        params = {"at": str(point), "views": chosen, "run_id": run_id, "limit": limit}
        return cast(AsOf, await self._transport.call("GET", "/audit/replay", params=params))

    async def between(self, first: int | str, second: int | str, *, limit: int | None = None) -> PointsDifference:
        """What came, went and changed between two points. Raises as `at`."""
        params = {"from": str(first), "to": str(second), "limit": limit}
        return cast(PointsDifference, await self._transport.call("GET", "/audit/diff", params=params))

    async def between_runs(self, first: str, second: str, *, limit: int | None = None) -> RunsDifference:
        """What is different between two runs, with their files' contents. Raises RunNotFound."""
        params = {"from": first, "to": second, "limit": limit}
        return cast(RunsDifference, await self._transport.call("GET", "/audit/diff/runs", params=params))
