"""What files were made from and what was made from them, over as many runs as that took.

A graph of file versions, agents and web pages, walked level by level from the versions that were asked about. An agent
stands between what it used and what it made, and only what it used up to the turn that made a file leads to that file.
Only the client's own rows are walked; a public file of somebody else's is shown, and where it came from is not.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from raro.projections.library import PUBLIC
from raro.projections.library import file as visible_file
from raro.projections.queries import Connection, Row, rows
from raro.projections.run_facts import Made, Node, Relation, RunFacts, Use, given_node, load

Direction = Literal["made_from", "used_by"]
DIRECTIONS: tuple[Direction, ...] = ("made_from", "used_by")
MOST_ROOTS = 50
"""So many versions are asked about at once, the newest of them."""
_ALL_TURNS = 1 << 30
# A chain of hundreds of runs takes a level each: the threads that answer are few.
_LONGEST_S = 5.0

_GIVEN_TO = """
    SELECT run_id, source_kind, source_client_id, source_run_id, source_path, source_version FROM lineage
    WHERE client_id = $client AND relation = 'given' AND list_contains($names, source_path)
          AND source_version IS NOT NULL
    ORDER BY seq DESC
"""
_SAVES = """
    SELECT DISTINCT run_id, path, version, filename, library_version FROM saves
    WHERE client_id = $client AND (list_contains($names, filename) OR list_contains($names, path))
"""
_RESTORES = """
    SELECT filename, version, (origin->>'$.version')::INTEGER AS earlier FROM library_versions
    WHERE client_id = $client AND list_contains($names, filename) AND origin->>'$.kind' = 'version'
"""


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` went into `target`; of what was read or made, `turn` says when first."""

    source: Node
    target: Node
    relation: Relation
    turn: int | None = None


@dataclass
class Graph:
    """What a walk found; `truncated` says that there is more than it may hold, or than there was time for."""

    nodes: dict[Node, None] = field(default_factory=dict)
    edges: dict[tuple[Node, Node], Edge] = field(default_factory=dict)
    truncated: bool = False


def artifact_roots(connection: Connection, client_id: str, run_id: str, path: str, version: int | None) -> list[Node]:
    """The versions of an artifact that are asked about, newest first: all, or the one named."""
    sql = """
        SELECT version FROM artifact_versions
        WHERE client_id = $client AND run_id = $run AND path = $path AND version = coalesce($version, version)
        ORDER BY version DESC LIMIT $most
    """
    found = rows(
        connection, sql, {"most": MOST_ROOTS, "client": client_id, "run": run_id, "path": path, "version": version}
    )
    return [Node("artifact", path, row["version"], run_id) for row in found]


def library_roots(connection: Connection, client_id: str, filename: str, version: int | None) -> list[Node]:
    """The versions of a library file, newest first: the client's own, deleted or not, else a public one it sees."""
    sql = """
        SELECT version FROM library_versions
        WHERE client_id = $owner AND filename = $filename AND version = coalesce($version, version)
        ORDER BY version DESC LIMIT $most
    """
    seen = visible_file(connection, client_id, filename, None)
    owner = PUBLIC if seen is not None and seen["scope"] == "public" else client_id
    found = rows(connection, sql, {"most": MOST_ROOTS, "owner": owner, "filename": filename, "version": version})
    return [Node("library", filename, row["version"], public=owner == PUBLIC) for row in found]


def walk(
    connection: Connection, client_id: str, roots: Sequence[Node], direction: Direction, *, most: int, seen: bool
) -> Graph:
    """Everything the roots were made from, or that was made from them: at most `most` things beside the roots.

    With `seen` only what an agent was seen to read counts, else also what lay before it.
    """
    walker = _Walker(connection, client_id, direction, most + len(roots), seen)
    frontier = walker.begin(roots)
    until = time.monotonic() + _LONGEST_S
    while frontier and not walker.graph.truncated:
        frontier = walker.step(frontier)
        walker.graph.truncated |= bool(frontier) and time.monotonic() > until
    return walker.graph


