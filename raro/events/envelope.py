"""The envelope: CloudEvents 1.0 in structured mode, and the deterministic event id.

The whole JSON is the message body. The id is a UUIDv5 over what caused the event and what it says,
so that writing the same thing again is the same event (FACTS.md, dedup is by id alone).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from raro.events.catalogue import CATALOGUE, Aggregate, EventData, Unknown
from raro.events.subjects import subject_of

ID_NAMESPACE = uuid.UUID("6a3f0c6e-9a53-5d0c-8f7e-0f6b7c1f4d2a")
MAX_EVENT_BYTES = 64 * 1024
SOURCE = "/raro"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is written: who, when, about what, because of what."""

    id: str
    type: str
    subject: str
    time: datetime
    client_id: str
    actor: str
    correlation_id: str
    causation_id: str
    data: EventData | Unknown
    traceparent: str | None = None

    def to_json(self) -> bytes:
        """The message body, at most 64 KiB. Raises ValueError when larger: put the payload into a blob."""
        body: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "type": self.type,
            "source": SOURCE,
            "subject": self.subject,
            "time": rfc3339(self.time),
            "datacontenttype": "application/json",
            "clientid": self.client_id,
            "actor": self.actor,
            "correlationid": self.correlation_id,
            "causationid": self.causation_id,
        }
        if self.traceparent:
            body["traceparent"] = self.traceparent
        body["data"] = self.data.model_dump(mode="json")
        encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        if len(encoded) > MAX_EVENT_BYTES:
            raise ValueError(f"event {self.type} has {len(encoded)} bytes; at most {MAX_EVENT_BYTES} fit, use a blob")
        return encoded


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event read back: its place in the stream and the hash of its body."""

    seq: int
    event: Event
    body: bytes = field(repr=False)

    @property
    def hash(self) -> str:
        """Hex SHA-256 of the body as stored."""
        return body_hash(self.body)


@dataclass(frozen=True, slots=True)
class Cause:
    """What leads to an event: the command or event, the actor, the run it belongs to, the moment."""

    id: str
    actor: str
    correlation_id: str
    time: datetime
    traceparent: str | None = None


def body_hash(body: bytes) -> str:
    """Hex SHA-256 of a message body, the hash that cursors carry."""
    return hashlib.sha256(body).hexdigest()


def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and a Z, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_milliseconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


def new_event(client_id: str, aggregate_id: str, data: EventData, cause: Cause) -> Event:
    """An event ready to append; the same cause and content give the same id."""
    subject = subject_of(client_id, data.aggregate, aggregate_id, data.event)
    content = json.dumps(data.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    event_id = uuid.uuid5(ID_NAMESPACE, "\n".join((cause.id, subject, data.type_name(), content)))
    return Event(
        id=str(event_id),
        type=data.type_name(),
        subject=subject,
        time=_to_milliseconds(cause.time),
        client_id=client_id,
        actor=cause.actor,
        correlation_id=cause.correlation_id,
        causation_id=cause.id,
        data=data,
        traceparent=cause.traceparent,
    )


def parse_event(body: bytes) -> Event:
    """Read a body of the current version; a type that is not in the catalogue becomes `Unknown`.

    Raises ValueError when the body is no envelope, pydantic.ValidationError when known data breaks its model.
    """
    raw = json.loads(body)
    try:
        model = CATALOGUE.get(raw["type"])
        data = raw.get("data") or {}
        return Event(
            id=raw["id"],
            type=raw["type"],
            subject=raw["subject"],
            time=datetime.fromisoformat(raw["time"]),
            client_id=raw["clientid"],
            actor=raw["actor"],
            correlation_id=raw["correlationid"],
            causation_id=raw["causationid"],
            data=model.model_validate(data) if model else Unknown.model_validate(data),
            traceparent=raw.get("traceparent"),
        )
    except KeyError as missing:
        raise ValueError(f"not an event envelope: {missing} is missing") from missing


__all__ = [
    "ID_NAMESPACE",
    "MAX_EVENT_BYTES",
    "Aggregate",
    "Cause",
    "Event",
    "Recorded",
    "body_hash",
    "new_event",
    "parse_event",
    "rfc3339",
]
