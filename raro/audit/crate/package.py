"""Makes a package: which events belong to a run, their proof, and the zip with the files' bytes, streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

from raro.audit.crate.describe import describe
from raro.audit.crate.layout import FORMAT, METADATA, PROOF, artifact_parts, input_parts, parts_of
from raro.audit.crate.story import Story, story_of
from raro.audit.proofs import Proof
from raro.audit.prover import Prover
from raro.errors import BytesErased
from raro.events.envelope import Event, parse_event
from raro.events.upcasters import CURRENT
from raro.files.archive import ArchiveEntry, zip_stream
from raro.files.blobs import BlobStore
from raro.projections.queries import Connection

# A run's own events, the uploads that it was given, and what it was saved as.
_SEQS = """
    WITH own AS (FROM events WHERE client_id = $client AND aggregate = 'run' AND aggregate_id = $run),
    given AS (
        SELECT input->>'$.name' AS filename, (input->>'$.version')::INTEGER AS version,
               CASE WHEN input->>'$.scope' = 'public' THEN 'public' ELSE $client END AS client_id
        FROM (SELECT unnest(from_json(data->'$.inputs', '["JSON"]')) AS input FROM own WHERE event = 'started')
        WHERE input->>'$.kind' = 'library'
        UNION
        SELECT data->>'$.filename', (data->>'$.library_version')::INTEGER, $client
        FROM own WHERE event = 'artifact_saved_to_library'
    )
    SELECT seq FROM own
    UNION
    SELECT e.seq FROM events AS e JOIN given AS g ON e.client_id = g.client_id
        AND e.data->>'$.filename' = g.filename AND (e.data->>'$.version_number')::INTEGER = g.version
    WHERE e.event = 'file_uploaded'
    ORDER BY seq
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A run's proof, its story, and the names of the inputs whose bytes are there."""

    proof: Proof
    story: Story
    inputs: frozenset[str]


def seqs_of_run(connection: Connection, client_id: str, run_id: str) -> list[int]:
    """The events that a package of the run has; none for a run that the client has not."""
    found = connection.execute(_SEQS, {"client": client_id, "run": run_id}).fetchall()
    return [seq for (seq,) in found]


def events_of(proof: Proof) -> Iterator[Event]:
    """The proven events as they are read today. Raises ValueError for one that is none."""
    return (parse_event(CURRENT.upcast(proven.body)) for proven in proof.events)


async def package(prover: Prover, blobs: BlobStore, seqs: list[int]) -> Package:
    """Prove a run's events and look for its bytes.

    Raises BytesErased when an artifact that is there has no bytes, AuditDamaged, LogUnavailable, StorageFault.
    """
    proof = await prover.prove(seqs)
    story = story_of(events_of(proof))
    for path, part in artifact_parts(story).items():
        if not blobs.exists(part.sha256):
            raise BytesErased(f"the bytes of {path!r} are not in storage; `raro fsck` tells more.", path=path)
    there = frozenset(name for name, part in input_parts(story).items() if blobs.exists(part.sha256))
    return Package(proof, story, there)


def zipped(made: Package, blobs: BlobStore) -> AsyncGenerator[bytes, None]:
    """The package's bytes in pieces. Raises BlobMissing before the first one."""
    at = made.story.last_at.timestamp() if made.story.last_at else 0.0
    entries = [
        ArchiveEntry(METADATA, describe(made.story, made.inputs), at),
        ArchiveEntry(PROOF, _json(made.proof), at),
        *(ArchiveEntry(part.place, blobs.path(part.sha256), at) for part in parts_of(made.story, made.inputs)),
    ]
    return zip_stream(entries)


def proof_json(proof: Proof) -> dict[str, Any]:
    """A proof as JSON; `read_proof` of `check` reads it."""
    return {
        "format": FORMAT,
        "incarnation": proof.incarnation,
        "checkpoint": proof.note,
        "key": str(proof.key),
        "events": [event.to_json() for event in proof.events],
    }


def _json(proof: Proof) -> bytes:
    return json.dumps(proof_json(proof), ensure_ascii=True, separators=(",", ":")).encode()
