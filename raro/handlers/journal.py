"""An agent's journal on the event log: every turn and call is an event before the next step is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

from raro.agents.checks import Remark
from raro.agents.conversation import Answer, Briefing, ToolOutcome, Upload
from raro.agents.policy.facts import Policy
from raro.agents.recording import (
    answer_of,
    briefing_from_json,
    briefing_to_json,
    fitting,
    inline,
    keep,
    past_turn,
    recorded_turn,
    whole_call,
)
from raro.agents.tools.grants import KNOWN
from raro.agents.turn import Record
from raro.commands.aggregates import Aggregates, Appended
from raro.domain.delegation import GraphChange, decide_change
from raro.domain.run import Agent, Run
from raro.domain.turns import Standing, decide_files, decide_record, decide_turn, standing
from raro.errors import GraphRefused
from raro.events.catalogue import (
    AgentBriefed,
    AgentCalledOut,
    AgentDelegated,
    AgentEvent,
    FileGenerated,
    InputUploaded,
    RunEvent,
    ToolCalled,
    ToolReturned,
)
from raro.events.envelope import Cause
from raro.events.shapes import ToolCall
from raro.events.subjects import live_subject
from raro.files.blobs import BlobStore
from raro.handlers.capture import OutputWatch
from raro.handlers.gate import JudgedFiles, Moment, call_events, call_refusal, judge_calls, judge_files
from raro.handlers.saying import Saying

_BATCH = 500
_LOOK_AGAIN_S = 5


class RunOver(Exception):
    """The run was stopped, failed or timed out: end what runs, keep what was made."""


class Fenced(Exception):
    """Another worker took the agent over: leave everything to it."""


@dataclass
class EventJournal:
    """Records for the worker that holds the agent at `epoch`; `changed` is set when the run may have changed.

    `policy` gives the rules as they are now; `approval_within` is how long a person has to decide.
    """

    runs: Aggregates[Run]
    blobs: BlobStore
    watch: OutputWatch
    changed: asyncio.Event
    client_id: str
    run_id: str
    agent_id: str
    epoch: int
    model: str
    policy: Callable[[], Policy]
    approval_within: timedelta
    _saying: Saying = field(init=False)

    def __post_init__(self) -> None:
        self._saying = Saying(self.live)

    async def recorded(self) -> Record:
        """The recorded turns with their recorded outcomes."""
        agent = await self._agent()
        return Record(tuple([await past_turn(self.blobs, turn) for turn in agent.turns]), agent.since)

    async def briefing(self, build: Callable[[], Awaitable[Briefing]]) -> Briefing:
        """What the model is told first: as recorded, or built now and recorded before it is used."""
        briefed = (await self._agent()).briefing
        if briefed is None:
            made = await keep(self.blobs, briefing_to_json(await build()))
            assert made is not None
            await self._append("brief", [AgentBriefed(agent_id=self.agent_id, briefing=made)])
            briefed = made
        return briefing_from_json(await self.blobs.read(briefed.sha256))

    async def begin_turn(self, turn: int) -> Answer | None:
        """Wait while the run is paused or a person is to answer. Raises RunOver, Fenced."""
        while True:
            self.changed.clear()
            run = await self._run()
            now = standing(run, self.agent_id, self.epoch)
            self._raise_unless_going(now)
            agent = run.agents[self.agent_id]
            if len(agent.turns) >= turn:
                return await answer_of(self.blobs, agent.turns[turn - 1].completed)
            if now == "go" and not agent.puppet:
                if run.tokens_left:
                    await self.live(turn=turn, status="thinking")
                    return None
                await self._decide(f"turn-{turn}", decide_turn)
                continue
            if agent.puppet:
                await self.live(turn=turn, status="puppet")
            await self._wait()

    async def turn_completed(self, turn: int, answer: Answer, latency_ms: int) -> Answer:
        """Append agent_turn_completed, unless a person answered meanwhile."""
        await self._saying.flush()
        completed = await recorded_turn(self.blobs, self.agent_id, turn, self.model, answer, latency_ms)
        run = (await self._append(f"turn-{turn}", [completed])).state
        return await answer_of(self.blobs, run.agents[self.agent_id].turns[turn - 1].completed)

    async def refusals(self, turn: int, calls: Sequence[ToolCall]) -> Mapping[str, ToolOutcome]:
        """Ask the rules about calls that were not begun, and people where the rules want it; all of a turn at once."""
        run = await self._run()
        begun = next((past.called for past in run.agents[self.agent_id].turns if past.completed.turn == turn), ())
        asked = [await whole_call(self.blobs, call) for call in calls if call.call_id not in begun]
        # Reading a long program takes the rules a moment, in which the other agents should go on.
        verdicts = await asyncio.to_thread(judge_calls, self.policy(), run, self.run_id, self.agent_id, turn, asked)
        if any(verdicts.values()):
            moment = Moment(datetime.now(UTC), self.approval_within)
            await self._decide(
                f"gate-{turn}", lambda run: call_events(run, self.agent_id, turn, asked, verdicts, moment)
            )
        run = await self._until_decided(turn)
        refused = {call.call_id: call_refusal(run, self.agent_id, turn, call, verdicts[call.call_id]) for call in asked}
        return {call_id: outcome for call_id, outcome in refused.items() if outcome is not None}

    async def tool_called(self, turn: int, call: ToolCall) -> None:
        """Append tool_called."""
        called = ToolCalled(
            agent_id=self.agent_id, turn=turn, call_id=call.call_id, name=call.name, summary=_summary(call)
        )
        await self._append(f"call-{turn}-{call.call_id}", [called])
        await self.live(turn=turn, status="running", tool=call.name, call_id=call.call_id)

    async def tool_returned(self, turn: int, call: ToolCall, outcome: ToolOutcome, latency_ms: int) -> ToolOutcome:
        """Capture what the call made; append tool_returned, its files and the change of the graph in one batch."""
        found = await self.watch.look(turn, call.call_id)
        judged = await self._judged(found.files)
        text = outcome.text
        if judged.files:
            text += "\n[files kept: " + ", ".join(f"output/{made.path}" for made in judged.files) + "]"
        notes = [*(f"{item.path}: {item.reason}" for item in found.refused), *judged.notes]
        if notes:
            text += "\n[not kept: " + "; ".join(notes) + "]"
        shown, blob = await inline(self.blobs, text)
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
            reads=fitting(outcome.reads),
        )
        early: list[RunEvent] = [*judged.events, *judged.files, *found.refused]
        cause = f"return-{turn}-{call.call_id}"
        while len(early) > _BATCH:
            await self._append(f"{cause}-{len(early)}", early[:_BATCH])
            early = early[_BATCH:]
        returned = await self._returned(cause, early, returned, outcome.graph)
        await self.live(turn=turn, status="returned", tool=call.name, call_id=call.call_id, ok=returned.ok)
        told = returned.result if outcome.graph else text
        return ToolOutcome(returned.ok, told, returned.code, returned.reads)

    async def called_out(self, turn: int, remark: Remark) -> None:
        """Append agent_called_out."""
        out = AgentCalledOut(agent_id=self.agent_id, turn=turn, check=remark.check, message=remark.text)
        await self._append(f"out-{turn}-{remark.check}", [out])

    async def files_made(self) -> int:
        """How many paths the agent has made so far."""
        return len((await self._agent()).generated)

    def heard(self, turn: int, text: str) -> None:
        """Tell live what the model says."""
        self._saying.add(turn, text)

    async def find(self, provider: str, kind: Literal["file", "cache"], key: str) -> Upload | None:
        """What the run's models have put with their provider."""
        found = (await self._run()).uploads.get((provider, kind, key))
        return None if found is None else Upload(**found.model_dump())

    async def record(self, upload: Upload) -> None:
        """Append input_uploaded."""
        uploaded = InputUploaded(
            provider=upload.provider,
            kind=upload.kind,
            key=upload.key,
            name=upload.name,
            uri=upload.uri,
            content_type=upload.content_type,
            expires_at=upload.expires_at,
        )
        await self._append(f"upload-{upload.kind}-{upload.key}-{upload.name}", [uploaded])

    async def keep_what_is_there(self) -> None:
        """The final scan, also after the run was ended: whatever was made is kept."""
        judged = await self._judged((await self.watch.look(0, None)).files)
        files = list(judged.files)
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
        return standing(await self._run(), self.agent_id, self.epoch) in ("over", "fenced")

    async def _returned(
        self, cause: str, early: Sequence[RunEvent], returned: ToolReturned, change: GraphChange | None
    ) -> ToolReturned:
        def decide(run: Run) -> Sequence[RunEvent]:
            return [*early, *_with_change(run, returned, change)]

        appended = await self._decide(cause, decide)
        done = (event.data for event in appended.events)
        return next((data for data in done if isinstance(data, ToolReturned)), returned)

    async def _judged(self, files: Sequence[FileGenerated]) -> JudgedFiles:
        """What the rules say of new files; those that must not be kept are taken away."""
        if not files:
            return JudgedFiles()
        heads = [(made, await asyncio.to_thread(self.watch.head_of, made)) for made in files]
        moment = Moment(datetime.now(UTC), self.approval_within)
        judged = await asyncio.to_thread(judge_files, self.policy(), await self._run(), self.run_id, heads, moment)
        for path in judged.blocked:
            await asyncio.to_thread(self.watch.discard, path)
        return judged

    async def _until_decided(self, turn: int) -> Run:
        """Wait for the person who is to decide about this turn's calls. Raises RunOver, Fenced."""
        while True:
            self.changed.clear()
            run = await self._run()
            self._raise_unless_going(standing(run, self.agent_id, self.epoch))
            waiting = run.pending(self.agent_id)
            if not any(request.kind == "tool_call" and request.turn == turn for request in waiting):
                return run
            await self._wait()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await self.changed.wait()

    async def _run(self) -> Run:
        return (await self.runs.load(self.client_id, self.run_id)).state

    async def _agent(self) -> Agent:
        return (await self._run()).agents[self.agent_id]

    async def _append(self, what: str, events: Sequence[RunEvent]) -> Appended[Run]:
        """Append, or raise RunOver or Fenced when it is no longer this worker's to append."""
        return await self._decide(what, lambda run: events)

    async def _decide(self, what: str, decide: Callable[[Run], Sequence[RunEvent]]) -> Appended[Run]:
        def checked(run: Run) -> Sequence[RunEvent]:
            self._raise_unless_going(standing(run, self.agent_id, self.epoch))
            return decide_record(run, self.agent_id, self.epoch, decide(run))

        return await self._execute(what, checked)

    async def _execute(self, what: str, decide: Callable[[Run], Sequence[RunEvent]]) -> Appended[Run]:
        cause = Cause(
            f"{self.run_id}/{self.agent_id}/{self.epoch}/{what}",
            f"agent:{self.agent_id}",
            self.run_id,
            datetime.now(UTC),
        )
        return await self.runs.execute(self.client_id, self.run_id, cause, decide)

    @staticmethod
    def _raise_unless_going(now: Standing) -> None:
        if now == "over":
            raise RunOver
        if now == "fenced":
            raise Fenced


def _with_change(run: Run, returned: ToolReturned, change: GraphChange | None) -> list[RunEvent]:
    """The outcome, and the change of the graph it asked for; a refusal is told to the agent."""
    if change is None or not returned.ok:
        return [returned]
    try:
        event = decide_change(run, returned.agent_id, change, tools=KNOWN)
    except GraphRefused as refused:
        told = {"ok": False, "code": refused.reason_code, "result": refused.message}
        return [returned.model_copy(update=told)]
    return [event, returned.model_copy(update={"result": _granted(event)})]


def _granted(event: AgentEvent) -> str:
    if isinstance(event, AgentDelegated):
        fed = f" It feeds {', '.join(event.feeds)}." if event.feeds else ""
        waits = ", ".join(event.child.depends_on) or "nobody"
        return f"added agent {event.child.id}; it waits for {waits}.{fed}"
    return f"done: {event.event.replace('_', ' ')} for {event.agent_id}."


def _summary(call: ToolCall) -> str:
    """One line for people: the path, the first line of the code, or whom it is about."""
    words = (call.args.get(key) for key in ("path", "code", "query", "agent_id"))
    text = next((word.strip() for word in words if isinstance(word, str) and word.strip()), "")
    return text.splitlines()[0][:200] if text else ""
