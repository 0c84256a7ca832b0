"""A log with a past: many finished runs, each with a few agents' steps and one artifact.

Written straight to the log, as fast as it takes them; every artifact has the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from bench.wire import CLIENT
from raro.events.catalogue import (
    AgentFinished,
    AgentScheduled,
    AgentStarted,
    AgentTurnCompleted,
    ArtifactPromoted,
    Completed,
    FileGenerated,
    RunEvent,
    SessionPrepared,
    Started,
    ToolCalled,
    ToolReturned,
)
from raro.events.envelope import Cause, Event, new_event
from raro.events.log import MAX_BATCH, EventLog
from raro.events.shapes import AgentSpec, BlobRef, Promoted, ToolCall, WorkflowConfig
from raro.files.blobs import Blob

TURNS = 4
AGENT = "analyze_data"
BEGAN = datetime.now(UTC) - timedelta(days=1)


async def write_history(log: EventLog, runs: int, blob: Blob) -> int:
    """Append the events of so many runs; give how many events that is."""
    events = (event for number in range(runs) for event in _run(number, blob))
    written = 0
    while batch := list(islice(events, MAX_BATCH)):
        await log.append(batch)
        written += len(batch)
    return written


def _run(number: int, blob: Blob) -> Iterator[Event]:
    run_id = f"run-{number:06}"
    for step, data in enumerate(_facts(number, blob)):
        moment = BEGAN + timedelta(seconds=number, milliseconds=step)
        yield new_event(CLIENT, run_id, data, Cause(f"{run_id}-{step}", f"agent:{AGENT}", run_id, moment))


def _facts(number: int, blob: Blob) -> Sequence[RunEvent]:
    path, size = f"report-{number}.md", blob.size_bytes
    workflow = WorkflowConfig(id=f"workflow-{number % 10}", agents=(AgentSpec(id=AGENT, prompt="profile the data"),))
    promoted = Promoted(
        path=path,
        version=1,
        agent_id=AGENT,
        sha256=blob.sha256,
        size_bytes=size,
        content_type="text/markdown",
        generated_at=BEGAN + timedelta(seconds=number),
    )
    return [
        Started(workflow=workflow, directive="Compare the groups", retention_days=7),
        SessionPrepared(inputs=1, size_bytes=size, linked=True, sandbox="bubblewrap"),
        AgentScheduled(agent_id=AGENT),
        AgentStarted(agent_id=AGENT, epoch=1, model="offline", worker="bench"),
        *(fact for turn in range(1, TURNS + 1) for fact in _turn(turn)),
        FileGenerated(agent_id=AGENT, path=path, sha256=blob.sha256, size_bytes=size, turn=TURNS),
        ArtifactPromoted(path=path, artifact=promoted, generated_by="bench", expires_at=BEGAN + timedelta(days=7)),
        AgentFinished(agent_id=AGENT, output=BlobRef(sha256=blob.sha256, size_bytes=size), summary="done", turns=TURNS),
        Completed(),
    ]


def _turn(turn: int) -> Iterator[RunEvent]:
    call = ToolCall(call_id=f"call-{turn}", name="execute_python", args={"code": "print(frame.describe())" * 4})
    yield AgentTurnCompleted(
        agent_id=AGENT, turn=turn, model="offline", tool_calls=(call,), tokens_in=900, tokens_out=120, latency_ms=40
    )
    yield ToolCalled(agent_id=AGENT, turn=turn, call_id=call.call_id, name=call.name, summary="describe the table")
    yield ToolReturned(
        agent_id=AGENT, turn=turn, call_id=call.call_id, name=call.name, ok=True, result="count mean std " * 20
    )
