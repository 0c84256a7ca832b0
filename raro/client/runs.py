"""Runs over HTTP: plan, start, look, steer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from raro.client.downloads import Downloaded, download
from raro.client.rows import Done, RunListing, RunState, Started, TemplateListing
from raro.client.transport import Transport, below, segment
from raro.client.uploads import Progress
from raro.client.watch import watch

ENDED = frozenset({"completed", "failed", "stopped"})
"""Statuses that a run does not leave any more."""


class Runs:
    """What agents do. Each method raises RunNotFound for a run that is not this client's."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def plan(self, directive: str, attached_files: Sequence[str] | None = None) -> dict[str, Any]:
        """The workflow that a directive would be run as; nothing is started."""
        body: dict[str, Any] = {"directive": directive}
        if attached_files is not None:
            body["attached_files"] = list(attached_files)
        return cast(dict[str, Any], await self._transport.call("POST", "/runtime/plan", body=body))

    async def templates(self) -> TemplateListing:
        """Workflows to begin from, and prepared runs; each workflow is what `start` takes."""
        return cast(TemplateListing, await self._transport.call("GET", "/runtime/templates"))

    async def start(self, request: Mapping[str, Any]) -> Started:
        """Start a WorkflowConfig, or only `{"directive": …}`. Raises BadWorkflow and its kin."""
        return cast(Started, await self._transport.call("POST", "/runtime/start", body=dict(request)))

    async def list(self, *, limit: int | None = None) -> RunListing:
        """The client's runs, newest first."""
        return cast(RunListing, await self._transport.call("GET", "/runtime/runs", params={"limit": limit}))

    async def state(self, run_id: str) -> RunState:
        """One run with its agents and their turns."""
        return cast(RunState, await self._transport.call("GET", "/runtime/state", params={"run_id": run_id}))

    async def ended(self, run_id: str) -> RunState:
        """Wait until a run has ended, however, and give its last state; also over restarts of the server."""
        await self.state(run_id)
        async with aclosing(watch(self._transport, ["runs"])) as patches:
            async for patch in patches:
                if any(row["run_id"] == run_id and row["status"] in ENDED for row in patch.upserts):
                    break
        return await self.state(run_id)

    async def stop(self, run_id: str, reason: str = "") -> Done:
        """End a run; files made so far are kept. Raises WrongState when it has ended."""
        return await self._steer(run_id, "stop", reason)

    async def pause(self, run_id: str, reason: str = "") -> Done:
        """Let running turns finish and begin no new one."""
        return await self._steer(run_id, "pause", reason)

    async def resume(self, run_id: str) -> Done:
        """Go on after a pause."""
        return await self._steer(run_id, "resume", "")

    async def output(self, run_id: str, agent_id: str) -> dict[str, Any]:
        """An agent's full output. Raises OutputNotFound before it has one."""
        path = f"/runtime/{segment(run_id)}/artifact/{segment(agent_id)}"
        return cast(dict[str, Any], await self._transport.call("GET", path))

    async def text(self, run_id: str, sha256: str) -> str:
        """A text too long for an event, by the hash that the event names. Raises OutputNotFound."""
        path = f"/runtime/{segment(run_id)}/texts/{segment(sha256)}"
        async with self._transport.receive(path) as answer:
            return (await answer.aread()).decode("utf-8", errors="replace")

    async def report(self, run_id: str) -> bytes:
        """The run as one HTML file that needs nothing else."""
        return await self._transport.file("GET", f"/runtime/{segment(run_id)}/report")

    async def download_file(
        self, run_id: str, path: str, target: Path, *, progress: Progress | None = None
    ) -> Downloaded:
        """Bring a file of the run's session (while it exists) into `target`."""
        return await download(
            self._transport, f"/runtime/{segment(run_id)}/files/{below(path)}", target, progress=progress
        )

    async def _steer(self, run_id: str, verb: str, reason: str) -> Done:
        body = {"reason": reason} if reason else {}
        return cast(Done, await self._transport.call("POST", f"/runtime/{segment(run_id)}/{verb}", body=body))
