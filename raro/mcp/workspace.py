"""One agent's place in a run, worked in from outside: each call is a turn answered in the place of its model.

So the run's worker carries it out, with the agent's grants, rules, approvals, sandbox and events, and the log says
who answered. Nothing here touches a file. The agent is taken over with the first call, never before.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from raro.client import RaroClient
from raro.client.rows import AgentRow, RunState
from raro.client.runs import ENDED
from raro.errors import AgentNotFound, BadRequest, RaroError, Unavailable, WrongState
from raro.mcp.changes import Changes

MODEL = "puppet"
"""The model of an agent that is answered for from its first turn on."""
CALL_S = 50.0
"""How long a call is waited for unless told: many a client gives up after 60 seconds."""
BEGIN_S = 30.0
"""How long an agent is waited for that is about to begin."""

ACTIVE = ("scheduled", "running")

Tell = Callable[[str], Awaitable[None]]
"""Told what is being waited for."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A tool as the agent's model would be told of it; `schema` is of its arguments."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call gave; `returned` False: it has not returned yet, and `text` says what it waits for."""

    text: str
    ok: bool = True
    code: str | None = None
    turn: int = 0
    returned: bool = True


@dataclass(frozen=True, slots=True)
class _Call:
    """A call on its way; its turn is event `seq`, 0 when it is not known whether it was recorded."""

    name: str
    turn: int
    seq: int = 0


class Workspace:
    """The workspace of `agent_id` in `run_id`; one call at a time, as an agent works."""

    def __init__(
        self, client: RaroClient, changes: Changes, run_id: str, agent_id: str, *, call_s: float = CALL_S
    ) -> None:
        self.run_id = run_id
        self.agent_id = agent_id
        self._client = client
        self._changes = changes
        self._call_s = call_s
        self._declared: tuple[Declared, ...] = ()
        self._taken = False
        self._under_way: _Call | None = None
        self._one_at_a_time = asyncio.Lock()

    async def declared(self) -> tuple[Declared, ...]:
        """The agent's tools, exactly as its model is told of them; none before it has begun.

        Raises RunNotFound, AgentNotFound.
        """
        if self._declared:
            return self._declared
        _agent_of(await self._client.runs.state(self.run_id), self.agent_id)
        async for event in self._client.audit.events(run_id=self.run_id, agent=self.agent_id, type="agent_briefed"):
            briefing = json.loads(await self._client.runs.text(self.run_id, event["data"]["briefing"]["sha256"]))
            self._declared = tuple(
                Declared(item["name"], item["description"], item["parameters"]) for item in briefing["tools"]
            )
        return self._declared

    async def begun(self, *, within_s: float = BEGIN_S) -> bool:
        """Wait until the agent's tools are known; False when it does not begin in time."""
        give_up = time.monotonic() + within_s
        while not await self.declared():
            if time.monotonic() > give_up:
                return False
            await self._changes.soon()
        return True

    async def active(self) -> bool:
        """Whether the agent is at work or about to be."""
        state = await self._client.runs.state(self.run_id)
        return state["status"] not in ENDED and _agent_of(state, self.agent_id)["status"] in ACTIVE

    async def call(self, name: str, arguments: Mapping[str, Any], tell: Tell) -> Outcome:
        """Make one call as the agent and wait for what it gives.

        Raises WrongState: the run or the agent is over, not begun, or the call before this one has not returned.
        """
        async with self._one_at_a_time:
            before = self._under_way
            if before and before.seq and await self._returned(before) is None:
                raise WrongState(f"{before.name} of turn {before.turn} has not returned. wait_for_call waits for it.")
            await self._answer(name, tool_calls=[{"name": name, "args": dict(arguments)}])
            return await self._wait(tell)

    async def wait(self, tell: Tell) -> Outcome:
        """Wait on for the last call. Raises WrongState when none is under way."""
        async with self._one_at_a_time:
            return await self._wait(tell)

    async def finish(self, text: str) -> Outcome:
        """End the agent, with its output; whether that was accepted. Raises WrongState."""
        async with self._one_at_a_time:
            turn = await self._answer("finish", text=text, final=True)
            self._under_way = None
            give_up = time.monotonic() + BEGIN_S
            while await self.active() and time.monotonic() < give_up:
                await self._changes.soon()
            agent = _agent_of(await self._client.runs.state(self.run_id), self.agent_id)
        told = agent.get("message") or f"agent {self.agent_id} of run {self.run_id} is {agent['status']}."
        return Outcome(told, agent["status"] != "failed", agent.get("code"), turn)

    async def _answer(self, name: str, **answer: Any) -> int:
        """Answer the agent's next turn, once it is there to be answered."""
        agent = await self._take_over()
        turn = agent.get("turns", 0) + 1
        give_up = time.monotonic() + BEGIN_S
        while True:
            self._under_way = _Call(name, turn)
            try:
                done = await self._client.approvals.answer(self.run_id, self.agent_id, turn, **answer)
                self._under_way = _Call(name, turn, done["seq"])
                return turn
            except Unavailable:
                raise
            except RaroError as refused:
                self._under_way = None
                following = refused.detail.get("turn")
                if not isinstance(following, int) or time.monotonic() > give_up:
                    raise
                turn = following
            # The calls of its model's last turn have not returned.
            await self._changes.soon()

    async def _take_over(self) -> AgentRow:
        """The agent, answered for from outside from now on; one that is about to begin is waited for."""
        give_up = time.monotonic() + BEGIN_S
        while True:
            state = await self._client.runs.state(self.run_id)
            agent = _agent_of(state, self.agent_id)
            if state["status"] in ENDED:
                raise WrongState(
                    f"run {self.run_id} has ended ({state['status']}): nobody works in it any more. "
                    "list_artifacts and read_part show what it made.",
                    status=state["status"],
                )
            if not self._taken:
                await self._client.approvals.puppet(self.run_id, self.agent_id)
                self._taken = True
            if agent["status"] != "scheduled" or time.monotonic() > give_up:
                return agent
            await self._changes.soon()

    async def _wait(self, tell: Tell) -> Outcome:
        call = self._under_way
        if call is None:
            raise WrongState("no call is under way.")
        give_up = time.monotonic() + self._call_s
        waits_for = f"{call.name} is being carried out."
        while True:
            try:
                if outcome := await self._returned(call):
                    self._under_way = None
                    return outcome
                waits_for = await self._asked(call) or waits_for
            except Unavailable as away:
                # The run is on the log: it goes on with the server, and so does this call.
                waits_for = away.message
            await tell(waits_for)
            if time.monotonic() > give_up:
                told = f"{waits_for} It has not returned: wait_for_call waits on."
                return Outcome(told, turn=call.turn, returned=False)
            await self._changes.soon()

    async def _returned(self, call: _Call) -> Outcome | None:
        """What the call gave, if it has returned. Raises WrongState: it never will."""
        state = await self._client.runs.state(self.run_id)
        agent = _agent_of(state, self.agent_id)
        # Asked for after the state: what ended the run may be right behind what the call gave.
        if outcome := await self._outcome(call):
            return outcome
        over = state["status"] in ENDED or agent["status"] not in ACTIVE
        unknown = not call.seq and agent.get("turns", 0) < call.turn
        if over or unknown:
            self._under_way = None
            why = "it did not reach the log" if unknown else f"run {state['status']}, agent {agent['status']}"
            raise WrongState(f"{call.name} of turn {call.turn} will not return: {why}.", turn=call.turn)
        return None

    async def _outcome(self, call: _Call) -> Outcome | None:
        async for event in self._client.audit.events(
            after=call.seq, run_id=self.run_id, agent=self.agent_id, type="tool_returned"
        ):
            data = event["data"]
            if data["turn"] == call.turn:
                return Outcome(await self._text(data), data["ok"], data["code"], call.turn)
        return None

    async def _text(self, returned: Mapping[str, Any]) -> str:
        blob = returned.get("result_blob")
        return await self._client.runs.text(self.run_id, blob["sha256"]) if blob else str(returned["result"])

    async def _asked(self, call: _Call) -> str | None:
        """Which person the call waits for, if it does."""
        for row in await self._client.approvals.list(status="pending", run_id=self.run_id):
            if row["agent_id"] == self.agent_id and row["turn"] == call.turn:
                how = f"`raro decide {self.run_id} {row['options'][0]} {row['approval_id']}`"
                return f"{call.name} waits for a person ({row['reason']}), who decides in the console or with {how}."
        return None


async def agent_in(client: RaroClient, run_id: str, agent_id: str | None) -> str:
    """The agent that is meant: the one named, else the run's only puppet, else its only agent.

    Raises RunNotFound, AgentNotFound, BadRequest when it is not clear which agent is meant.
    """
    state = await client.runs.state(run_id)
    if agent_id is not None:
        return _agent_of(state, agent_id)["agent_id"]
    agents = state.get("agents", [])
    for chosen in ([row for row in agents if row.get("puppet")], agents):
        if len(chosen) == 1:
            return chosen[0]["agent_id"]
    raise BadRequest(f"run {run_id} has several agents; name one with --agent: {_names(state)}.")


def _agent_of(state: RunState, agent_id: str) -> AgentRow:
    for row in state.get("agents", []):
        if row["agent_id"] == agent_id:
            return row
    raise AgentNotFound(f"run {state['run_id']} has no agent {agent_id!r}; it has {_names(state)}.", agent_id=agent_id)


def _names(state: RunState) -> str:
    return ", ".join(row["agent_id"] for row in state.get("agents", [])) or "none yet"
