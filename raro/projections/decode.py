"""Turns a few messages into rows of `events`, as `views/decode.sql` does for many."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from raro.events.reader import RawMessage

Row = list[Any]
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  DuckDB's TIMESTAMP is UTC without saying so


def row_of(message: RawMessage) -> Row:
    """The columns of `events`, in order."""
    text = message.body.decode("utf-8", errors="replace")
    token = [*message.subject.split("."), "", "", "", "", "", ""]
    envelope = _object(text)
    data = {"body": text} if envelope is None else envelope.get("data")
    field = envelope or {}
    return [
        message.seq,
        _or(field.get("id"), f"seq-{message.seq}"),
        _or(field.get("type"), "raro.unreadable"),
        message.subject,
        token[2],
        token[3],
        token[4],
        "unreadable" if envelope is None else token[5],
        _or(field.get("actor"), ""),
        _moment(field.get("time")),
        _or(field.get("correlationid"), ""),
        _or(field.get("causationid"), ""),
        json.dumps({} if data is None else data, ensure_ascii=False, separators=(",", ":")),
    ]


def _object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _or(value: Any, default: str) -> Any:
    return default if value is None else value


def _moment(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return _EPOCH
