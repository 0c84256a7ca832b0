"""An agent's journal on the event log: every turn and call is an event before the next step is taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from raro.agents.turn import Answer, PastTurn, ToolOutcome
from raro.commands.aggregates import Aggregates
from raro.domain.run import Agent, Run, Turn
from raro.domain.turns import decide_files, decide_record, standing
from raro.events.catalogue import (
    AgentEvent,
    AgentTurnCompleted,
    RunEvent,
    ToolCalled,
    ToolReturned,
)
from raro.events.envelope import Cause
from raro.events.shapes import BlobRef, ToolCall
from raro.events.subjects import live_subject
from raro.files.blobs import BlobStore
from raro.handlers.capture import OutputWatch

# An event has 64 KiB at most; longer texts are blobs.
_INLINE_BYTES = 12_000
_CALLS_BYTES = 32_000
_READS_BYTES = 8_000
_BATCH = 500


class RunOver(Exception):
    """The run was stopped, failed or timed out: end what runs, keep what was made."""


class Fenced(Exception):
    """Another worker took the agent over: leave everything to it."""


@dataclass
class EventJournal:
    """Records for the worker that holds the agent at `epoch`; `changed` is set when the run may have changed."""

    runs: Aggregates[Run]
    blobs: BlobStore
    watch: OutputWatch
    changed: asyncio.Event
    client_id: str
    run_id: str
    agent_id: str
    epoch: int
    model: str

    async def history(self) -> Sequence[PastTurn]:
        """The recorded turns with their recorded outcomes."""
        agent = await self._agent()
        return [await self._past(turn) for turn in agent.turns]

    async def begin_turn(self, turn: int) -> None:
        """Wait while the run is paused. Raises RunOver, Fenced."""
        while (now := await self._standing()) == "wait":
            self.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self.changed.wait()
        self._raise_unless_going(now)
        await self.live(turn=turn, status="thinking")

    async def turn_completed(self, turn: int, answer: Answer, latency_ms: int) -> None:
        """Append agent_turn_completed."""
        text, text_blob = await self._inline(answer.text)
        completed = AgentTurnCompleted(
            agent_id=self.agent_id,
            turn=turn,
            model=self.model,
            text=text,
            text_blob=text_blob,
            tool_calls=tuple([await self._small(call, len(answer.tool_calls)) for call in answer.tool_calls]),
            thought_signature=answer.thought_signature,
            tokens_in=answer.tokens_in,
            tokens_out=answer.tokens_out,
            latency_ms=latency_ms,
            final=answer.final,
        )
        await self._append(f"turn-{turn}", [completed])

    async def tool_called(self, turn: int, call: ToolCall) -> None:
        """Append tool_called."""
        called = ToolCalled(
            agent_id=self.agent_id, turn=turn, call_id=call.call_id, name=call.name, summary=_summary(call)
        )
        await self._append(f"call-{turn}-{call.call_id}", [called])
        await self.live(turn=turn, status="running", tool=call.name, call_id=call.call_id)

    async def tool_returned(self, turn: int, call: ToolCall, outcome: ToolOutcome, latency_ms: int) -> ToolOutcome:
        """Capture what the call made; append tool_returned and its files in one batch."""
        found = await self.watch.look(turn, call.call_id)
        text = outcome.text
        if found.files:
            text += "\n[files kept: " + ", ".join(f"output/{made.path}" for made in found.files) + "]"
        if found.refused:
            text += "\n[not kept: " + "; ".join(f"{item.path}: {item.reason}" for item in found.refused) + "]"
        shown, blob = await self._inline(text)
        returned = ToolReturned(
            agent_id=self.agent_id,
            turn=turn,
            call_id=call.call_id,
            name=call.name,
            ok=outcome.ok,
            code=outcome.code,
            result=shown,
            result_blob=blob,
            latency_ms=latency_ms,
            reads=_fitting(outcome.reads),
        )
        early = [*found.files, *found.refused]
        cause = f"return-{turn}-{call.call_id}"
        while len(early) > _BATCH:
            await self._append(cause, early[:_BATCH])
            early = early[_BATCH:]
        await self._append(cause, [*early, returned])
        await self.live(turn=turn, status="returned", tool=call.name, call_id=call.call_id, ok=outcome.ok)
        return ToolOutcome(outcome.ok, text, outcome.code, outcome.reads)

    async def files_made(self) -> int:
        """How many paths the agent has made so far."""
        return len((await self._agent()).generated)

    async def keep_what_is_there(self) -> None:
        """The final scan, also after the run was ended: whatever was made is kept."""
        found = await self.watch.look(0, None)
        files = list(found.files)
        for start in range(0, len(files), _BATCH):
            part = files[start : start + _BATCH]
            await self._execute("last-look", partial(decide_files, agent_id=self.agent_id, files=part))

    async def live(self, **activity: Any) -> None:
        """Say what happens now; nobody keeps it."""
        told = {"run_id": self.run_id, "agent_id": self.agent_id, "at": datetime.now(UTC), **activity}
        await self.runs.log.publish_live(live_subject(self.client_id, self.run_id), told)

    async def end(self, event: AgentEvent) -> None:
        """Append agent_finished or agent_failed, if the agent is still this worker's."""
        await self._append("end", [event])

    async def is_over(self) -> bool:
        """Whether the run ended or another worker holds the agent."""
        return await self._standing() in ("over", "fenced")

    async def _standing(self) -> str:
        run = (await self.runs.load(self.client_id, self.run_id)).state
        return standing(run, self.agent_id, self.epoch)

    async def _agent(self) -> Agent:
        return (await self.runs.load(self.client_id, self.run_id)).state.agents[self.agent_id]

    async def _append(self, what: str, events: Sequence[RunEvent]) -> None:
        """Append, or raise RunOver or Fenced when it is no longer this worker's to append."""

        def decide(run: Run) -> Sequence[RunEvent]:
            self._raise_unless_going(standing(run, self.agent_id, self.epoch))
            return decide_record(run, self.agent_id, self.epoch, events)

        await self._execute(what, decide)

    async def _execute(self, what: str, decide: Callable[[Run], Sequence[RunEvent]]) -> None:
        cause = Cause(
            f"{self.run_id}/{self.agent_id}/{self.epoch}/{what}",
            f"agent:{self.agent_id}",
            self.run_id,
            datetime.now(UTC),
        )
        await self.runs.execute(self.client_id, self.run_id, cause, decide)

    @staticmethod
    def _raise_unless_going(now: str) -> None:
        if now == "over":
            raise RunOver
        if now == "fenced":
            raise Fenced

    async def _inline(self, text: str) -> tuple[str, BlobRef | None]:
        """The text itself when it is short, else its beginning and a blob."""
        data = text.encode("utf-8", errors="replace")
        if len(data) <= _INLINE_BYTES:
            return data.decode(), None
        blob = await self.blobs.put_bytes(data)
        return data[:2000].decode(errors="ignore"), BlobRef(sha256=blob.sha256, size_bytes=blob.size_bytes)

    async def _small(self, call: ToolCall, calls: int) -> ToolCall:
        data = json.dumps(call.args, ensure_ascii=False).encode("utf-8", errors="replace")
        if len(data) <= _CALLS_BYTES // calls:
            return call
        blob = await self.blobs.put_bytes(data)
        return call.model_copy(
            update={"args": {}, "args_blob": BlobRef(sha256=blob.sha256, size_bytes=blob.size_bytes)}
        )

    async def _past(self, turn: Turn) -> PastTurn:
        done = turn.completed
        text = await self._whole(done.text, done.text_blob)
        answer = Answer(text, done.tool_calls, done.final, done.tokens_in, done.tokens_out, done.thought_signature)
        outcomes = {
            call_id: ToolOutcome(
                returned.ok, await self._whole(returned.result, returned.result_blob), returned.code, returned.reads
            )
            for call_id, returned in turn.returned.items()
        }
        return PastTurn(answer, outcomes)

    async def _whole(self, text: str, blob: BlobRef | None) -> str:
        return (await self.blobs.read(blob.sha256)).decode() if blob else text


def _fitting(reads: Sequence[str]) -> tuple[str, ...]:
    """As many as fit beside the result."""
    fitting: list[str] = []
    left = _READS_BYTES
    for name in reads:
        left -= len(name.encode()) + 4
        if left < 0:
            break
        fitting.append(name)
    return tuple(fitting)


def _summary(call: ToolCall) -> str:
    """One line for people: the path or the first line of the code."""
    text = str(call.args.get("path") or call.args.get("code") or call.args.get("agent_id") or "").strip()
    return text.splitlines()[0][:200] if text else ""
