"""The JSON of answers on tamper evidence, as models."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from raro.api.answers import Answer


class CheckRow(Answer):
    """One thing that was verified."""

    name: str = Field(examples=["root"])
    ok: bool
    detail: str = Field(examples=["the log is as it was signed up to event 1,024"])
    since: int | None = Field(description="the first event that is concerned")


class VerifyAnswer(Answer):
    """What a verification of the whole log found."""

    ok: bool
    size: int = Field(description="events that were read")
    root: str = Field(description="their Merkle root, base64; empty where an event is missing")
    checks: list[CheckRow]


class ProvenRow(Answer):
    """An event as it is stored, and its path to the root."""

    seq: int
    time_ns: str = Field(description="the server's nanoseconds since 1970")
    subject: str
    headers: list[str]
    body: str = Field(description="the event's bytes as text")
    path: list[str] = Field(description="hashes from the leaf upwards, base64 (RFC 6962, 2.1.1)")


class ProofAnswer(Answer):
    """Proof that an event is in the log that was signed."""

    format: str
    incarnation: str
    checkpoint: str = Field(description="signed note, C2SP tlog-checkpoint")
    key: str = Field(description="verifier key of the note")
    events: list[ProvenRow]
    event: dict[str, Any] = Field(description="the same event, read")
