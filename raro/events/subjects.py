"""Subjects: `raro.evt.{client_id}.{aggregate}.{aggregate_id}.{event}`, and the ids in them."""

from __future__ import annotations

import uuid

PREFIX = "raro.evt"
LIVE_PREFIX = "raro.live"
SYSTEM_CLIENT = "_system"
SYSTEM_ID = "log"
_FILE_NAMESPACE = uuid.UUID("0f3f7a0e-52fb-5f0c-9f0e-6d1c3b3d7c55")


def subject_of(client_id: str, aggregate: str, aggregate_id: str, event: str) -> str:
    """The subject one event is stored under."""
    return f"{PREFIX}.{client_id}.{aggregate}.{aggregate_id}.{event}"


def aggregate_filter(client_id: str, aggregate: str, aggregate_id: str) -> str:
    """Matches every event of one aggregate; the unit of optimistic concurrency."""
    return f"{PREFIX}.{client_id}.{aggregate}.{aggregate_id}.>"


def aggregate_of(subject: str) -> str:
    """The filter of the aggregate that an event's subject belongs to."""
    return subject.rpartition(".")[0] + ".>"


def event_filter(aggregate: str, event: str) -> str:
    """Matches one kind of event of all clients; what reactors subscribe to."""
    return f"{PREFIX}.*.{aggregate}.*.{event}"


def live_subject(client_id: str, run_id: str) -> str:
    """Core NATS subject of a run's live activity; never stored."""
    return f"{LIVE_PREFIX}.{client_id}.{run_id}"


def file_id(client_id: str, filename: str) -> str:
    """The aggregate id of one name in one client's library.

    A name is a slot: its versions and its deletions belong to one history, so that two uploads of
    the same name compete for the same expected sequence.
    """
    return uuid.uuid5(_FILE_NAMESPACE, f"{client_id}\n{filename}").hex
