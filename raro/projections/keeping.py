"""Queries for keeping and erasing: what is due, which bytes must stay, what the trees on disk should hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from raro.projections import holding
from raro.projections.artifacts import everything
from raro.projections.queries import Connection, Row, rows

_DUE = """
    SELECT client_id, run_id, path FROM artifacts
    WHERE gone = '' AND NOT pinned AND expires_at <= $now ORDER BY client_id, run_id, path
"""
_OLD_SESSIONS = """
    SELECT client_id, run_id FROM runs WHERE NOT session_expired AND ended_at <= $before
"""
_REFERENCED = """
    SELECT v.sha256 FROM library_versions AS v JOIN library_files AS f USING (client_id, file_id)
    WHERE NOT f.deleted OR f.deleted_at > $before
    UNION
    SELECT v.sha256 FROM artifact_versions AS v JOIN artifacts AS a USING (client_id, run_id, path)
    WHERE a.gone = '' OR a.gone_at > $before
    UNION
    SELECT b.sha256 FROM blob_references AS b JOIN runs AS r USING (client_id, run_id)
    WHERE r.ended_at IS NULL OR r.ended_at + to_seconds(r.retention_days * 86400) > $before
       OR EXISTS (FROM artifacts AS a WHERE a.client_id = r.client_id AND a.run_id = r.run_id
                  AND (a.gone = '' OR a.gone_at > $before))
    UNION
    SELECT l.source_sha256 FROM lineage AS l JOIN runs AS r USING (client_id, run_id)
    WHERE l.relation = 'given' AND r.ended_at IS NULL AND l.source_sha256 IS NOT NULL
    UNION
    SELECT data->>'$.sha256' FROM events WHERE event = 'file_generated' AND NOT EXISTS (
        FROM events AS p WHERE p.event = 'artifact_promoted' AND p.data->>'$.generated_by' = events.id)
"""
_CLEAR = """
    SELECT r.run_id, r.directive, rfc3339(r.started_at) AS created_at, count(*) AS files,
           sum(a.size_bytes)::BIGINT AS size_bytes
    FROM artifacts AS a JOIN runs AS r USING (client_id, run_id)
    WHERE a.client_id = $client AND a.gone = '' AND NOT a.pinned AND r.ended_at <= $before
    GROUP BY ALL ORDER BY created_at
"""


@dataclass(frozen=True, slots=True)
class Due:
    """Artifacts of a run whose time is over, or a session that may go."""

    client_id: str
    run_id: str
    paths: frozenset[str] = frozenset()
    session: bool = False


def due(connection: Connection, now: datetime, session_age: timedelta) -> list[Due]:
    """Runs with something to expire. What something kept was made from stays (`raro/projections/holding`)."""
    over = rows(connection, _DUE, {"now": _plain(now)})
    held = holding.held(connection, over)
    paths: dict[tuple[str, str], set[str]] = {}
    for row in over:
        if (row["client_id"], row["run_id"], row["path"]) not in held:
            paths.setdefault((row["client_id"], row["run_id"]), set()).add(row["path"])
    old = rows(connection, _OLD_SESSIONS, {"before": _plain(now - session_age)})
    return [Due(*run, frozenset(names)) for run, names in paths.items()] + [
        Due(row["client_id"], row["run_id"], session=True) for row in old
    ]


def overdue(connection: Connection, now: datetime) -> list[Row]:
    """Artifacts that stay although their time is over, each with what needs it: `kept_for`."""
    held = holding.held(connection, rows(connection, _DUE, {"now": _plain(now)}))
    return [
        {"client_id": client_id, "run_id": run_id, "path": path, "kept_for": keepers}
        for (client_id, run_id, path), keepers in held.items()
    ]


def referenced(connection: Connection, now: datetime, grace: timedelta) -> frozenset[str]:
    """Every hash whose bytes must stay."""
    found = connection.execute(_REFERENCED, {"before": _plain(now - grace)}).fetchall()
    return frozenset(row[0] for row in found if row[0])


def clear_candidates(connection: Connection, client_id: str, older_than: timedelta, now: datetime) -> list[Row]:
    """Ended runs with live, unpinned artifacts that are older than that, and what they hold."""
    return rows(connection, _CLEAR, {"client": client_id, "before": _plain(now - older_than)})


def expected_blobs(connection: Connection) -> dict[str, int]:
    """Hash and size of everything that is live: what fsck looks for."""
    sql = """
        SELECT DISTINCT v.sha256, v.size_bytes FROM library_versions AS v
        JOIN library_files AS f USING (client_id, file_id) WHERE NOT f.deleted
        UNION
        SELECT DISTINCT v.sha256, v.size_bytes FROM artifact_versions AS v
        JOIN artifacts AS a USING (client_id, run_id, path) WHERE a.gone = ''
        UNION
        SELECT sha256, size_bytes FROM blob_references AS b JOIN runs AS r USING (client_id, run_id)
        WHERE EXISTS (FROM artifacts AS a WHERE a.client_id = r.client_id AND a.run_id = r.run_id AND a.gone = '')
    """
    return {row[0]: row[1] for row in connection.execute(sql).fetchall()}


def library_tree(connection: Connection) -> list[Row]:
    """Client, name and hash of every live library file."""
    return rows(
        connection, "SELECT client_id, filename, sha256 FROM library_files WHERE version IS NOT NULL AND NOT deleted"
    )


def run_trees(connection: Connection) -> list[tuple[str, Row]]:
    """Client and metadata of every run with live artifacts."""
    clients = [row["client_id"] for row in rows(connection, "SELECT DISTINCT client_id FROM artifacts WHERE gone = ''")]
    return [
        (client_id, item["metadata"]) for client_id in sorted(clients) for item in everything(connection, client_id)
    ]


def _plain(moment: datetime) -> datetime:
    """UTC without a zone, as the views keep time."""
    return moment.astimezone(UTC).replace(tzinfo=None)
