"""Values as people read them: sizes, times, and text that cannot take over the terminal."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
# C0 without tab and newline, DEL, and C1: escape sequences and what else a terminal obeys.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Text by a user or an agent, with every control character made visible and harmless."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def one_line(text: str, limit: int = 80) -> str:
    """The beginning of a text on one line."""
    flat = " ".join(plain(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def size(size_bytes: int) -> str:
    """1536 → `1.5 KiB`."""
    value = float(size_bytes)
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{size_bytes} B" if unit == "B" else f"{value:.1f} {unit}"


def moment(timestamp: str | None) -> str:
    """An RFC 3339 time in this machine's zone; empty when there is none."""
    if not timestamp:
        return ""
    return datetime.fromisoformat(timestamp).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def until(timestamp: str | None, now: datetime | None = None) -> str:
    """How long it is until a time: `6 d 23 h`, `59 min`, `over`; empty when there is none."""
    if not timestamp:
        return ""
    return span(datetime.fromisoformat(timestamp) - (now or datetime.now(UTC)))


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    seconds = int(length.total_seconds())
    if seconds <= 0:
        return "over"
    if seconds >= 86_400:
        return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
