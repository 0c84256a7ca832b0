"""Queries on the log's own table: pages of events by what they are about, when they happened, and what was parked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from raro.projections.queries import Connection, Row, one, rows, utc

COLUMNS = "seq, id, type, subject, client_id, actor, rfc3339(time) AS time, correlation_id, causation_id, data"

# What each filter asks of a row; a filter that is not given asks nothing.
_FILTERS = {
    "type": "(type = $type OR event = $type)",
    "run_id": "(aggregate_id = $run_id OR correlation_id = $run_id)",
    "agent": "data->>'$.agent_id' = $agent",
    "actor": "actor = $actor",
    "begin": "time >= $begin",
    "end": "time < $end",
    "text": "contains(lower(concat_ws(' ', id, subject, type, actor, data::VARCHAR)), lower($text))",
    "before": "seq < $before",
}
# What is no JSON has no time.
_DATED = "type <> 'raro.unreadable'"


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Which events: of the time from `begin` until before `end`, with `text` in them in any case.

    `after` and `before` are sequences; with `newest` the last ones come first.
    """

    type: str | None = None
    run_id: str | None = None
    agent: str | None = None
    actor: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    text: str | None = None
    after: int = 0
    before: int | None = None
    limit: int = 100
    newest: bool = False


def events(connection: Connection, client_id: str, wanted: EventsWanted) -> tuple[list[Row], int | None]:
    """A page of the client's events and where the next one begins, None at the end."""
    where, values = _where(client_id, wanted)
    order = "DESC" if wanted.newest else ""
    sql = f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY seq {order} LIMIT $limit"
    found = rows(connection, sql, {**values, "limit": wanted.limit + 1}, parse=("data",))
    page = found[: wanted.limit]
    return page, page[-1]["seq"] if len(found) > wanted.limit else None


def event(connection: Connection, client_id: str, event_id: str) -> Row | None:
    """One of the client's events, by its id or its sequence."""
    sql = (
        f"SELECT {COLUMNS} FROM events WHERE client_id = $client AND (id = $event OR seq = TRY_CAST($event AS BIGINT))"
    )
    return one(connection, sql, {"client": client_id, "event": event_id}, parse=("data",))


def count(connection: Connection, client_id: str, wanted: EventsWanted, most: int) -> int:
    """How many there are, counted no further than `most`."""
    where, values = _where(client_id, wanted)
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM events WHERE {where} LIMIT $most)"
    return int(rows(connection, sql, {**values, "most": most})[0]["n"])


def parked(connection: Connection) -> list[Row]:
    """Events that reactors gave up on and that were not handed out again."""
    sql = """
        SELECT client_id, reactor, event_id, event_seq, event_subject, error, deliveries,
               rfc3339(parked_at) AS parked_at, seq
        FROM parked WHERE unparked_at IS NULL ORDER BY seq
    """
    return rows(connection, sql)


def seq_at(connection: Connection, moment: datetime) -> int:
    """The last event that is not later than a moment, 0 before the first."""
    sql = f"SELECT coalesce(max(seq), 0) AS seq FROM events WHERE time <= ? AND {_DATED}"
    return int(rows(connection, sql, [utc(moment)])[0]["seq"])


def time_at(connection: Connection, seq: int) -> str | None:
    """When the last event up to a sequence happened, None before the first."""
    sql = f"SELECT rfc3339(time) AS time FROM events WHERE seq <= ? AND {_DATED} ORDER BY seq DESC LIMIT 1"
    found = one(connection, sql, [seq])
    return found["time"] if found else None


def _where(client_id: str, wanted: EventsWanted) -> tuple[str, dict[str, Any]]:
    given = {name: getattr(wanted, name) for name in _FILTERS}
    values = {
        name: utc(value) if isinstance(value, datetime) else value
        for name, value in given.items()
        if value is not None and value != ""
    }
    asked = ["client_id = $client", "seq > $after", *(_FILTERS[name] for name in values)]
    return " AND ".join(asked), {**values, "client": client_id, "after": wanted.after}


@dataclass(frozen=True, slots=True)
class Settled:
    """Up to event `last` the log is of an age and about nothing that goes on; `run_id` is what goes on behind it."""

    last: int
    run_id: str | None


def settled(connection: Connection, before: datetime) -> Settled:
    """How far the log is older than `before` and holds no event of a run that has not ended."""
    sql = """
        SELECT coalesce((SELECT min(seq) - 1 FROM events WHERE time >= $before),
                        (SELECT max(seq) FROM events), 0) AS young,
               (SELECT {'seq': e.seq, 'run_id': e.aggregate_id}
                FROM events AS e JOIN runs AS r ON r.client_id = e.client_id AND r.run_id = e.aggregate_id
                WHERE e.aggregate = 'run' AND r.ended_at IS NULL ORDER BY e.seq LIMIT 1) AS going
    """
    found = rows(connection, sql, {"before": utc(before)})[0]
    going = found["going"]
    if going and going["seq"] <= found["young"]:
        return Settled(going["seq"] - 1, going["run_id"])
    return Settled(found["young"], None)
