"""The folders of a run while it is worked on: `sessions/{run_id}/input|output`, and a place per agent.

Agents work side by side without seeing each other's unfinished files: each has `agents/{epoch}/{agent_id}/input|output`
of its own, filled with what came before it (docs/decisions/002). `output/` shows what the run has kept so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from raro.errors import SandboxUnavailable
from raro.events.shapes import InputFile
from raro.files.blobs import BlobStore
from raro.files.workspace import Session
from raro.files.workspace import Sessions as Folders
from raro.sandboxes.sandbox import ProbeReport, Sandboxes


class Sessions:
    """All runs' working folders below `storage/sessions`. All but the probing methods block: call them in a thread."""

    def __init__(self, root: Path, blobs: BlobStore, sandboxes: Sandboxes) -> None:
        self._folders = Folders(root)
        self._blobs = blobs
        self._sandboxes = sandboxes
        self._links = False

    async def tier(self) -> str:
        """The sandbox tier that runs will use. Raises SandboxUnavailable naming each probe's result."""
        report = await self.probe()
        if report.chosen is None:
            raise SandboxUnavailable(f"no sandbox tier holds on this machine.\n{report.describe()}")
        return report.chosen

    async def probe(self) -> ProbeReport:
        """What holds here; attacked once, then remembered."""
        report = await self._sandboxes.probe()
        self._links = report.links_inputs
        return report

    def prepare(self, run_id: str, inputs: Iterable[InputFile]) -> bool:
        """Lay out every input of a run; returns whether they are links, not copies."""
        self._lay_out(self._folders.create(run_id), inputs)
        return self._links

    def agent_place(
        self, run_id: str, agent_id: str, epoch: int, inputs: Iterable[InputFile], files: Mapping[str, str]
    ) -> Session:
        """An agent's own folders, made anew: the inputs, and `files` (path to hash) in its output.

        `epoch` counts who took the agent. What an earlier one still has in mind to start finds its place gone, and
        can never start in this one.
        """
        agents = self._folders.get(run_id).root / "agents"
        for earlier in Folders(agents).all():
            if earlier.isdigit() and int(earlier) <= epoch:
                Folders(agents / earlier).remove(agent_id)
        session = Folders(agents / str(epoch)).create(agent_id)
        self._lay_out(session, inputs)
        for path, sha256 in files.items():
            session.restore_output(path, self._blobs.path(sha256))
        return session

    def publish(self, run_id: str, path: str, sha256: str) -> None:
        """Show a kept file in the run's output folder, while there is one."""
        if self._folders.exists(run_id):
            self._folders.get(run_id).restore_output(path, self._blobs.path(sha256))

    def remove(self, run_id: str) -> bool:
        """Remove everything of a run's session; False when there was nothing."""
        return self._folders.remove(run_id)

    def _lay_out(self, session: Session, inputs: Iterable[InputFile]) -> None:
        for item in inputs:
            if item.sha256 is not None:
                session.link_input(self._blobs.path(item.sha256), item.name, link=self._links)
