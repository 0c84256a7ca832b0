"""E2B as a place to run code: the contract of `raro.sandboxes.sandbox` over one remote machine a run."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raro.errors import WrongState
from raro.sandboxes.e2b.exchange import arrange, fetch, is_left_over, root_of
from raro.sandboxes.e2b.remote import Remote
from raro.sandboxes.sandbox import (
    Canary,
    Execution,
    ExecutionError,
    Limits,
    OnOutput,
    ProbeReport,
    Result,
    SandboxRecord,
    TierReport,
    Workspace,
)
from raro.tasks import end

TIER = "e2b"
_LEAVING_S = 30.0
_RICH = {"png": ("png", True), "jpeg": ("jpg", True), "svg": ("svg", False), "html": ("html", False)}
_LOST = (
    "the sandbox was lost while this code ran. Your files are as they were before it, variables are gone: "
    "run it again. If it happens again, do less at once."
)


@dataclass
class _Printed:
    """What the code prints, up to the limit, told as it comes."""

    limit_bytes: int
    on_output: OnOutput | None
    stdout: str = ""
    stderr: str = ""
    cut: bool = False

    def take(self, text: str, error: bool) -> None:
        """One more piece."""
        room = self.limit_bytes - len(self.stdout) - len(self.stderr)
        kept = text.encode("utf-8", errors="replace").decode()[: max(0, room)]
        self.cut = self.cut or len(kept) < len(text)
        if error:
            self.stderr += kept
        else:
            self.stdout += kept
        if kept and self.on_output is not None:
            self.on_output("stderr" if error else "stdout", kept)


class E2BSandbox:
    """One agent's place on its run's machine. Each call runs in a fresh interpreter: only files carry over."""

    tier = TIER

    def __init__(self, remote: Remote, workspace: Workspace, limits: Limits) -> None:
        self._remote = remote
        self._workspace = workspace
        self._limits = limits
        self._closed = False
        self._alone_on: Any = None

    async def run_python(
        self, code: str, *, timeout_s: float | None = None, on_output: OnOutput | None = None
    ) -> Execution:
        """Run it there, bring its files back. Raises WrongState when closed, SandboxUnavailable."""
        if self._closed:
            raise WrongState("the sandbox was closed.")
        limits = self._limits.with_wall(timeout_s)
        printed = _Printed(limits.output_bytes, on_output)
        started = time.monotonic()
        error, results = await self._run(code, limits, printed)
        if self._remote.anew:
            self._remote.anew = False
            printed.take("[the sandbox was lost and made anew: files are back, variables are not]\n", True)
        if printed.cut and error is None:
            text = f"more than {limits.output_bytes} bytes were printed; write long results into a file in output/."
            error = ExecutionError("output_limit", text)
        duration_ms = round((time.monotonic() - started) * 1000)
        return Execution(error is None, printed.stdout, printed.stderr, results, error, duration_ms, TIER)

    async def close(self) -> None:
        """Refuse further code; the machine is the run's and goes with it."""
        self._closed = True

    async def _run(
        self, code: str, limits: Limits, printed: _Printed
    ) -> tuple[ExecutionError | None, tuple[Result, ...]]:
        import httpx
        from e2b import SandboxException

        machine = await self._remote.ready(limits.wall_s)
        try:
            await self._alone(machine)
            await arrange(self._remote, machine, self._workspace)
            done, error = await self._executed(machine, code, limits, printed)
            results = await self._kept(done) if done is not None else ()
            found = await fetch(self._remote, machine, self._workspace, limits)
        except (SandboxException, httpx.HTTPError, ValueError, OSError, RuntimeError, TimeoutError) as failure:
            if not self._overtaken():
                await self._remote.forget(machine, f"{type(failure).__name__} while code ran")
            return ExecutionError("sandbox_lost", _LOST), ()
        if found.left:
            printed.take("[not kept: " + "; ".join(found.left[:20]) + "]\n", True)
        return error, results

    async def _executed(
        self, machine: Any, code: str, limits: Limits, printed: _Printed
    ) -> tuple[Any, ExecutionError | None]:
        from e2b import TimeoutException

        context = await machine.create_code_context(cwd=root_of(self._workspace), language="python")
        # A task of its own: the client below may miss a cancellation in the moment something arrives.
        running = asyncio.ensure_future(
            machine.run_code(
                code,
                context=context,
                timeout=limits.wall_s,
                request_timeout=60,
                on_stdout=lambda message: printed.take(message.line, False),
                on_stderr=lambda message: printed.take(message.line, True),
            )
        )
        try:
            await asyncio.wait((running,))
            done = running.result()
        except asyncio.CancelledError:
            # What the code may still do there must not outlive the call.
            await asyncio.shield(self._end_or_kill(machine, context))
            await end(running)
            raise
        except TimeoutException:
            text = f"it ran longer than {limits.wall_s:g} s and was ended; do less at once. Files made so far are kept."
            await self._end_context(machine, context)
            return None, ExecutionError("wall_time_limit", text)
        await self._end_context(machine, context)
        if done.error is None:
            return done, None
        return done, ExecutionError("python_error", str(done.error.traceback or done.error.value)[-10_000:])

    def _overtaken(self) -> bool:
        """Whether somebody else works for the agent by now, on the same machine: its folders were made anew."""
        return not self._workspace.root.is_dir()

    async def _alone(self, machine: Any) -> None:
        """End what a worker that died left running for this agent: it would go on writing into the files."""
        if self._alone_on is machine:
            return
        from e2b import SandboxException

        with contextlib.suppress(SandboxException):
            for left in await machine.list_code_contexts():
                if is_left_over(str(left.cwd), self._workspace):
                    await self._end_context(machine, left)
        self._alone_on = machine

    async def _end_or_kill(self, machine: Any, context: Any) -> None:
        """End the code, and bring back what it had made: nobody may be left to do so later."""
        try:
            await self._end_context(machine, context)
            async with asyncio.timeout(_LEAVING_S):
                await fetch(self._remote, machine, self._workspace, self._limits)
        except Exception:  # noqa: BLE001  an interpreter that cannot be ended goes with its machine
            if not self._overtaken():
                await self._remote.kill("its code could not be ended")

    async def _end_context(self, machine: Any, context: Any) -> None:
        from e2b import NotFoundException

        with contextlib.suppress(NotFoundException):
            async with asyncio.timeout(_LEAVING_S):
                await machine.remove_code_context(context)

    async def _kept(self, done: Any) -> tuple[Result, ...]:
        """Charts and rich results as files in output/, and the text of what the last line gave."""
        results: list[Result] = []
        for result in done.results:
            for name, (ending, encoded) in _RICH.items():
                data = _bytes_of(getattr(result, name, None), encoded)
                if data:
                    path = f"results/{hashlib.sha256(data).hexdigest()[:12]}.{ending}"
                    await asyncio.to_thread(_write, self._workspace.output / path, data)
                    results.append(Result(f"[a {ending} was kept as output/{path}]"))
            if getattr(result, "text", None):
                results.append(Result(str(result.text)[:10_000]))
        return tuple(results)


