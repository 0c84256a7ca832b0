"""Generated histories: realistic ones with the adversarial mixed in, as messages in the order of a log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import strategies as st

from raro.events.catalogue import (
    AgentBriefed,
    AgentDelegated,
    AgentFailed,
    AgentFinished,
    AgentPruned,
    AgentPuppeted,
    AgentScheduled,
    AgentSkipped,
    AgentStarted,
    AgentTurnCompleted,
    ApprovalDenied,
    ApprovalGranted,
    ApprovalRequested,
    ArtifactDeleted,
    ArtifactEvent,
    ArtifactExpired,
    ArtifactPinned,
    ArtifactPromoted,
    ArtifactRestored,
    ArtifactSavedToLibrary,
    ArtifactUnpinned,
    Completed,
    DependencyGrafted,
    EventData,
    EventParked,
    EventUnparked,
    Failed,
    FileDeleted,
    FileGenerated,
    FileLinked,
    FileRestored,
    FileUnlinked,
    FileUploaded,
    Paused,
    Resumed,
    RunEvent,
    SessionExpired,
    SessionPrepared,
    Started,
    Stopped,
    ToolCalled,
    ToolReturned,
)
from raro.events.envelope import Cause, new_event
from raro.events.reader import RawMessage
from raro.events.shapes import AgentSpec, BlobRef, InputFile, Origin, Promoted, ToolCall, WorkflowConfig
from raro.events.subjects import SYSTEM_CLIENT, SYSTEM_ID, file_id
from tests.given import at

CLIENTS = ("acme", "public")
NAMES = ("a.csv", "Größe 📈.csv")
RUNS = ("run_1", "run_2")
AGENTS = ("one", "two")
PATHS = ("x.csv", "sub/ü.png")
SHAS = tuple(letter * 64 for letter in "abc")
_WORKFLOW = WorkflowConfig(agents=tuple(AgentSpec(id=name) for name in AGENTS), name='it\'s "quoted"')
_INPUTS = (InputFile(name="a.csv", sha256=SHAS[0], version=1, kind="artifact", run_id="run_2", path="x.csv"),)

# What others build upon: it is there, whole.
_BEGINNINGS = Started | ArtifactPromoted | ApprovalRequested | AgentDelegated | EventParked

Step = tuple[str, str, EventData]


def _library() -> st.SearchStrategy[Step]:
    name = st.shared(st.sampled_from(NAMES), key="name")
    uploaded = st.builds(
        FileUploaded,
        filename=name,
        version_number=st.integers(1, 5),
        sha256=st.sampled_from(SHAS),
        size_bytes=st.integers(0, 2**40),
        content_type=st.just("text/csv"),
        origin=st.builds(Origin, kind=st.sampled_from(["upload", "artifact"])),
    )
    others = [st.builds(kind, filename=name) for kind in (FileLinked, FileUnlinked, FileDeleted, FileRestored)]
    return st.tuples(st.sampled_from(CLIENTS), name, st.one_of(uploaded, *others)).map(
        lambda step: (step[0], file_id(step[0], step[1]), step[2])
    )


def _promoted(path: str, version: int, sha256: str, expires: int) -> ArtifactPromoted:
    artifact = Promoted(
        path=path,
        version=version,
        agent_id="one",
        sha256=sha256,
        size_bytes=version,
        content_type="text/csv",
        generated_at=at(version),
    )
    return ArtifactPromoted(
        path=path, artifact=artifact, generated_by="x", expires_at=at(expires), inputs=("input/a.csv", "agent:one")
    )


def _runs() -> st.SearchStrategy[Step]:
    agent, path = st.sampled_from(AGENTS), st.sampled_from(PATHS)
    blob = st.builds(BlobRef, sha256=st.sampled_from(SHAS), size_bytes=st.integers(0, 99))
    started = st.builds(
        Started,
        workflow=st.just(_WORKFLOW),
        directive=st.text(max_size=20).filter(lambda text: "\0" not in text and text.isprintable()),
        inputs=st.just(
            (InputFile(name="a.csv", sha256=SHAS[0], version=1, kind="artifact", run_id="run_2", path="x.csv"),)
        ),
        retention_days=st.just(7.0),
    )
    kinds: list[st.SearchStrategy[EventData]] = [
        started,
        st.just(SessionPrepared(inputs=1, size_bytes=1, linked=True, sandbox="shim")),
        st.builds(Paused),
        st.builds(Resumed),
        st.builds(Completed),
        st.builds(Failed, code=st.just("c"), reason=st.text("ab'", max_size=5)),
        st.builds(Stopped),
        st.builds(SessionExpired),
        st.builds(AgentScheduled, agent_id=agent, attempt=st.integers(1, 3)),
        st.builds(
            AgentStarted, agent_id=agent, epoch=st.integers(1, 4), model=st.sampled_from("mn"), worker=st.just("w")
        ),
        st.builds(
            AgentTurnCompleted,
            agent_id=agent,
            turn=st.integers(1, 9),
            model=st.just("m"),
            text=st.just("é\u2028\"'"),
            text_blob=st.none() | blob,
            tool_calls=st.lists(
                st.builds(
                    ToolCall, call_id=st.just("c"), name=st.sampled_from(["read", "write"]), args_blob=st.none() | blob
                ),
                max_size=2,
            ).map(tuple),
            thought_signature=st.none() | st.sampled_from(["s", "t"]),
            tokens_in=st.integers(0, 50),
            tokens_out=st.integers(0, 50),
            latency_ms=st.integers(0, 50),
            cost_usd=st.none() | st.sampled_from([0.1, 0.2, 0.7, 1 / 3]),
            content=st.none() | blob,
            request=st.none() | blob,
        ),
        st.builds(AgentBriefed, agent_id=agent, briefing=blob),
        st.builds(
            AgentDelegated,
            agent_id=agent,
            child=st.builds(AgentSpec, id=st.just("three"), depends_on=st.just(("one",))),
            feeds=st.just(("two",)),
            waits=st.just({"two": ("three",)}),
        ),
        st.builds(AgentPruned, agent_id=agent, by=agent, waits=st.just({"two": ("one",)})),
        st.builds(
            DependencyGrafted, agent_id=agent, depends_on=st.just(("one",)), by=agent, waits=st.just({"one": ()})
        ),
        st.builds(AgentSkipped, agent_id=agent),
        st.builds(AgentPuppeted, agent_id=agent, on=st.booleans()),
        st.builds(ToolCalled, agent_id=agent, turn=st.just(1), call_id=st.just("c"), name=st.just("read")),
        st.builds(
            ToolReturned,
            agent_id=agent,
            turn=st.just(1),
            call_id=st.just("c"),
            name=st.just("read"),
            ok=st.booleans(),
            result_blob=st.none() | blob,
            reads=st.sampled_from([(), ("input/a.csv", "output/x.csv"), ("agent:one", "https://example.org/ü?'")]),
        ),
        st.builds(AgentFinished, agent_id=agent, output=blob, summary=st.sampled_from(["p", "q"])),
        st.builds(AgentFailed, agent_id=agent, code=st.just("x"), message=st.sampled_from(["p", "q"])),
        st.builds(FileGenerated, agent_id=agent, path=path, sha256=st.sampled_from(SHAS), size_bytes=st.just(1)),
        st.builds(_promoted, path, st.integers(1, 5), st.sampled_from(SHAS), st.integers(0, 500)),
        st.builds(ArtifactPinned, path=path),
        st.builds(ArtifactUnpinned, path=path, expires_at=st.integers(0, 500).map(at)),
        st.builds(ArtifactDeleted, path=path),
        st.builds(ArtifactRestored, path=path, expires_at=st.none() | st.integers(0, 500).map(at)),
        st.builds(ArtifactExpired, path=path),
        st.builds(
            ArtifactSavedToLibrary,
            path=path,
            version_number=st.just(1),
            sha256=st.just(SHAS[0]),
            filename=st.sampled_from(NAMES),
            library_version=st.just(1),
        ),
        st.builds(ApprovalRequested, approval_id=st.just("ap"), agent_id=agent, reason=st.just("why")),
        st.builds(ApprovalGranted, approval_id=st.just("ap")),
        st.builds(ApprovalDenied, approval_id=st.just("ap"), note=st.just("no")),
    ]
    return st.tuples(st.just("acme"), st.sampled_from(RUNS), st.one_of(*kinds))


def _system() -> st.SearchStrategy[Step]:
    parked = EventParked(
        reactor="runs", seq=3, event_id="e", event_subject="s", client_id="acme", error="bang", deliveries=5
    )
    unparked = EventUnparked(reactor="runs", event_id="e", seq=3)
    return st.tuples(st.just(SYSTEM_CLIENT), st.just(SYSTEM_ID), st.sampled_from([parked, unparked]))


_BEGUN: list[Step] = [
    ("acme", run_id, Started(workflow=_WORKFLOW, inputs=_INPUTS, retention_days=7)) for run_id in RUNS
] + [("acme", "run_1", _promoted(path, 1, SHAS[0], 9)) for path in PATHS]


def histories(max_size: int = 40) -> st.SearchStrategy[list[RawMessage]]:
    """Messages 1, 2, 3 … What a decision can never append is left out; the rest may come again and too late."""
    steps = st.lists(st.one_of(_library(), _runs(), _runs(), _system()), max_size=max_size)
    return st.tuples(st.permutations(_BEGUN), steps).map(lambda both: messages(_possible([*both[0], *both[1]])))


def _possible(steps: Sequence[Step]) -> list[Step]:
    """Without second beginnings, and without events of things that have not begun."""
    begun: set[str] = set()
    kept = []
    for step in steps:
        begins, needs = _beginning(step), _needed(step)
        if (begins != "nothing" and begins in begun) or not needs <= begun:
            continue
        kept.append(step)
        begun |= {begins, f"{step[1]} {getattr(step[2], 'path', '')}" if isinstance(step[2], ArtifactPromoted) else ""}
    return kept


def _beginning(step: Step) -> str:
    match step[2]:
        case Started():
            return step[1]
        case ApprovalRequested():
            return f"{step[1]} approval"
        case AgentDelegated():
            return f"{step[1]} delegated"
        case EventParked():
            return f"{step[1]} parked"
    return "nothing"


def _needed(step: Step) -> set[str]:
    match step[2]:
        case Started() | EventParked():
            return set()
        case ArtifactEvent(path=path) if not isinstance(step[2], ArtifactPromoted):
            return {f"{step[1]} {path}"}
        case ApprovalGranted() | ApprovalDenied():
            return {f"{step[1]} approval"}
        case EventUnparked():
            return {f"{step[1]} parked"}
        case RunEvent():
            return {step[1]}
    return set()


def messages(steps: Sequence[Step]) -> list[RawMessage]:
    """The steps as a log holds them; every seventh of an unknown type, every eleventh torn."""
    found = []
    for seq, (client_id, aggregate_id, data) in enumerate(steps, start=1):
        moment = at(seq) + timedelta(milliseconds=seq)
        event = new_event(client_id, aggregate_id, data, Cause(f"c{seq}", "user:t", aggregate_id, moment))
        body = event.to_json()
        if seq % 7 == 0 and not isinstance(data, _BEGINNINGS):
            raw = json.loads(body)
            body = json.dumps({**raw, "type": "raro.run.danced.v9", "data": {"steps": [seq]}, "extra": 1}).encode()
            found.append(RawMessage(seq, event.subject.rpartition(".")[0] + ".danced", body))
        else:
            found.append(
                RawMessage(
                    seq,
                    event.subject,
                    body,
                    torn=seq % 11 == 0 and not isinstance(data, _BEGINNINGS),
                )
            )
    return found
