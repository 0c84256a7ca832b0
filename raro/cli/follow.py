"""Watching a run until it ends: the state from the server, what each agent does from live activity.

The stream only says "look again" and what is going on this moment; what is shown as fact is read from the
server, so that a broken stream or a restarted server loses nothing. How it looks is `run_view`'s business.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from raro.cli.run_view import RunView
from raro.client import RaroClient
from raro.client.approvals import ApprovalRow
from raro.client.rows import RunState
from raro.client.runs import ENDED
from raro.errors import RaroError, Unavailable
from raro.tasks import end

# Patches of one moment belong to one look; without any, a look now and then finds what was missed.
_SETTLE_S = 0.05
_LOOK_S = 1.0
# A server that is started again is back by then.
_PATIENCE_S = 60.0


async def follow(client: RaroClient, run_id: str, view: RunView) -> RunState:
    """Show a run's progress until it has ended; give its last state.

    Raises ServerUnreachable when the server stays away for a minute; the run itself goes on with the server.
    """
    changed = asyncio.Event()
    listener = asyncio.create_task(_listen(client, run_id, view, changed), name="follow the stream")
    try:
        with view:
            while True:
                state = await _state(client, run_id, view)
                view.show(state)
                view.asked(await _asked(client, state))
                if state["status"] in ENDED:
                    return state
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await changed.wait()
                await asyncio.sleep(_SETTLE_S)
                changed.clear()
    finally:
        await end(listener)


async def _asked(client: RaroClient, state: RunState) -> list[ApprovalRow]:
    if state["status"] != "awaitingapproval":
        return []
    return await client.approvals.list(status="pending", run_id=state["run_id"])


async def _listen(client: RaroClient, run_id: str, view: RunView, changed: asyncio.Event) -> None:
    # Without a stream the run is still followed, by looking every second.
    with contextlib.suppress(RaroError):
        async for frame in client.stream(["runs"]):
            if frame.event == "activity" and frame.data.get("run_id") == run_id:
                view.doing(str(frame.data.get("agent_id", "")), _doing(frame.data))
            if frame.event in ("patch", "snapshot", "resync"):
                changed.set()


async def _state(client: RaroClient, run_id: str, view: RunView) -> RunState:
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return await client.runs.state(run_id)
        except Unavailable:
            if time.monotonic() > give_up:
                raise
            view.waiting()
            await asyncio.sleep(_LOOK_S)


def _doing(activity: dict[str, Any]) -> str:
    """`execute_python: running`, `thinking`, or the last line that code printed."""
    said = str(activity.get("text") or activity.get("status") or "").strip().rpartition("\n")[2]
    tool = activity.get("tool")
    return f"{tool}: {said}" if tool else said
