"""The contract of a sandbox: what may be asked of one, and what comes back.

Agents know only this file. How code is kept in (namespaces here, a remote machine elsewhere) is left to
the implementations, and the choice of one to `raro/wiring.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

MiB = 1024 * 1024

Stream = Literal["stdout", "stderr"]
OnOutput = Callable[[Stream, str], None]


@dataclass(frozen=True)
class Limits:
    """What one run of code may use; every limit has its own error code (see `verdicts`)."""

    wall_s: float = 120.0
    """Seconds from start to end."""
    cpu_s: float = 240.0
    """Processor seconds of all its processes together."""
    memory_bytes: int = 2048 * MiB
    """Resident memory of all its processes together, /tmp included."""
    processes: int = 128
    """Processes and threads alive at once."""
    output_bytes: int = 1 * MiB
    """stdout and stderr together."""
    files: int = 2000
    """Files and folders in output/."""
    depth: int = 32
    """How deep folders in output/ may be nested."""
    file_bytes: int = 512 * MiB
    """Size of any single file."""
    total_bytes: int = 2048 * MiB
    """Size of everything in output/."""
    scratch_bytes: int = 256 * MiB
    """Size of the private /tmp."""

    def with_wall(self, timeout_s: float | None) -> Limits:
        """These limits with less time; a caller cannot ask for more than the limit."""
        return self if timeout_s is None else replace(self, wall_s=min(timeout_s, self.wall_s))


class SandboxRecord(Protocol):
    """What a run remembers of its sandbox on another machine, for whoever works on it next."""

    async def standing(self) -> str | None:
        """The id of the sandbox that is there, if any."""

    async def every(self) -> frozenset[str]:
        """The ids of all that were ever opened."""

    async def opened(self, sandbox_id: str, reason: str) -> str:
        """Remember it, unless another is there; the id that stands."""

    async def closed(self, sandbox_id: str, reason: str) -> None:
        """It is gone."""


class NoRecord:
    """Remembers nothing."""

    async def standing(self) -> str | None:
        """Nothing."""
        return None

    async def every(self) -> frozenset[str]:
        """None."""
        return frozenset()

    async def opened(self, sandbox_id: str, reason: str) -> str:
        """That one."""
        return sandbox_id

    async def closed(self, sandbox_id: str, reason: str) -> None:
        """Forget it."""


@dataclass(frozen=True)
class Workspace:
    """One agent's folders: `root/input` is only read, `root/output` is written to. In a run, `root` ends with
    the number of the worker that took the agent, and the agent's id.

    `record` remembers a sandbox that the agents of the run share; `allow_network` is what the run allows.
    """

    run_id: str
    root: Path
    allow_network: bool = False
    record: SandboxRecord = field(default_factory=NoRecord, compare=False)

    @property
    def input(self) -> Path:
        """What the run was given."""
        return self.root / "input"

    @property
    def output(self) -> Path:
        """What the run makes."""
        return self.root / "output"


@dataclass(frozen=True)
class ExecutionError:
    """Why code did not end well. `code` is stable; `text` is for the agent: what happened, what to do."""

    code: str
    text: str


@dataclass(frozen=True)
class Result:
    """The value of the code's last expression, as text."""

    text: str
    content_type: str = "text/plain"


@dataclass(frozen=True)
class Execution:
    """What came of one run of code. Files made are in the workspace's output/, also when `ok` is False."""

    ok: bool
    stdout: str
    stderr: str
    results: tuple[Result, ...]
    error: ExecutionError | None
    duration_ms: int
    tier: str
    """Which tier ran it; `unsafe` means that nothing kept it in."""


class Sandbox(Protocol):
    """A place to run one workflow run's code in; calls on it run one after another."""

    @property
    def tier(self) -> str:
        """The tier's name."""

    async def run_python(
        self, code: str, *, timeout_s: float | None = None, on_output: OnOutput | None = None
    ) -> Execution:
        """Run `code` in a fresh interpreter, in the session folder.

        Cancelling the call kills whatever it started before it returns.

        Raises:
            WrongState: the sandbox was closed.
        """

    async def close(self) -> None:
        """Kill what still runs, and refuse further code. Safe to call twice."""


@dataclass(frozen=True)
class Canary:
    """One attack tried inside a tier: `held` when it failed as it must, `detail` says what was seen."""

    name: str
    held: bool
    detail: str


@dataclass(frozen=True)
class TierReport:
    """All canaries of one tier."""

    tier: str
    canaries: tuple[Canary, ...]
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """A tier holds only when each of its canaries does."""
        return bool(self.canaries) and all(canary.held for canary in self.canaries)

    @property
    def leaks(self) -> tuple[Canary, ...]:
        """The canaries that did not hold."""
        return tuple(canary for canary in self.canaries if not canary.held)


@dataclass(frozen=True)
class ProbeReport:
    """What probing found, best tier first."""

    setting: str
    tiers: tuple[TierReport, ...]
    chosen: str | None
    """The tier that will be used, or None when code must not run."""
    links_inputs: bool
    """True when input/ cannot be changed from inside, so that it may hold hard links to blobs."""

    def describe(self) -> str:
        """One line per tier, naming every canary that leaked."""
        lines = [_describe(tier) for tier in self.tiers]
        return "\n".join([f"RARO_SANDBOX={self.setting}: uses {self.chosen or 'nothing'}", *lines])


def _describe(tier: TierReport) -> str:
    if tier.holds:
        return f"{tier.tier}: holds ({len(tier.canaries)} canaries)"
    return f"{tier.tier}: does not hold: " + "; ".join(f"{leak.name}: {leak.detail}" for leak in tier.leaks)


class Sandboxes(Protocol):
    """Opens sandboxes."""

    async def open(self, workspace: Workspace, limits: Limits = ...) -> Sandbox:
        """A sandbox over the workspace, whose input/ and output/ exist.

        Raises:
            SandboxUnavailable: no tier holds, or sandboxes are switched off; names each probe's result.
        """

    async def probe(self) -> ProbeReport:
        """What holds here; attacked once, then remembered."""

    async def warm(self) -> None:
        """Prepare what takes long, beforehand."""

    async def end_run(self, run_id: str, record: SandboxRecord) -> None:
        """The run is over: whatever it still has on another machine is killed. Safe to call twice."""

    async def close(self) -> None:
        """Close every sandbox that is open."""