Frontier = dict[Node, int]
"""Nodes to go on from. Of an agent the turn: up to which its reading counts, or from which its files do."""


class _Walker:
    def __init__(self, connection: Connection, client_id: str, direction: Direction, most: int, seen: bool) -> None:
        self.graph = Graph()
        self._connection, self._client_id = connection, client_id
        self._back = direction == "made_from"
        self._most, self._seen = most, seen
        self._runs: dict[str, RunFacts] = {}
        self._reached: Frontier = {}

    def begin(self, roots: Sequence[Node]) -> Frontier:
        self.graph.nodes.update(dict.fromkeys(roots))
        self._reached = dict.fromkeys(roots, 0)
        return dict(self._reached)

    def step(self, frontier: Frontier) -> Frontier:
        """One level further: the nodes beyond these that were not reached yet, or now with more turns."""
        following: Frontier = {}
        for edge, bound in self._edges(frontier):
            beyond = edge.source if self._back else edge.target
            if not self._add(edge, beyond):
                continue
            if beyond not in self._reached or self._wider(bound, self._reached[beyond]):
                self._reached[beyond] = following[beyond] = bound
        return following

    def _add(self, edge: Edge, beyond: Node) -> bool:
        if beyond not in self.graph.nodes and len(self.graph.nodes) >= self._most:
            self.graph.truncated = True
            return False
        self.graph.nodes.setdefault(beyond)
        self.graph.edges.setdefault((edge.source, edge.target), edge)
        return True

    def _wider(self, bound: int, known: int) -> bool:
        return bound > known if self._back else bound < known

    def _edges(self, frontier: Frontier) -> Iterable[tuple[Edge, int]]:
        """The edges at these nodes, each with the bound of the node beyond it."""
        files = [node for node in frontier if node.kind in ("artifact", "library")]
        given_to = self._given_to(files) if files and not self._back else {}
        users = [run_id for node in files for run_id in given_to.get(node, ())]
        self._load([*(node.run_id for node in frontier if node.run_id), *users])
        for edge in self._library_edges(files) if files else ():
            yield edge, 0
        for node, bound in frontier.items():
            for run_id in dict.fromkeys([node.run_id, *given_to.get(node, ())] if node.kind != "web" else ()):
                if run_id:
                    yield from self._at(self._runs[run_id], node, bound)

    def _at(self, run: RunFacts, node: Node, bound: int) -> Iterable[tuple[Edge, int]]:
        """The edges within one run."""
        return self._sources(run, node, bound) if self._back else self._products(run, node, bound)

    def _sources(self, run: RunFacts, node: Node, bound: int) -> Iterable[tuple[Edge, int]]:
        if made := run.maker.get(node):
            yield _edge_of(made), made.turn or _ALL_TURNS
        for use in run.using.get(node, ()):
            if self._counts(use) and (use.turn or 0) <= bound:
                yield Edge(use.source, use.agent, use.relation, use.turn), _ALL_TURNS

    def _products(self, run: RunFacts, node: Node, bound: int) -> Iterable[tuple[Edge, int]]:
        for made in run.making.get(node, ()):
            if (made.turn or _ALL_TURNS) >= bound:
                yield _edge_of(made), 0
        for use in run.users.get(node, ()):
            if self._counts(use):
                yield Edge(use.source, use.agent, use.relation, use.turn), use.turn or 0

    def _counts(self, use: Use) -> bool:
        return use.relation == "read" or not self._seen

    def _library_edges(self, files: Sequence[Node]) -> Iterable[Edge]:
        """Between artifacts and the library, and between versions in the library; the client's own."""
        wanted = {node for node in files if self._is_own(node)}
        names = {"client": self._client_id, "names": sorted({node.name for node in wanted})}
        for row in rows(self._connection, _SAVES, names):
            artifact = Node("artifact", row["path"], row["version"], row["run_id"])
            saved = self._own_file(row["filename"], row["library_version"])
            if (saved if self._back else artifact) in wanted:
                yield Edge(artifact, saved, "saved")
        for row in rows(self._connection, _RESTORES, names):
            earlier, later = (self._own_file(row["filename"], row[name]) for name in ("earlier", "version"))
            if (later if self._back else earlier) in wanted:
                yield Edge(earlier, later, "restored")

    def _own_file(self, filename: str, version: int) -> Node:
        return Node("library", filename, version, public=self._client_id == PUBLIC)

    def _is_own(self, node: Node) -> bool:
        return node.kind == "artifact" or node.public == (self._client_id == PUBLIC)

    def _given_to(self, files: Sequence[Node]) -> dict[Node, list[str]]:
        """The runs that each of these files was given to, newest first."""
        names = {"client": self._client_id, "names": sorted({node.name for node in files})}
        found: dict[Node, list[str]] = {node: [] for node in files}
        for row in rows(self._connection, _GIVEN_TO, names):
            runs = found.get(given_node(row))
            if runs is not None and len(runs) <= self._most:
                runs.append(row["run_id"])
        return found

    def _load(self, run_ids: Iterable[str]) -> None:
        missing = [run_id for run_id in dict.fromkeys(run_ids) if run_id not in self._runs]
        if missing:
            self._runs |= load(self._connection, self._client_id, missing)


