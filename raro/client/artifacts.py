"""Artifacts over HTTP: look, fetch, keep, clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

from raro.client.downloads import Downloaded, download
from raro.client.parts import Part, read_part
from raro.client.rows import ArtifactListing, Done, Lineage, RunArtifacts, Saved
from raro.client.transport import Transport, below, segment
from raro.client.uploads import Progress

_ROOT = "/runtime/artifacts"

Filter = Literal["all", "current", "recent"]
Sort = Literal["date", "agent", "type"]


class Artifacts:
    """What agents made, by run and path. Each method raises RunNotFound or ArtifactNotFound."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(
        self,
        *,
        filter: Filter = "all",
        sort: Sort = "date",
        run_id: str | None = None,
        agent: str | None = None,
        type: str | None = None,
        q: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> ArtifactListing:
        """Artifacts by run: of all runs, the newest (`current`) or recent ones; `q` searches in names."""
        params = {
            "filter": filter, "sort": sort, "run_id": run_id, "agent": agent,
            "type": type, "q": q, "limit": limit, "cursor": cursor,
        }  # fmt: skip
        return cast(ArtifactListing, await self._transport.call("GET", _ROOT, params=params))

    async def of_run(self, run_id: str) -> RunArtifacts:
        """One run's artifacts."""
        return cast(RunArtifacts, await self._transport.call("GET", f"{_ROOT}/{segment(run_id)}"))

    async def download(
        self, run_id: str, path: str, target: Path, *, version: int | None = None, progress: Progress | None = None
    ) -> Downloaded:
        """Bring an artifact (its current version, or the one named) into `target`."""
        return await download(
            self._transport, _url(run_id, path), target, params={"version": version}, progress=progress
        )

    async def read(self, run_id: str, path: str, *, version: int | None = None, offset: int = 0, limit: int) -> Part:
        """At most `limit` bytes of an artifact from `offset`, in memory. Raises RangeNotSatisfiable behind its end."""
        params = {"version": version}
        return await read_part(self._transport, _url(run_id, path), params=params, offset=offset, limit=limit)

    async def archive(self, run_id: str, target: Path, *, progress: Progress | None = None) -> Downloaded:
        """Bring every artifact of a run into `target` as one zip."""
        return await download(self._transport, f"{_ROOT}/{segment(run_id)}/archive", target, progress=progress)

    async def delete(self, run_id: str, path: str | None = None) -> Done:
        """Delete one artifact, or all of a run; restorable within the grace period."""
        return cast(Done, await self._transport.call("DELETE", _url(run_id, path)))

    async def restore(self, run_id: str, path: str | None = None) -> Done:
        """Bring back what was deleted or has expired. Raises GraceOver when it is too late."""
        return cast(Done, await self._transport.call("POST", f"{_url(run_id, path)}/restore"))

    async def promote(
        self, run_id: str, path: str, *, filename: str | None = None, version: int | None = None
    ) -> Saved:
        """Save an artifact to the library, under its own name or `filename`."""
        params = {"as": filename, "version": version}
        return cast(Saved, await self._transport.call("POST", f"{_url(run_id, path)}/promote", params=params))

    async def pin(self, run_id: str, path: str) -> Done:
        """Keep an artifact from expiring."""
        return cast(Done, await self._transport.call("POST", f"{_url(run_id, path)}/pin"))

    async def unpin(self, run_id: str, path: str) -> Done:
        """Let an artifact expire again."""
        return cast(Done, await self._transport.call("POST", f"{_url(run_id, path)}/unpin"))

    async def lineage(
        self, run_id: str, path: str, *, version: int | None = None, limit: int | None = None, seen: bool = False
    ) -> Lineage:
        """What it was made from and what was made from it; with `seen`, only what agents were seen to read."""
        params = {"version": version, "limit": limit, "seen": seen}
        return cast(Lineage, await self._transport.call("GET", f"{_url(run_id, path)}/lineage", params=params))

    async def clear(self, older_than_hours: float, *, dry_run: bool = False) -> dict[str, Any]:
        """Delete the artifacts of runs older than that; with `dry_run` only say which."""
        body = {"older_than_hours": older_than_hours, "dry_run": dry_run}
        return cast(dict[str, Any], await self._transport.call("POST", f"{_ROOT}/clear", body=body))


def _url(run_id: str, path: str | None) -> str:
    run = f"{_ROOT}/{segment(run_id)}"
    return run if path is None else f"{run}/files/{below(path)}"
