"""The machines reactor: what a run has on another machine ends with the run; and what the run remembers of it.

Consumes: completed, failed, stopped.
Emits: sandbox_closed (and, for workers, sandbox_opened).
Effect: every remote sandbox the run ever had is killed. Safe twice: a machine that is gone is no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from raro.commands.aggregates import Aggregates
from raro.domain.run import Run
from raro.events.catalogue import RunEvent, SandboxClosed, SandboxOpened
from raro.events.envelope import Cause, Recorded
from raro.events.subjects import event_filter
from raro.handlers.reactor import Later, Reactor, aggregate_id_of
from raro.sandboxes.sandbox import Sandboxes

# Workers that still fetch what their agents made get this long before the machine goes.
_LEAVE_S = 3.0


class RunMachine:
    """A run's memory of its remote sandbox, on the log."""

    def __init__(self, runs: Aggregates[Run], client_id: str, run_id: str, provider: str) -> None:
        self._runs = runs
        self._client_id = client_id
        self._run_id = run_id
        self._provider = provider

    async def standing(self) -> str | None:
        """The id of the sandbox that is there, if any."""
        return (await self._runs.load(self._client_id, self._run_id)).state.sandbox_id

    async def every(self) -> frozenset[str]:
        """The ids of all that were ever opened."""
        return (await self._runs.load(self._client_id, self._run_id)).state.sandboxes

    async def opened(self, sandbox_id: str, reason: str) -> str:
        """Append sandbox_opened, unless another is there; the id that stands."""
        opened = SandboxOpened(provider=self._provider, sandbox_id=sandbox_id, reason=reason)
        run = await self._append(f"opened-{sandbox_id}", lambda run: [] if run.sandbox_id else [opened])
        return run.sandbox_id or sandbox_id

    async def closed(self, sandbox_id: str, reason: str) -> None:
        """Append sandbox_closed, once."""
        closed = SandboxClosed(sandbox_id=sandbox_id, reason=reason)
        await self._append(f"closed-{sandbox_id}", lambda run: [closed] if run.sandbox_id == sandbox_id else [])

    async def _append(self, what: str, decide: Callable[[Run], Sequence[RunEvent]]) -> Run:
        cause = Cause(f"{self._run_id}/{what}", "system", self._run_id, datetime.now(UTC))
        return (await self._runs.execute(self._client_id, self._run_id, cause, decide)).state


class Machines:
    """Ends what runs have elsewhere."""

    def __init__(self, runs: Aggregates[Run], sandboxes: Sandboxes) -> None:
        self._runs = runs
        self._sandboxes = sandboxes

    def reactor(self) -> Reactor:
        """Listens to the ends of runs."""
        filters = tuple(event_filter("run", event) for event in ("completed", "failed", "stopped"))
        return Reactor("machines", filters, self.handle, at_once=4)

    async def handle(self, recorded: Recorded) -> None:
        """Kill the run's machines, once its workers had time to bring back what is there."""
        client_id, run_id = recorded.event.client_id, aggregate_id_of(recorded)
        run = (await self._runs.load(client_id, run_id)).state
        if not run.sandboxes:
            return
        left_s = _LEAVE_S - (datetime.now(UTC) - recorded.event.time).total_seconds()
        if left_s > 0:
            raise Later(left_s)
        await self._sandboxes.end_run(run_id, RunMachine(self._runs, client_id, run_id, "e2b"))