def _edge_of(made: Made) -> Edge:
    return Edge(made.agent, made.artifact, "made", made.turn or None)


def as_rows(connection: Connection, client_id: str, graph: Graph) -> Row:
    """A graph as it is answered: `nodes` with what is known of each, `edges` between their ids, `truncated`."""
    known = _described(connection, client_id, graph.nodes)
    return {
        "nodes": [known[node] for node in graph.nodes],
        "edges": [
            {"source": edge.source.id, "target": edge.target.id, "relation": edge.relation, "turn": edge.turn}
            for edge in graph.edges.values()
        ],
        "truncated": graph.truncated,
    }


_ARTIFACTS = """
    SELECT v.run_id, v.path AS name, v.version, v.sha256, v.size_bytes, v.content_type, v.agent_id,
           rfc3339(v.generated_at) AS time, nullif(a.gone, '') AS gone, a.pinned
    FROM artifact_versions AS v JOIN artifacts AS a USING (client_id, run_id, path)
    WHERE v.client_id = $client AND list_contains($runs, v.run_id) AND list_contains($names, v.path)
"""
_LIBRARY = """
    SELECT v.filename AS name, v.version, v.sha256, v.size_bytes, v.content_type, v.client_id = 'public' AS public,
           rfc3339(v.uploaded_at) AS time, CASE WHEN f.deleted THEN 'deleted' END AS gone
    FROM library_versions AS v JOIN library_files AS f USING (client_id, file_id)
    WHERE v.client_id IN ($client, 'public') AND list_contains($names, v.filename)
"""


def _described(connection: Connection, client_id: str, nodes: Iterable[Node]) -> dict[Node, Row]:
    known = {node: _row(node) for node in nodes}
    artifacts = [node for node in known if node.kind == "artifact"]
    names = {"client": client_id, "names": sorted({node.name for node in artifacts})}
    runs = sorted({node.run_id for node in artifacts})
    for row in rows(connection, _ARTIFACTS, {**names, "runs": runs}) if artifacts else ():
        if (node := Node("artifact", row["name"], row["version"], row["run_id"])) in known:
            known[node] |= row
    library = [node for node in known if node.kind == "library"]
    names = {"client": client_id, "names": sorted({node.name for node in library})}
    for row in rows(connection, _LIBRARY, names) if library else ():
        if (node := Node("library", row["name"], row["version"], public=row.pop("public"))) in known:
            known[node] |= row
    return known


def _row(node: Node) -> Row:
    row: Row = {"id": node.id, "kind": node.kind, "name": node.name}
    if node.run_id:
        row["run_id"] = node.run_id
    if node.version:
        row["version"] = node.version
    if node.kind == "library":
        row["scope"] = "public" if node.public else "private"
    return row
