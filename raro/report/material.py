"""What a report tells of a run: rows from the views in one look, texts and pictures from the blobs, all of it capped.

Whatever is left out is counted or noted, so that the page can say so. Gathering blocks: call it in a thread.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from raro.errors import BlobMissing
from raro.files.blobs import BlobStore
from raro.files.content_types import HEAD_BYTES, content_type
from raro.projections import lineage, runs
from raro.projections.queries import Connection, Row, rows
from raro.projections.run_facts import Node

MOST_EVENTS = 2000
MOST_TURNS = 1000
MOST_CALLS = 3000
MOST_FILES = 2000
MOST_DECISIONS = 500
_MOST_LINEAGE = 300
_TEXT_BYTES, _TEXTS_BYTES = 40_000, 4_000_000
_PICTURE_BYTES, _PICTURES_BYTES = 400_000, 8_000_000
# Formats that run nothing and that every browser draws; SVG is shown as the text it is.
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TEXTS = ("text/", "application/json", "application/x-ndjson", "application/yaml", "application/toml", "image/svg+xml")


@dataclass(frozen=True, slots=True)
class Shown:
    """A file's bytes as the page shows them: a text (with how much of it), a picture's address, or why neither."""

    text: str | None = None
    cut_bytes: int = 0
    picture: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Facts:
    """The rows of one run; `counts` says how many there are of what was capped."""

    state: Row
    turns: Sequence[Row]
    calls: Sequence[Row]
    files: Sequence[Row]
    approvals: Sequence[Row]
    matches: Sequence[Row]
    saves: Sequence[Row]
    events: Sequence[Row]
    counts: Mapping[str, int]
    made_from: Row
    used_by: Row
    seq: int


@dataclass(frozen=True)
class Material:
    """A run's rows, and what was read of its blobs, by hash."""

    facts: Facts
    outputs: Mapping[str, Shown] = field(default_factory=dict)
    shown: Mapping[str, Shown] = field(default_factory=dict)


_TURNS = """
    SELECT agent_id, turn, model, text, text_sha256, tool_calls, tokens_in, tokens_out, cost_usd, latency_ms, finish,
           answered_by, rfc3339(completed_at) AS completed_at
    FROM invocations WHERE client_id = $client AND run_id = $run ORDER BY seq LIMIT $most
"""
_CALLS = """
    SELECT data->>'$.agent_id' AS agent_id, (data->>'$.turn')::INTEGER AS turn, data->>'$.call_id' AS call_id,
           data->>'$.name' AS name, (data->>'$.ok')::BOOLEAN AS ok, data->>'$.code' AS code,
           data->>'$.result' AS result, data->>'$.result_blob.size_bytes' AS whole_bytes,
           (data->>'$.latency_ms')::BIGINT AS latency_ms
    FROM events WHERE client_id = $client AND aggregate_id = $run AND event = 'tool_returned' ORDER BY seq LIMIT $most
"""
_FILES = """
    SELECT v.path, v.version, v.agent_id, v.turn, v.sha256, v.size_bytes, v.content_type,
           rfc3339(v.generated_at) AS generated_at, nullif(a.gone, '') AS gone, a.pinned,
           a.version = v.version AS newest, rfc3339(a.expires_at) AS expires_at
    FROM artifact_versions AS v JOIN artifacts AS a USING (client_id, run_id, path)
    WHERE v.client_id = $client AND v.run_id = $run ORDER BY v.path, v.version DESC LIMIT $most
"""
_MATCHES = """
    SELECT rule_id, action, agent_id, detail, rfc3339(time) AS time FROM policy_matches
    WHERE client_id = $client AND run_id = $run ORDER BY seq LIMIT $most
"""
_SAVED = """
    SELECT path, version, filename, library_version, actor, rfc3339(saved_at) AS saved_at FROM saves
    WHERE client_id = $client AND run_id = $run ORDER BY seq LIMIT $most
"""
_EVENTS = """
    SELECT seq, rfc3339(time) AS time, event, actor, id,
           coalesce(data->>'$.path', data->>'$.filename', data->>'$.name') AS about, data->>'$.agent_id' AS agent_id
    FROM events WHERE client_id = $client AND aggregate = 'run' AND aggregate_id = $run ORDER BY seq LIMIT $most
"""
_COUNTS = """
    SELECT count(*) AS events, count(*) FILTER (event = 'agent_turn_completed') AS turns,
           count(*) FILTER (event = 'tool_returned') AS calls, count(*) FILTER (event = 'artifact_promoted') AS files,
           count(*) FILTER (event = 'policy_matched') AS matches, coalesce(max(seq), 0) AS seq
    FROM events WHERE client_id = $client AND aggregate = 'run' AND aggregate_id = $run
"""


