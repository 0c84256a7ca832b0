"""Queries on the library: what a client sees, versions, links, and what changed since an event."""

from __future__ import annotations

from operator import itemgetter

from raro.projections.queries import Connection, Row, one, rows

PUBLIC = "public"
_COLUMNS = ("filename", "size_bytes", "content_type", "sha256", "version", "uploaded_at", "linked")

# The client's own files, and the public ones that no own file of that name hides.
_SEEN = """
    WITH own AS (FROM library_files WHERE client_id = $client),
    seen AS (
        SELECT filename, version, sha256, size_bytes, content_type, uploaded_at, linked, origin, seq,
               CASE client_id WHEN 'public' THEN 'public' ELSE 'private' END AS scope
        FROM own WHERE version IS NOT NULL AND NOT deleted
        UNION ALL
        SELECT p.filename, p.version, p.sha256, p.size_bytes, p.content_type, p.uploaded_at,
               coalesce(own.linked, false), p.origin, greatest(p.seq, coalesce(own.seq, 0)), 'public'
        FROM library_files AS p LEFT JOIN own ON own.filename = p.filename
        WHERE p.client_id = 'public' AND $client <> 'public' AND p.version IS NOT NULL AND NOT p.deleted
          AND (own.version IS NULL OR own.deleted)
    )
"""
_ROW = """
    SELECT filename, size_bytes, content_type, sha256, version, rfc3339(uploaded_at) AS uploaded_at, linked, scope,
           origin, seq
    FROM seen
"""
# What events touched. Nearly always these are live files of the client's own, and all there is to tell.
_TOUCHED = """
    SELECT filename, size_bytes, content_type, sha256, version, rfc3339(uploaded_at) AS uploaded_at, linked, origin,
           seq, client_id, deleted
    FROM library_files WHERE client_id IN ($client, 'public') AND seq > $after
"""
# The names that events touched, with what the client sees of them now: nothing, when it is gone.
_CHANGED = """
    SELECT t.filename, s.size_bytes, s.content_type, s.sha256, s.version, rfc3339(s.uploaded_at) AS uploaded_at,
           s.linked, s.scope, s.origin, s.seq
    FROM (SELECT DISTINCT filename FROM library_files WHERE client_id IN ($client, 'public') AND seq > $after) AS t
    LEFT JOIN seen AS s ON s.filename = t.filename
    ORDER BY t.filename
"""
_VERSIONS = """
    SELECT filename, version, sha256, size_bytes, content_type, rfc3339(uploaded_at) AS uploaded_at, origin, actor, seq
    FROM library_versions WHERE client_id = $client AND filename = $filename
"""


def listing(connection: Connection, client_id: str) -> list[Row]:
    """Every file the client sees, by name."""
    return rows(connection, f"{_SEEN}{_ROW} ORDER BY filename", {"client": client_id}, parse=("origin",))


def changes(connection: Connection, client_id: str, after: int) -> tuple[list[Row], list[str]]:
    """Rows touched by events above `after`, and names that are gone since."""
    arguments = {"client": client_id, "after": after}
    if after:
        # A quarter of the cost of the whole question below, most of which is planning.
        touched = rows(connection, _TOUCHED, arguments, parse=("origin",))
        if all(_is_own_live(row, client_id) for row in touched):
            return sorted(map(_as_seen, touched), key=itemgetter("filename")), []
    touched = rows(connection, f"{_SEEN}{_CHANGED}", arguments, parse=("origin",))
    upserts = [row for row in touched if row["seq"] is not None]
    return upserts, [row["filename"] for row in touched if row["seq"] is None]


def _is_own_live(row: Row, client_id: str) -> bool:
    return row["client_id"] == client_id and row["version"] is not None and not row["deleted"]


def _as_seen(row: Row) -> Row:
    scope = "public" if row["client_id"] == PUBLIC else "private"
    seen = {name: row[name] for name in _COLUMNS}
    return {**seen, "scope": scope, "origin": row["origin"], "seq": row["seq"]}


def linked_names(connection: Connection, client_id: str) -> list[str]:
    """Names of the files the client linked, by name; a linked name whose file is gone is among them."""
    sql = "SELECT filename FROM library_files WHERE client_id = ? AND linked ORDER BY filename"
    return [row["filename"] for row in rows(connection, sql, [client_id])]


def file(connection: Connection, client_id: str, filename: str, version: int | None) -> Row | None:
    """One version of a file as the client sees it, the newest when none is named."""
    sql = f"{_SEEN}{_ROW} WHERE filename = $filename"
    current = one(connection, sql, {"client": client_id, "filename": filename}, parse=("origin",))
    if current is None or version in (None, current["version"]):
        return current
    owner = "public" if current["scope"] == "public" else client_id
    older = one(
        connection,
        f"{_VERSIONS} AND version = $version",
        {"client": owner, "filename": filename, "version": version},
        parse=("origin",),
    )
    return {**current, **older} if older else None


def versions(connection: Connection, client_id: str, filename: str) -> list[Row]:
    """Every version of a file as the client sees it, newest first; empty when there is no such file."""
    current = file(connection, client_id, filename, None)
    owner = "public" if current and current["scope"] == "public" else client_id
    sql = f"{_VERSIONS} ORDER BY version DESC"
    return rows(connection, sql, {"client": owner, "filename": filename}, parse=("origin",))


def removed(connection: Connection, client_id: str) -> list[Row]:
    """Deleted files that have not been replaced, newest deletion first."""
    sql = """
        SELECT filename, version, size_bytes, sha256, content_type, rfc3339(deleted_at) AS deleted_at, seq
        FROM library_files WHERE client_id = ? AND deleted ORDER BY deleted_at DESC, filename
    """
    return rows(connection, sql, [client_id])
