"""Proof that one event is in the sealed log: everything a stranger needs to check it, and the check itself.

The proof has the event as it is stored, the leaf's fields, the path to the root and the signed checkpoint; with a key
that was noted elsewhere, nothing of RARO's has to be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from raro.audit.leaf import Leaf
from raro.audit.merkle import Node, inclusion_proof, leaf_hash, verify_inclusion
from raro.audit.notes import BadNote, Checkpoint, Verifier, from_base64, to_base64
from raro.audit.sealed import origin_of
from raro.events.raw import Stored


class BadProof(Exception):
    """A proof proves nothing; says why."""


@dataclass(frozen=True, slots=True)
class ProvenEvent:
    """An event's bytes as stored, what the tree holds of it, and its path upwards."""

    leaf: Leaf
    body: bytes
    path: tuple[bytes, ...]

    @classmethod
    def of(cls, incarnation: str, message: Stored, node: Node, size: int) -> ProvenEvent:
        """Prove a stored message in the tree of the first `size` events. Raises ValueError when it is not in it."""
        path = tuple(inclusion_proof(node, message.seq - 1, size))
        return cls(Leaf.of(incarnation, message), message.body, path)

    def check(self, checkpoint: Checkpoint) -> None:
        """Raises BadProof unless exactly this event is in the log that was signed."""
        leaf = self.leaf
        if sha256(self.body).hexdigest() != leaf.payload_sha256:
            raise BadProof(f"event {leaf.seq}: its text does not have the hash of its leaf")
        if origin_of(leaf.incarnation) != checkpoint.origin:
            raise BadProof(f"event {leaf.seq} is of another log than the checkpoint")
        try:
            hashed = leaf_hash(leaf.to_bytes())
        except ValueError as reason:
            raise BadProof(f"event {leaf.seq}: {reason}") from None
        if not verify_inclusion(hashed, leaf.seq - 1, checkpoint.size, self.path, checkpoint.root):
            raise BadProof(f"event {leaf.seq} is not in the log that was signed")

    def to_json(self) -> dict[str, Any]:
        """As JSON: hashes are base64, the body is its text."""
        leaf = self.leaf
        return {
            "seq": leaf.seq,
            "time_ns": str(leaf.time_ns),
            "subject": leaf.subject,
            "headers": list(leaf.headers),
            "body": self.body.decode("utf-8", errors="surrogateescape"),
            "path": [to_base64(sibling) for sibling in self.path],
        }

    @classmethod
    def from_json(cls, incarnation: str, raw: Any) -> ProvenEvent:
        """Read `to_json`. Raises BadProof."""
        try:
            body = raw["body"].encode("utf-8", errors="surrogateescape")
            path = tuple(from_base64(sibling) for sibling in raw["path"])
            seq, time_ns, subject, headers = raw["seq"], int(raw["time_ns"]), raw["subject"], tuple(raw["headers"])
        except (KeyError, TypeError, ValueError, AttributeError, BadNote) as error:
            raise BadProof(f"not a proof of an event: {type(error).__name__} {error}") from None
        if not isinstance(seq, int) or not all(isinstance(text, str) for text in (subject, *headers)):
            raise BadProof("not a proof of an event: its number or its texts are none")
        return cls(Leaf(incarnation, seq, time_ns, subject, headers, sha256(body).hexdigest()), body, path)


@dataclass(frozen=True, slots=True)
class Proof:
    """Events of one log that were proved under one checkpoint."""

    incarnation: str
    note: str
    key: Verifier
    events: Sequence[ProvenEvent]

    def check(self, pinned: Verifier | None = None) -> Checkpoint:
        """The checkpoint under which all of it holds. Raises BadProof."""
        if pinned is not None and str(pinned) != str(self.key):
            raise BadProof(f"it was signed with {self.key}, not with the key that was named")
        try:
            checkpoint = self.key.open(self.note)
        except BadNote as reason:
            raise BadProof(str(reason)) from None
        for event in self.events:
            event.check(checkpoint)
        return checkpoint
