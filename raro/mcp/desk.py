"""The workspace that this process serves, if any: the agent's own tools, and those around them.

With `--run` it is that run's from the beginning; without, the client may open one: a run of one agent that it answers
for itself. Such a run ends with this process: a worker keeps a place for an agent that waits for answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import Field

from raro.client import RaroClient
from raro.errors import RaroError, Unavailable, WrongState
from raro.mcp.changes import Changes
from raro.mcp.tools import Arguments
from raro.mcp.workspace import CALL_S, MODEL, Declared, Outcome, Tell, Workspace, agent_in

AGENT = "coder_mcp"
"""The agent of a run that is opened from here; its prefix grants it Python and files."""
_ABOUT_TO_BEGIN_S = 5.0
_TRY_AGAIN_S = 2.0
# For a process that was killed and could not end its run.
_LONGEST_MS = 24 * 3600 * 1000


class Open(Arguments):
    """What is to be worked on."""

    directive: str = Field(min_length=1, max_length=20_000, description="what the work is for, kept with what is made")
    attached_files: list[str] | None = Field(
        default=None, description="library files to work on, below input/; the linked ones when absent"
    )


class Nothing(Arguments):
    """No arguments."""


class Finish(Arguments):
    """How the work ends."""

    output: str = Field(min_length=1, max_length=1_000_000, description="what was found and made, Markdown")


OPEN = "open_workspace"
WAIT = "wait_for_call"
FINISH = "finish"
_AROUND: Mapping[str, tuple[str, type[Arguments]]] = {
    OPEN: ("Start a run of your own to work in: its tools (files, Python in a sandbox) are there afterwards.", Open),
    WAIT: ("Wait on for the last call in the workspace, which had not returned.", Nothing),
    FINISH: ("End the work in the workspace; files made so far are kept as artifacts.", Finish),
}


class Desk:
    """Serves the workspace of `agent_id` in `run_id`, or one that is opened when wanted."""

    def __init__(
        self,
        client: RaroClient,
        changes: Changes,
        run_id: str | None,
        agent_id: str | None,
        *,
        call_s: float = CALL_S,
    ) -> None:
        self._client = client
        self._changes = changes
        self._run_id = run_id
        self._agent_id = agent_id
        self._call_s = call_s
        self._workspace: Workspace | None = None
        self._one_at_a_time = asyncio.Lock()

    async def tools(self) -> list[Declared]:
        """What can be called now. Raises RunNotFound, AgentNotFound, ServerUnreachable."""
        workspace = await self.workspace()
        around = [] if self._run_id else [OPEN]
        own: tuple[Declared, ...] = ()
        if workspace is not None:
            await workspace.begun(within_s=_ABOUT_TO_BEGIN_S if await workspace.active() else 0)
            own = await workspace.declared()
            around += [WAIT, FINISH]
        return [*own, *(_declared(name) for name in around)]

    async def call(self, name: str, arguments: Mapping[str, Any], tell: Tell) -> Outcome | None:
        """Call a tool; None: there is no such tool. Raises what the workspace raises, ValidationError."""
        if name == OPEN and not self._run_id:
            async with self._one_at_a_time:
                return await self._open(Open.model_validate(arguments))
        workspace = await self.workspace()
        if workspace is None:
            return None
        if name == WAIT:
            Nothing.model_validate(arguments)
            return await workspace.wait(tell)
        if name == FINISH:
            return await workspace.finish(Finish.model_validate(arguments).output)
        if name not in {tool.name for tool in await workspace.declared()}:
            return None
        return await workspace.call(name, arguments, tell)

    async def workspace(self) -> Workspace | None:
        """The workspace, found when first asked for: the server may be started later than this."""
        if self._workspace is None and self._run_id:
            self._workspace = self._at(self._run_id, await agent_in(self._client, self._run_id, self._agent_id))
        return self._workspace

    async def announce(self) -> None:
        """Say once that the tools of `--run` can be called: its agent may begin long after this process."""
        while self._run_id:
            try:
                workspace = await self.workspace()
                if workspace and await workspace.begun():
                    await self._changes.tools_changed()
                    return
            except RaroError:
                await asyncio.sleep(_TRY_AGAIN_S)

    async def close(self) -> None:
        """End the run that was opened from here, if it still goes on; its files are kept."""
        with suppress(RaroError):
            if not self._run_id and self._workspace is not None:
                await self._client.runs.stop(self._workspace.run_id, "the MCP client went away")

    async def _open(self, asked: Open) -> Outcome:
        if (workspace := self._workspace) and await workspace.active():
            raise WrongState(f"run {workspace.run_id} is open. `finish` ends it.", run_id=workspace.run_id)
        agent = {"id": AGENT, "model": MODEL, "prompt": asked.directive}
        request = {**asked.model_dump(exclude_none=True), "agents": [agent], "timeout_ms": _LONGEST_MS}
        started = await self._client.runs.start(request)
        self._workspace = workspace = self._at(started["run_id"], AGENT)
        if not await workspace.begun():
            raise Unavailable(f"run {workspace.run_id} is started, but its agent did not begin. Does a worker run?")
        await self._changes.tools_changed()
        names = ", ".join(tool.name for tool in await workspace.declared())
        return Outcome(f"run {workspace.run_id} is open. Its tools: {names}; `{FINISH}` ends it.")

    def _at(self, run_id: str, agent_id: str) -> Workspace:
        return Workspace(self._client, self._changes, run_id, agent_id, call_s=self._call_s)


def _declared(name: str) -> Declared:
    description, arguments = _AROUND[name]
    return Declared(name, description, arguments.model_json_schema())
