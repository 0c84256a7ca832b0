"""One run's machine at E2B: made when first needed, found again after a restart, made anew when it was lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from raro.errors import SandboxUnavailable
from raro.sandboxes.sandbox import SandboxRecord

T = TypeVar("T")
LIFE_S = 300
_MARGIN_S = 120
_TRIES = 3
_REQUEST_S = 60.0


@dataclass
class Remote:
    """A run's machine: the contents it holds, and how it stands with each agent's folders."""

    run_id: str
    api_key: str = field(repr=False)
    allow_network: bool
    record: SandboxRecord
    machine: Any = None
    uploaded: set[str] = field(default_factory=set)
    arranged: dict[Path, dict[str, Any]] = field(default_factory=dict)
    fetched: dict[Path, dict[str, tuple[int, str]]] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    anew: bool = False

    async def ready(self, wall_s: float) -> Any:
        """The machine, alive for at least so long. Raises SandboxUnavailable."""
        async with self.lock:
            if self.machine is None:
                await self._find_or_make()
            try:
                async with asyncio.timeout(_REQUEST_S):
                    await self.machine.set_timeout(int(wall_s) + _MARGIN_S + LIFE_S)
            except Exception as error:  # noqa: BLE001  whatever the SDK raises: a machine that cannot be kept is lost
                await self.forget(self.machine, f"it could not be kept alive ({type(error).__name__})")
                await self._find_or_make()
            return self.machine

    async def forget(self, machine: Any, reason: str) -> None:
        """This machine is lost: the next call makes another, unless that has happened already."""
        if machine is None or self.machine is not machine:
            return
        self.machine = None
        self.anew = True
        self._start_over()
        await self.record.closed(machine.sandbox_id, reason)

    def _start_over(self) -> None:
        self.uploaded.clear()
        self.arranged.clear()
        self.fetched.clear()

    async def kill(self, reason: str) -> None:
        """End it for good."""
        sandbox_id = self.machine.sandbox_id if self.machine is not None else await self.record.standing()
        if sandbox_id is None:
            return
        self.machine = None
        self._start_over()
        await kill(sandbox_id, self.api_key)
        await self.record.closed(sandbox_id, reason)

    async def end(self) -> None:
        """Kill it, and those that were given up: what did not answer here may still be there, and cost."""
        given_up = await self.record.every() - {await self.record.standing()}
        await asyncio.gather(*(kill(sandbox_id, self.api_key) for sandbox_id in sorted(given_up)))
        await self.kill("the run ended")

    async def _find_or_make(self) -> None:
        known = await self.record.standing()
        if known is not None and await self._connect(known):
            return
        if known is not None:
            await self.record.closed(known, "it was lost")
            self.anew = True
        made = await _made(self.api_key, self.run_id, self.allow_network)
        standing = await self.record.opened(made.sandbox_id, "first needed" if known is None else "the last was lost")
        self.machine = made
        if standing != made.sandbox_id:
            # Another worker of the run was first: its machine counts.
            await kill(made.sandbox_id, self.api_key)
            if not await self._connect(standing):
                raise SandboxUnavailable(f"the run's sandbox {standing} does not answer; try again.")

    async def _connect(self, sandbox_id: str) -> bool:
        from e2b_code_interpreter import AsyncSandbox

        try:
            async with asyncio.timeout(_REQUEST_S):
                self.machine = await AsyncSandbox.connect(
                    sandbox_id, timeout=LIFE_S, api_key=self.api_key, retries=0, request_timeout=_REQUEST_S
                )
        except Exception:  # noqa: BLE001  the SDK raises its own, httpx's and json's errors: none of them is a machine
            self.machine = None
            return False
        self._start_over()
        return True


async def kill(sandbox_id: str, api_key: str) -> None:
    """Kill a machine by its id; one that is gone, or cannot be reached, ends by its own time limit."""
    from e2b_code_interpreter import AsyncSandbox

    async def once() -> None:
        await AsyncSandbox.kill(sandbox_id, api_key=api_key, retries=0, request_timeout=_REQUEST_S)

    try:
        await tried(once)
    except Exception:  # noqa: BLE001  see the docstring
        return


async def tried(what: Callable[[], Awaitable[T]], tries: int = _TRIES) -> T:
    """Do it again a few times when the service or the way to it fails; the last error is raised."""
    for attempt in range(tries):
        try:
            async with asyncio.timeout(_REQUEST_S):
                return await what()
        except Exception as error:
            if attempt + 1 == tries or not _may_pass(error):
                raise
            await asyncio.sleep(0.3 * 2**attempt * random.uniform(0.8, 1.2))
    raise AssertionError("unreachable")


def _may_pass(error: Exception) -> bool:
    from e2b import AuthenticationException, InvalidArgumentException, NotFoundException

    return not isinstance(error, AuthenticationException | InvalidArgumentException | NotFoundException)


async def _made(api_key: str, run_id: str, allow_network: bool) -> Any:
    from e2b_code_interpreter import AsyncSandbox

    async def make() -> Any:
        return await AsyncSandbox.create(
            timeout=LIFE_S,
            metadata={"raro_run": run_id},
            allow_internet_access=allow_network,
            api_key=api_key,
            retries=0,
            request_timeout=_REQUEST_S,
        )

    try:
        return await tried(make)
    except Exception as error:  # noqa: BLE001  see the message
        raise SandboxUnavailable(
            f"E2B made no sandbox ({type(error).__name__}: {_without(str(error), api_key)[:300]}). "
            "Check E2B_API_KEY and the plan's limits, or set RARO_SANDBOX=bubblewrap to run code here."
        ) from None


def _without(text: str, secret: str) -> str:
    return text.replace(secret, "…")
