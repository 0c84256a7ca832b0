"""What is known of how the agents of a run used files: which they were given, seen to read, and made.

The log names a file as the agent saw it (`input/a.csv`, `output/report.md`, `agent:one`); here it becomes the very
version. Input names are what the run was started with. Of a name in `output/` an agent saw its own newest version of an
earlier turn, else the newest by an agent before it, else its own of the same turn.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeVar

from raro.projections.library import PUBLIC
from raro.projections.queries import Connection, Row, rows

Thing = TypeVar("Thing")
Key = TypeVar("Key", bound=Hashable)
Kind = Literal["library", "artifact", "agent", "web"]
Relation = Literal["given", "read", "made", "saved", "restored"]

_AGENTS = """
    SELECT run_id, agent_id, depends_on, attached FROM agents
    WHERE client_id = $client AND list_contains($runs, run_id) ORDER BY run_id, position
"""
_SOURCES = """
    SELECT run_id, agent_id, turn, relation, source, source_kind, source_client_id, source_run_id, source_path,
           source_version
    FROM lineage WHERE client_id = $client AND list_contains($runs, run_id) ORDER BY seq, source
"""
_VERSIONS = """
    SELECT run_id, path, version, agent_id, turn FROM artifact_versions
    WHERE client_id = $client AND list_contains($runs, run_id) ORDER BY run_id, path, version
"""


@dataclass(frozen=True, slots=True)
class Node:
    """A version of a file, an agent of a run, or a web page; `public` marks a public library file."""

    kind: Kind
    name: str
    version: int = 0
    run_id: str = ""
    public: bool = False

    @property
    def id(self) -> str:
        """Its name in a graph, the same in every answer."""
        match self.kind:
            case "library":
                return f"library:{'public' if self.public else 'private'}/{self.name}@{self.version}"
            case "artifact":
                return f"artifact:{self.run_id}/{self.name}@{self.version}"
            case "agent":
                return f"agent:{self.run_id}/{self.name}"
            case "web":
                return f"web:{self.name}"


@dataclass(frozen=True, slots=True)
class Use:
    """An agent was given a thing, or was seen to read it first in `turn`."""

    agent: Node
    source: Node
    relation: Literal["given", "read"]
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """An agent made a version of an artifact; `turn` is 0 when it was found after its last turn."""

    agent: Node
    artifact: Node
    turn: int


@dataclass(frozen=True)
class RunFacts:
    """One run's agents with those they wait for, what it was given, what was read and made."""

    run_id: str
    waits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    attached: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    given: dict[str, Node] = field(default_factory=dict)
    read: list[tuple[str, int, str]] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)

    def agent(self, agent_id: str) -> Node:
        """An agent of this run."""
        return Node("agent", agent_id, run_id=self.run_id)

    @cached_property
    def maker(self) -> Mapping[Node, Made]:
        """Of each artifact version, who made it."""
        return {made.artifact: made for made in self.made}

    @cached_property
    def making(self) -> Mapping[Node, Sequence[Made]]:
        """Of each agent, what it made."""
        return _grouped(self.made, lambda made: made.agent)

    @cached_property
    def using(self) -> Mapping[Node, Sequence[Use]]:
        """Of each agent, what it used."""
        return _grouped(self.uses, lambda use: use.agent)

    @cached_property
    def users(self) -> Mapping[Node, Sequence[Use]]:
        """Of each thing, who used it."""
        return _grouped(self.uses, lambda use: use.source)

    @cached_property
    def uses(self) -> Sequence[Use]:
        """What each agent was seen to read, and what else it was given."""
        found: dict[tuple[str, Node], Use] = {}
        for agent_id, turn, source in self.read:
            node = self._seen_by(agent_id, turn, source)
            if node is not None:
                found.setdefault((agent_id, node), Use(self.agent(agent_id), node, "read", turn))
        for agent_id, node in self._given():
            found.setdefault((agent_id, node), Use(self.agent(agent_id), node, "given"))
        return tuple(found.values())

    def _given(self) -> Iterable[tuple[str, Node]]:
        """Every agent's inputs, and the words of those it waited for."""
        for agent_id, attached in self.attached.items():
            for source, node in self.given.items():
                if attached is None or source.removeprefix("input/") in attached:
                    yield agent_id, node
            for earlier in self.waits.get(agent_id, ()):
                yield agent_id, self.agent(earlier)

    def _seen_by(self, agent_id: str, turn: int, source: str) -> Node | None:
        folder, _, path = source.partition("/")
        if folder == "input":
            return self.given.get(source)
        if folder == "output":
            return self._version_seen(agent_id, turn, path)
        if source.startswith("agent:"):
            return self.agent(source.removeprefix("agent:"))
        return Node("web", source)

    def _version_seen(self, agent_id: str, turn: int, path: str) -> Node | None:
        before = self._before(agent_id)
        versions = [made for made in self._of_path.get(path, ()) if made.agent.name in (agent_id, *before)]
        own = [made for made in versions if made.agent.name == agent_id and made.turn]
        for those in (
            [made for made in own if made.turn < turn],
            [made for made in versions if made.agent.name != agent_id],
            [made for made in own if made.turn == turn],
        ):
            if those:
                return those[-1].artifact
        return None

    @cached_property
    def _of_path(self) -> Mapping[str, Sequence[Made]]:
        return _grouped(self.made, lambda made: made.artifact.name)

    def _before(self, agent_id: str) -> set[str]:
        """Every agent before this one. A walk of its own: a damaged graph with a circle must end, too."""
        found: set[str] = set()
        waiting = [*self.waits.get(agent_id, ())]
        while waiting:
            if (earlier := waiting.pop()) not in found:
                found.add(earlier)
                waiting += self.waits.get(earlier, ())
        return found - {agent_id}


def load(connection: Connection, client_id: str, run_ids: Iterable[str]) -> dict[str, RunFacts]:
    """The facts of a client's runs; of a run that is not there, empty ones."""
    facts = {run_id: RunFacts(run_id) for run_id in run_ids}
    names = {"client": client_id, "runs": list(facts)}
    for row in rows(connection, _AGENTS, names):
        run = facts[row["run_id"]]
        run.waits[row["agent_id"]] = tuple(row["depends_on"] or ())
        run.attached[row["agent_id"]] = None if row["attached"] is None else tuple(row["attached"])
    for row in rows(connection, _VERSIONS, names):
        run, artifact = facts[row["run_id"]], Node("artifact", row["path"], row["version"], row["run_id"])
        run.made.append(Made(run.agent(row["agent_id"]), artifact, row["turn"] or 0))
    for row in rows(connection, _SOURCES, names):
        run = facts[row["run_id"]]
        if row["relation"] == "read":
            run.read.append((row["agent_id"], row["turn"], row["source"]))
        elif row["source_version"] is not None:
            run.given[row["source"]] = given_node(row)
    return facts


def _grouped(things: Iterable[Thing], key: Callable[[Thing], Key]) -> Mapping[Key, Sequence[Thing]]:
    groups: dict[Key, list[Thing]] = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups


def given_node(row: Row) -> Node:
    """The version that a row of a run's inputs names."""
    if row["source_kind"] == "artifact":
        return Node("artifact", row["source_path"], row["source_version"], row["source_run_id"])
    public = row["source_client_id"] == PUBLIC
    return Node("library", row["source_path"], row["source_version"], public=public)
