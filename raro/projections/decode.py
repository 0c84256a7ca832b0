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
    try:
        body = json.loads(text)
        envelope, data = (body, json.dumps(body.get("data", {}), ensure_ascii=False, separators=(",", ":")))
    except (ValueError, AttributeError):
        envelope, data = {}, json.dumps({"body": text}, ensure_ascii=False, separators=(",", ":"))
    return [
        message.seq,
        envelope.get("id", f"seq-{message.seq}"),
        envelope.get("type", "raro.unreadable"),
        message.subject,
        token[2],
        token[3],
        token[4],
        token[5] if envelope else "unreadable",
        envelope.get("actor", ""),
        _moment(envelope.get("time")),
        envelope.get("correlationid", ""),
        envelope.get("causationid", ""),
        data,
    ]


def _moment(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return _EPOCH
