"""Queries on the log's own table: pages of events, and what was parked."""

from __future__ import annotations

from dataclasses import dataclass

from raro.projections.queries import Connection, Row, rows


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Which events: `after` and `before` are sequences; with `newest` the last ones come first."""

    type: str | None = None
    run_id: str | None = None
    actor: str | None = None
    after: int = 0
    before: int | None = None
    limit: int = 100
    newest: bool = False


def events(connection: Connection, client_id: str, wanted: EventsWanted) -> tuple[list[Row], int | None]:
    """A page of the client's events and where the next one begins, None at the end."""
    where, names = ["client_id = $client", "seq > $after"], {"client": client_id, "after": wanted.after}
    if wanted.type:
        where.append("(type = $type OR event = $type)")
        names["type"] = wanted.type
    if wanted.run_id:
        where.append("(aggregate_id = $run OR correlation_id = $run)")
        names["run"] = wanted.run_id
    if wanted.actor:
        where.append("actor = $actor")
        names["actor"] = wanted.actor
    if wanted.before is not None:
        where.append("seq < $before")
        names["before"] = wanted.before
    sql = f"""
        SELECT seq, id, type, subject, client_id, actor, rfc3339(time) AS time, correlation_id, causation_id, data
        FROM events WHERE {" AND ".join(where)} ORDER BY seq {"DESC" if wanted.newest else ""} LIMIT $limit
    """
    found = rows(connection, sql, {**names, "limit": wanted.limit + 1}, parse=("data",))
    page = found[: wanted.limit]
    return page, page[-1]["seq"] if len(found) > wanted.limit else None


def parked(connection: Connection) -> list[Row]:
    """Events that reactors gave up on and that were not handed out again."""
    sql = """
        SELECT client_id, reactor, event_id, event_seq, event_subject, error, deliveries,
               rfc3339(parked_at) AS parked_at, seq
        FROM parked WHERE unparked_at IS NULL ORDER BY seq
    """
    return rows(connection, sql)
