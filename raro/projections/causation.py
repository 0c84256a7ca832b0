"""What an event was caused by, up to the command at the beginning, and what it caused in turn.

An event names what caused it by an event's id, or by a command's, which is no event. What an agent does carries
`RUN/AGENT/EPOCH/step` instead, so that a worker that begins again writes the same; its cause is the `agent_started`
of that epoch. What is done for a run as a whole carries `RUN/step`; its cause is the run's `started`. What an event
leads to keeps its correlation, so that only events of the same one are looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

from raro.projections.audit import event as found_event
from raro.projections.queries import Connection, Row, rows

MOST = 500

# `answers` are the names under which an event is named as a cause; causes are always older than their effects.
_EDGES = """
    own AS NOT MATERIALIZED (
        FROM events WHERE client_id = $client AND correlation_id = $correlation AND {span}
    ),
    cause AS MATERIALIZED (
        SELECT seq, CASE
            WHEN NOT starts_with(causation_id, aggregate_id || '/') THEN causation_id
            WHEN regexp_matches(causation_id, '^[^/]+/[^/]+/[0-9]+/')
            THEN regexp_extract(causation_id, '^[^/]+/[^/]+/[0-9]+')
            ELSE aggregate_id END AS name
        FROM own
    ),
    answers AS MATERIALIZED (
        SELECT seq, id AS name FROM own
        UNION ALL
        SELECT seq, concat_ws('/', aggregate_id, data->>'$.agent_id', data->>'$.epoch')
        FROM own WHERE event = 'agent_started'
        UNION ALL
        SELECT seq, aggregate_id FROM own WHERE aggregate = 'run' AND event = 'started'
    )
"""
_SHOWN = """
    own.seq, own.id, own.type, own.actor, rfc3339(own.time) AS time, own.data->>'$.agent_id' AS agent_id,
    coalesce(own.data->>'$.path', own.data->>'$.filename', own.data->>'$.name') AS about
"""
_CAUSES = f"""
    WITH RECURSIVE {_EDGES.format(span="seq <= $seq")},
    line(seq) AS (
        SELECT $seq::BIGINT
        UNION ALL
        SELECT answers.seq
        FROM line JOIN cause ON cause.seq = line.seq JOIN answers ON answers.name = cause.name
        WHERE answers.seq < line.seq
    )
    SELECT {_SHOWN} FROM line JOIN own ON own.seq = line.seq WHERE line.seq < $seq ORDER BY own.seq
"""
_EFFECTS = f"""
    WITH RECURSIVE {_EDGES.format(span="seq >= $seq")},
    tree(seq, cause_seq) AS (
        SELECT $seq::BIGINT, NULL::BIGINT
        UNION ALL
        SELECT cause.seq, tree.seq
        FROM tree JOIN answers ON answers.seq = tree.seq JOIN cause ON cause.name = answers.name
        WHERE cause.seq > tree.seq
    )
    SELECT {_SHOWN}, tree.cause_seq
    FROM (FROM tree WHERE cause_seq IS NOT NULL ORDER BY seq LIMIT {MOST + 1}) AS tree JOIN own ON own.seq = tree.seq
    ORDER BY own.seq
"""


@dataclass(frozen=True, slots=True)
class Causation:
    """An event; the line that led to it, the first cause first; what it led to, each with its `cause_seq`.

    `truncated` says that it led to more than `MOST` events; the first of them are here.
    """

    event: Row
    causes: list[Row]
    effects: list[Row]
    truncated: bool


def causation(connection: Connection, client_id: str, event_id: str) -> Causation | None:
    """What led to one of the client's events and what it led to; named by its id or its sequence."""
    event = found_event(connection, client_id, event_id)
    if event is None:
        return None
    values = {"client": client_id, "correlation": event["correlation_id"], "seq": event["seq"]}
    causes = rows(connection, _CAUSES, values)
    effects = rows(connection, _EFFECTS, values)
    return Causation(event, causes, effects[:MOST], len(effects) > MOST)
