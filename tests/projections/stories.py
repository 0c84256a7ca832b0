"""Short histories written by hand: what happened, folded into views in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from raro.events.catalogue import (
    AgentDelegated,
    ArtifactPromoted,
    ArtifactSavedToLibrary,
    EventData,
    FileUploaded,
    Started,
    ToolReturned,
)
from raro.events.envelope import Cause, new_event
from raro.events.reader import RawMessage
from raro.events.shapes import AgentSpec, InputFile, Origin, Promoted, WorkflowConfig
from raro.events.subjects import file_id
from raro.projections.queries import Connection
from raro.projections.store import Store
from tests.given import at

Step = tuple[str, str, EventData]
CLIENT = "acme"


def sha(text: str) -> str:
    """A hash that tells what it is of."""
    return text.encode().hex().ljust(64, "0")[:64]


def uploaded(filename: str, version: int = 1, *, client: str = CLIENT, origin: Origin | None = None) -> Step:
    """A library version."""
    data = FileUploaded(
        filename=filename,
        version_number=version,
        sha256=sha(f"{filename}{version}"),
        size_bytes=version,
        content_type="text/csv",
        origin=origin or Origin(),
    )
    return client, file_id(client, filename), data


def library_input(filename: str, version: int = 1, *, public: bool = False) -> InputFile:
    """A library file as a run is given it."""
    return InputFile(
        name=filename, scope="public" if public else "private", version=version, sha256=sha(f"{filename}{version}")
    )


def artifact_input(run_id: str, path: str, version: int = 1) -> InputFile:
    """An earlier run's artifact as a run is given it."""
    return InputFile(
        name=path, kind="artifact", run_id=run_id, path=path, version=version, sha256=sha(f"{run_id}{path}{version}")
    )


def started(run_id: str, agents: Sequence[AgentSpec], *inputs: InputFile, client: str = CLIENT) -> Step:
    """A run with these agents and inputs."""
    return client, run_id, Started(workflow=WorkflowConfig(agents=tuple(agents)), inputs=inputs, retention_days=7)


def delegated(run_id: str, by: str, child: AgentSpec) -> Step:
    """An agent brought another one in."""
    return CLIENT, run_id, AgentDelegated(agent_id=by, child=child)


def read(run_id: str, agent_id: str, turn: int, *sources: str, client: str = CLIENT) -> Step:
    """An agent was seen to read these."""
    data = ToolReturned(
        agent_id=agent_id, turn=turn, call_id=f"{turn}-{sources}", name="read_file", ok=True, reads=sources
    )
    return client, run_id, data


def made(run_id: str, agent_id: str, turn: int, path: str, version: int = 1, *, client: str = CLIENT) -> Step:
    """An agent's file became an artifact, which is due at once."""
    artifact = Promoted(
        path=path,
        version=version,
        agent_id=agent_id,
        sha256=sha(f"{run_id}{path}{version}"),
        size_bytes=1,
        content_type="text/plain",
        generated_at=at(0),
    )
    data = ArtifactPromoted(path=path, artifact=artifact, generated_by="x", expires_at=at(0), turn=turn)
    return client, run_id, data


def saved(run_id: str, path: str, filename: str, version: int = 1, library_version: int = 1) -> list[Step]:
    """A person saved an artifact to the library."""
    origin = Origin(kind="artifact", run_id=run_id, path=path, version=version)
    data = ArtifactSavedToLibrary(
        path=path,
        version_number=version,
        sha256=sha(f"{run_id}{path}{version}"),
        filename=filename,
        library_version=library_version,
    )
    return [uploaded(filename, library_version, origin=origin), (CLIENT, run_id, data)]


def folded(*steps: Step | list[Step]) -> Connection:
    """The views after these steps."""
    flat = [step for item in steps for step in (item if isinstance(item, list) else [item])]
    store = Store.create(Path(":memory:"), "log")
    store.fold([_message(seq, *step) for seq, step in enumerate(flat, start=1)])
    return store.reader()


def _message(seq: int, client_id: str, aggregate_id: str, data: EventData) -> RawMessage:
    event = new_event(client_id, aggregate_id, data, Cause(f"c{seq}", "user:t", aggregate_id, at(seq)))
    return RawMessage(seq, event.subject, event.to_json())
