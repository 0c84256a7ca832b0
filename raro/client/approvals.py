"""Decisions that runs wait for, and answering in a model's place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

from raro.client.rows import Done
from raro.client.transport import Transport, segment


class ApprovalRow(TypedDict):
    """What a run asks a person; `options` are the decisions it takes."""

    approval_id: str
    run_id: str
    agent_id: str
    kind: str
    reason: str
    subject: dict[str, Any]
    options: list[str]
    batch: str
    turn: int
    call_id: str | None
    path: str | None
    rule_id: str | None
    sha256: str | None
    status: str
    decision: str | None
    note: str | None
    timed_out: bool | None
    requested_at: str
    expires_at: str | None
    decided_at: str | None
    decided_by: str | None
    seq: int


class Approvals:
    """What a person may decide. Each method raises RunNotFound for a run that is not this client's."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self, *, status: str | None = None, run_id: str | None = None) -> list[ApprovalRow]:
        """Requests, oldest first; `status` is pending, granted, denied or void."""
        params = {"status": status, "run_id": run_id}
        answer = await self._transport.call("GET", "/runtime/approvals", params=params)
        return cast("list[ApprovalRow]", answer["approvals"])

    async def decide(self, run_id: str, approval_ids: Sequence[str], decision: str, note: str = "") -> Done:
        """One decision for one or more requests of a run; all or none.

        Raises ApprovalNotFound, BadDecision when one does not offer it, WrongState when somebody was first.
        """
        path = f"/runtime/{segment(run_id)}/approvals"
        body = {"approval_ids": [*approval_ids], "decision": decision, "note": note}
        return cast(Done, await self._transport.call("POST", path, body=body))

    async def puppet(self, run_id: str, agent_id: str, on: bool = True) -> Done:
        """Answer in the place of an agent's model from its next turn on, or no longer. Raises AgentNotFound."""
        path = f"/runtime/{segment(run_id)}/agents/{segment(agent_id)}/puppet"
        return cast(Done, await self._transport.call("POST", path, body={"on": on}))

    async def answer(
        self,
        run_id: str,
        agent_id: str,
        turn: int,
        text: str = "",
        tool_calls: Sequence[Mapping[str, Any]] = (),
        *,
        final: bool = False,
    ) -> Done:
        """Answer the agent's next turn; a call is `{"name", "args"}`. Raises AgentNotFound, WrongState."""
        path = f"/runtime/{segment(run_id)}/agents/{segment(agent_id)}/answer"
        body = {"turn": turn, "text": text, "tool_calls": [dict(call) for call in tool_calls], "final": final}
        return cast(Done, await self._transport.call("POST", path, body=body))

    async def prompt(self, run_id: str, agent_id: str, turn: int) -> dict[str, Any]:
        """What the model was told before a turn: `briefing` and `request`. Raises OutputNotFound."""
        path = f"/runtime/{segment(run_id)}/agents/{segment(agent_id)}/turns/{turn}/prompt"
        return cast("dict[str, Any]", await self._transport.call("GET", path))
