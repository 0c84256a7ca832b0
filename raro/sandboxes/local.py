"""Sandboxes on this machine: choose the best tier that holds, and run code in it.

How a tier starts is in `tiers`, what is attacked to see that it holds in `probe`, how one process is
handled in `child`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from raro.errors import SandboxUnavailable, WrongState
from raro.sandboxes import ownership, tiers, verdicts, watch
from raro.sandboxes.child import Child
from raro.sandboxes.probe import probe_tiers
from raro.sandboxes.prune import prune
from raro.sandboxes.sandbox import (
    Execution,
    ExecutionError,
    Limits,
    OnOutput,
    ProbeReport,
    SandboxRecord,
    Workspace,
)
from raro.sandboxes.warm import warm_caches

WATCH_INTERVAL_S = 0.1
WATCH_SHARE = 10
"""A look takes at most a tenth of the time, however many files there are."""
STDERR_SHOWN = 2000
DEFAULT_LIMITS = Limits()

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class LocalSandbox:
    """A session folder, and fresh interpreters confined to it, one at a time."""

    def __init__(self, tier: str, job: tiers.Job, executor: Executor) -> None:
        self.tier = tier
        self._job = job
        self._executor = executor
        self._turn = asyncio.Lock()
        self._closed = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether it refuses further code."""
        return self._closed.is_set()

    @property
    def links_inputs(self) -> bool:
        """Whether input/ may hold hard links to blobs: it cannot be changed from inside."""
        return self.tier in tiers.ISOLATING

    async def run_python(
        self, code: str, *, timeout_s: float | None = None, on_output: OnOutput | None = None
    ) -> Execution:
        """Run `code` in a fresh interpreter; see the contract.

        Raises:
            WrongState: the sandbox was closed.
            SandboxUnavailable: the tier held when it was probed, and now does not start.
        """
        async with self._turn:
            if self.closed:
                raise WrongState(f"the sandbox of run {self._job.workspace.run_id} is closed; open it again")
            limits = self._job.limits.with_wall(timeout_s)
            await self._in_thread(ownership.hand_over, self._job.workspace, self._job.uid)
            return await self._run(code, limits, on_output)

    async def close(self) -> None:
        """Kill the code that runs, if any, and wait until it is gone."""
        self._closed.set()
        async with self._turn:
            return

    async def _run(self, code: str, limits: Limits, on_output: OnOutput | None) -> Execution:
        started = time.monotonic()
        async with Child(limits.output_bytes, on_output) as child:
            start = tiers.start(self.tier, self._job, child.pipes)
            await child.start(start, code.encode(errors="replace"))
            stopped_by = await self._first_end(child, limits)
        duration_ms = round((time.monotonic() - started) * 1000)
        return await self._judge(child, stopped_by, limits, duration_ms)

    async def _first_end(self, child: Child, limits: Limits) -> str | int:
        """The exit status, or the code of what stopped the run before it ended."""
        exit_ = asyncio.create_task(child.wait())
        watcher = asyncio.create_task(self._watch(child, limits))
        loud = asyncio.create_task(child.too_much_output.wait())
        closed = asyncio.create_task(self._closed.wait())
        waiting: list[asyncio.Task[int] | asyncio.Task[str] | asyncio.Task[bool]] = [exit_, watcher, loud, closed]
        try:
            await asyncio.wait(waiting, timeout=limits.wall_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if watcher.done() and not watcher.cancelled():
            return watcher.result()
        if loud.done():
            return "output_limit"
        if exit_.done():
            return exit_.result()
        return "closed" if closed.done() else "wall_time_limit"

    async def _watch(self, child: Child, limits: Limits) -> str:
        output = self._job.workspace.output
        pause = WATCH_INTERVAL_S
        while True:
            await asyncio.sleep(pause)
            looked = time.monotonic()
            passed = await self._in_thread(watch.exceeded, child.first_pid or child.pid, output, limits)
            if passed is not None:
                return passed
            pause = max(WATCH_INTERVAL_S, WATCH_SHARE * (time.monotonic() - looked))

    async def _judge(self, child: Child, stopped_by: str | int, limits: Limits, duration_ms: int) -> Execution:
        stdout, stderr = child.text("stdout"), child.text("stderr")
        if not child.confined() and isinstance(stopped_by, int):
            raise SandboxUnavailable(
                f"the sandbox (tier {self.tier}) did not start: {stderr[-STDERR_SHOWN:].strip() or stopped_by}; "
                "`raro doctor` shows what holds on this machine",
                tier=self.tier,
            )
        report = verdicts.parse_report(child.report())
        error = await self._error(child, stopped_by, report, limits)
        results = verdicts.results_of(report)
        return Execution(error is None, stdout, stderr, results, error, duration_ms, self.tier)

    async def _error(
        self, child: Child, stopped_by: str | int, report: verdicts.Report | None, limits: Limits
    ) -> ExecutionError | None:
        output = self._job.workspace.output
        # What was written since the last look counts as well.
        passed = watch.folder_exceeds(await self._in_thread(watch.measure, output, limits), limits)
        if passed == "folder_depth_limit":
            await self._in_thread(prune, output, limits.depth)
            return verdicts.limit_error(passed, limits)
        if isinstance(stopped_by, str):
            return verdicts.limit_error(stopped_by, limits)
        if child.too_much_output.is_set():
            return verdicts.limit_error("output_limit", limits)
        error = verdicts.judge(report, stopped_by, child.text("stderr"), limits)
        return verdicts.limit_error(passed, limits) if passed and error is None else error

    async def _in_thread(self, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments)


class LocalSandboxes:
    """Opens sandboxes on this machine.

    `setting` is RARO_SANDBOX (one of `tiers.SETTINGS`); `cache` a folder kept between starts, in which
    matplotlib's font cache is built once.
    """

    def __init__(self, cache: Path, setting: str = "auto") -> None:
        if setting not in tiers.SETTINGS:
            raise ValueError(f"RARO_SANDBOX is {setting!r}; it must be one of {', '.join(tiers.SETTINGS)}")
        self.setting = setting
        self._cache = cache
        self._report: ProbeReport | None = None
        self._font_cache: Path | None = None
        self._probing = asyncio.Lock()
        self._warming = asyncio.Lock()
        self._open: list[LocalSandbox] = []
        # Its own threads: looking at a runaway must not wait behind somebody's hashing.
        self._executor = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sandbox-watch")

    async def probe(self) -> ProbeReport:
        """Attack each tier that the setting allows, best first, until one holds; remembered from then on."""
        async with self._probing:
            if self._report is None:
                self._report = await probe_tiers(self.setting, self._attack)
            return self._report

    async def warm(self) -> None:
        """Build what would make the first run slow; once per machine and set of packages, seconds then."""
        async with self._warming:
            if self._font_cache is None:
                self._font_cache = await warm_caches(self._cache)

    async def open(self, workspace: Workspace, limits: Limits = DEFAULT_LIMITS) -> LocalSandbox:
        """A sandbox over the workspace.

        Raises:
            SandboxUnavailable: no tier holds here, or sandboxes are off.
        """
        report = await self.probe()
        if report.chosen is None:
            raise SandboxUnavailable(_why_not(report), probes=report.describe())
        await self.warm()
        return self._sandbox(report.chosen, workspace, limits)

    async def end_run(self, run_id: str, record: SandboxRecord) -> None:
        """Nothing: each sandbox ends with its agent."""

    async def close(self) -> None:
        """Close every sandbox."""
        await asyncio.gather(*(sandbox.close() for sandbox in self._open))
        self._open.clear()
        self._executor.shutdown(wait=False)

    def _sandbox(self, tier: str, workspace: Workspace, limits: Limits) -> LocalSandbox:
        uid = ownership.uid_for(workspace) if tier in tiers.ISOLATING else None
        job = tiers.Job(workspace, limits, uid, self._font_cache)
        sandbox = LocalSandbox(tier, job, self._executor)
        self._open = [other for other in self._open if not other.closed]
        self._open.append(sandbox)
        return sandbox

    async def _attack(self, tier: str, code: str, workspace: Workspace, limits: Limits) -> Execution:
        sandbox = self._sandbox(tier, workspace, limits)
        try:
            return await sandbox.run_python(code)
        finally:
            await sandbox.close()


def _why_not(report: ProbeReport) -> str:
    if report.setting == "off":
        return "sandboxes are switched off (RARO_SANDBOX=off); set it to auto to run code"
    return (
        f"no sandbox holds on this machine, so code is not run. {report.describe()}\n"
        "Install bubblewrap or allow user namespaces (docs/sandboxes.md); RARO_SANDBOX=unsafe runs code unprotected"
    )