@dataclass
class E2BSandboxes:
    """Opens sandboxes at E2B. The SDK takes its address from E2B_API_URL and E2B_SANDBOX_URL, or E2B_DOMAIN."""

    api_key: str = field(repr=False)
    _remotes: dict[str, Remote] = field(default_factory=dict, repr=False)

    async def open(self, workspace: Workspace, limits: Limits | None = None) -> E2BSandbox:
        """A place on the run's machine, which is made when code first runs."""
        remote = self._remotes.get(workspace.run_id)
        if remote is None:
            remote = Remote(workspace.run_id, self.api_key, workspace.allow_network, workspace.record)
            self._remotes[workspace.run_id] = remote
        return E2BSandbox(remote, workspace, limits or Limits())

    async def probe(self) -> ProbeReport:
        """A key is set. Whether the service takes it shows when code first runs: a machine costs money."""
        canary = Canary("key", True, "a key is set; the service is asked when code first runs")
        return ProbeReport("e2b", (TierReport(TIER, (canary,)),), TIER, links_inputs=True)

    async def warm(self) -> None:
        """Nothing to prepare."""

    async def end_run(self, run_id: str, record: SandboxRecord) -> None:
        """Kill the run's machines, also those that another process made."""
        remote = self._remotes.pop(run_id, None) or Remote(run_id, self.api_key, False, record)
        await remote.end()

    async def close(self) -> None:
        """Machines stay: a run that goes on elsewhere, or after a restart, finds its own again."""
        self._remotes.clear()


def _bytes_of(value: Any, encoded: bool) -> bytes | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        return base64.b64decode(value, validate=False) if encoded else value.encode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        return None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
