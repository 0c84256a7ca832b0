"""What tools work on: the agent's folders, its sandbox (opened when first needed), what came before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from raro.agents.conversation import Upstream
from raro.agents.search import Search
from raro.files.blobs import BlobStore
from raro.files.workspace import Session
from raro.sandboxes.sandbox import (
    Limits,
    NoRecord,
    OnOutput,
    Sandbox,
    Sandboxes,
    SandboxRecord,
    Workspace,
)


def _silent(stream: str, text: str) -> None:
    """Nobody listens."""


@dataclass
class Workplace:
    """One agent's place; `on_output` is told what its code prints while it runs."""

    run_id: str
    session: Session
    blobs: BlobStore
    sandboxes: Sandboxes
    limits: Limits
    upstream: Sequence[Upstream] = ()
    inputs: Sequence[str] = ()
    search: Search | None = None
    allow_network: bool = False
    record: SandboxRecord = field(default_factory=NoRecord)
    on_output: Callable[[str, str], None] = _silent
    _sandbox: Sandbox | None = field(default=None, init=False)

    async def sandbox(self) -> Sandbox:
        """The agent's sandbox. Raises SandboxUnavailable naming what does not hold."""
        if self._sandbox is None:
            workspace = Workspace(self.run_id, self.session.root, self.allow_network, self.record)
            self._sandbox = await self.sandboxes.open(workspace, self.limits)
        return self._sandbox

    @property
    def output_callback(self) -> OnOutput:
        """`on_output` as the sandbox calls it."""
        return self.on_output

    async def close(self) -> None:
        """Kill what still runs."""
        if self._sandbox is not None:
            await self._sandbox.close()