def facts_of(connection: Connection, client_id: str, run_id: str) -> Facts | None:
    """The rows of a client's run; None when it has no such run."""
    state = runs.state(connection, client_id, run_id)
    if state is None:
        return None

    def asked(sql: str, most: int, *parse: str) -> list[Row]:
        return rows(connection, sql, {"client": client_id, "run": run_id, "most": most}, parse=parse)

    counts = rows(connection, _COUNTS, {"client": client_id, "run": run_id})[0]
    files = asked(_FILES, MOST_FILES)
    roots = [Node("artifact", row["path"], row["version"], run_id) for row in files if row["newest"]]
    graphs = {
        direction: lineage.as_rows(
            connection,
            client_id,
            lineage.walk(connection, client_id, roots[: lineage.MOST_ROOTS], direction, most=_MOST_LINEAGE, seen=False),
        )
        for direction in lineage.DIRECTIONS
    }
    return Facts(
        state=state,
        turns=asked(_TURNS, MOST_TURNS, "tool_calls"),
        calls=asked(_CALLS, MOST_CALLS),
        files=files,
        approvals=runs.approvals(connection, client_id, run_id=run_id)[:MOST_DECISIONS],
        matches=asked(_MATCHES, MOST_DECISIONS),
        saves=asked(_SAVED, MOST_FILES),
        events=asked(_EVENTS, MOST_EVENTS),
        counts=counts,
        seq=counts["seq"],
        **graphs,
    )


def material_of(facts: Facts, blobs: BlobStore) -> Material:
    """The rows with what their blobs hold: agents' outputs, short texts, small pictures, as far as a page can carry."""
    reading = _Reading(blobs)
    outputs = {
        agent["output_sha256"]: reading.text(agent["output_sha256"])
        for agent in facts.state["agents"]
        if agent["output_sha256"]
    }
    shown = {row["sha256"]: reading.file(row) for row in facts.files if row["newest"]}
    return Material(facts, outputs, shown)


class _Reading:
    """Reads blobs until the page is full."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._texts_left, self._pictures_left = _TEXTS_BYTES, _PICTURES_BYTES

    def file(self, row: Row) -> Shown:
        kind = row["content_type"]
        if kind in _PICTURES:
            return self._picture(row["sha256"], row["size_bytes"], row["path"])
        return self.text(row["sha256"]) if kind.startswith(_TEXTS) else Shown()

    def text(self, sha256: str) -> Shown:
        if self._texts_left <= 0:
            return Shown(note="the report has no room for more texts")
        data = self._read(sha256, min(_TEXT_BYTES, self._texts_left) + 1)
        if data is None:
            return Shown(note="its bytes are not there any more")
        most = min(_TEXT_BYTES, self._texts_left)
        self._texts_left -= min(len(data), most)
        cut = self._blobs.path(sha256).stat().st_size - most if len(data) > most else 0
        return Shown(text=data[:most].decode("utf-8", errors="replace"), cut_bytes=cut)

    def _picture(self, sha256: str, size_bytes: int, path: str) -> Shown:
        if size_bytes > _PICTURE_BYTES:
            return Shown(note="too large to be shown here")
        if size_bytes > self._pictures_left:
            return Shown(note="the report has no room for more pictures")
        data = self._read(sha256, _PICTURE_BYTES)
        if data is None:
            return Shown(note="its bytes are not there any more")
        kind = content_type(path, data[:HEAD_BYTES])
        if kind not in _PICTURES:
            return Shown(note="not the picture its name promises")
        self._pictures_left -= len(data)
        return Shown(picture=f"data:{kind};base64,{base64.b64encode(data).decode()}")

    def _read(self, sha256: str, most: int) -> bytes | None:
        try:
            with self._blobs.path(sha256).open("rb") as file:
                return file.read(most)
        except (BlobMissing, FileNotFoundError):
            return None
