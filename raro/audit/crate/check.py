"""Checks a package offline: nothing is asked but the file, and the key if somebody noted it elsewhere.

What is checked: the signature, every event's path to the signed root, that no event of the run is left out between
its first and its last, that the description is the one the events give, and every file's bytes against the hash that
the events say. Nothing is unpacked to disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raro.audit.crate.describe import describe
from raro.audit.crate.layout import FORMAT, METADATA, PROOF, Part, input_parts, parts_of
from raro.audit.crate.package import events_of
from raro.audit.crate.story import Story, story_of
from raro.audit.notes import BadNote, Checkpoint, Verifier
from raro.audit.proofs import BadProof, Proof, ProvenEvent
from raro.events.wire import EXPECTED_SEQ

_MAX_JSON_BYTES = 512 * 1024 * 1024
_CHUNK_BYTES = 1 << 20
# What zipfile lets through when the bytes it reads are not a zip's, beside its own error.
_NO_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A package that holds: what it is about, and under which checkpoint and key."""

    run_id: str
    client_id: str
    events: int
    files: int
    inputs: int
    inputs_without_bytes: int
    checkpoint: Checkpoint
    key: Verifier


def check_package(path: Path, pinned: Verifier | None = None) -> Checked:
    """Check everything. Raises BadProof naming the first thing that does not hold, OSError when unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _check(archive, pinned)
    except zlib.error as error:
        raise BadProof(f"its compressed bytes are damaged: {error}") from None
    except _NO_ZIP as error:
        raise BadProof(f"it is no whole zip: {error}") from None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BadProof("it is no whole zip: it names a place before its own beginning") from None


def read_proof(raw: Any) -> Proof:
    """A proof from its JSON. Raises BadProof."""
    if not isinstance(raw, Mapping) or raw.get("format") != FORMAT:
        raise BadProof(f"it has no proof of the format {FORMAT}")
    try:
        incarnation, note, key, events = raw["incarnation"], raw["checkpoint"], raw["key"], raw["events"]
        verifier = Verifier.of(key)
    except KeyError as missing:
        raise BadProof(f"its proof lacks {missing}") from None
    except (BadNote, AttributeError, TypeError) as reason:
        raise BadProof(f"its key cannot be read: {reason}") from None
    if not isinstance(incarnation, str) or not isinstance(note, str) or not isinstance(events, list):
        raise BadProof("its proof is not as it should be")
    return Proof(incarnation, note, verifier, [ProvenEvent.from_json(incarnation, event) for event in events])


def _check(archive: zipfile.ZipFile, pinned: Verifier | None) -> Checked:
    members = _members(archive)
    try:
        proof = read_proof(json.loads(_read(archive, members, PROOF)))
    except (ValueError, RecursionError) as error:
        raise BadProof(f"{PROOF} is no JSON: {error}") from None
    checkpoint = proof.check(pinned)
    story = _story(proof)
    _check_complete(proof.events, story)
    inputs = {name: part for name, part in input_parts(story).items() if part.place in members}
    parts = parts_of(story, inputs)
    _check_members(members, parts)
    if _read(archive, members, METADATA) != describe(story, inputs):
        raise BadProof(f"{METADATA} says something else than the events")
    for part in parts:
        _check_bytes(archive, members[part.place], part)
    known = len([given for given in story.inputs if given.sha256])
    return Checked(
        story.run_id,
        story.client_id,
        len(proof.events),
        len(parts) - len(inputs),
        len(inputs),
        known - len(inputs),
        checkpoint,
        proof.key,
    )


def _story(proof: Proof) -> Story:
    seqs = [event.leaf.seq for event in proof.events]
    if not seqs or seqs != sorted(set(seqs)):
        raise BadProof("its events are none, or not in the order of the log")
    try:
        for proven, event in zip(proof.events, events_of(proof), strict=True):
            if proven.leaf.subject != event.subject:
                raise BadProof(f"event {proven.leaf.seq} was stored as something else than it says")
        story = story_of(events_of(proof))
    except (ValueError, KeyError, TypeError) as error:
        raise BadProof(f"an event cannot be read: {error}") from None
    if not story.run_id:
        raise BadProof("it has no event that starts a run")
    return story


def _check_complete(events: Sequence[ProvenEvent], story: Story) -> None:
    """The server was told with each step of the run which event of it was the last: none is left out between."""
    prefix = f"raro.evt.{story.client_id}.run.{story.run_id}."
    last = 0
    for event in (event for event in events if event.leaf.subject.startswith(prefix)):
        expected = event.leaf.header(EXPECTED_SEQ)
        follows = int(expected) == last if expected and expected.isdigit() else event.leaf.seq == last + 1
        if not follows:
            raise BadProof(f"events of the run are left out between {last} and {event.leaf.seq}")
        last = event.leaf.seq


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename in members:
            raise BadProof(f"{info.filename!r} is in it twice")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadProof(f"{info.filename!r} is packed in a way that RARO never does")
        members[info.filename] = info
    return members


def _check_members(members: Mapping[str, zipfile.ZipInfo], parts: Sequence[Part]) -> None:
    expected = {METADATA, PROOF, *(part.place for part in parts)}
    if missing := sorted(expected - members.keys()):
        raise BadProof(f"{missing[0]!r} is missing")
    if strange := sorted(members.keys() - expected):
        raise BadProof(f"{strange[0]!r} is in it, of which the events say nothing")


def _read(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], name: str) -> bytes:
    if name not in members:
        raise BadProof(f"{name} is missing")
    with archive.open(members[name]) as member:
        data = member.read(_MAX_JSON_BYTES + 1)
    if len(data) > _MAX_JSON_BYTES:
        raise BadProof(f"{name} is larger than any that RARO makes")
    return data


def _check_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, part: Part) -> None:
    digest, size_bytes = hashlib.sha256(), 0
    with archive.open(info) as member:
        while chunk := member.read(_CHUNK_BYTES):
            digest.update(chunk)
            size_bytes += len(chunk)
            if size_bytes > part.size_bytes:
                break
    if (digest.hexdigest(), size_bytes) != (part.sha256, part.size_bytes):
        raise BadProof(f"{part.place!r} is not what the agent made or was given: its bytes have another hash")
