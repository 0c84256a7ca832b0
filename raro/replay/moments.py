"""Points of the log as people name them: an event's sequence, or a time.

A time means what was known then: everything up to the last event that is not later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from raro.errors import BadMoment, MomentAhead
from raro.projections import audit
from raro.projections.views import Views

_SEQ = re.compile(r"[0-9]{1,18}", re.ASCII)
# RFC 3339, section 5.6.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of the log: after event `seq`, 0 before the first; `time` is that event's, RFC 3339."""

    seq: int
    time: str | None


def parsed(text: str) -> int | datetime:
    """The sequence or the time that a text names. Raises BadMoment."""
    if _SEQ.fullmatch(text):
        return int(text)
    if _TIME.fullmatch(text):
        try:
            # To UTC at once: a time just outside the calendar is none either.
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadMoment(
        f"{text[:_SHOWN]!r} is no point of the log. Name an event's sequence, such as 120, or a time with its zone as "
        "RFC 3339 has it, such as 2026-01-31T12:00:00Z (in an address a + is written %2B).",
        at=text[:_SHOWN],
    )


async def moment(views: Views, head: int, text: str, *, now: datetime, timeout_s: float) -> Moment:
    """The point that a text names, in a log whose last event is `head`; waits until the views know the event.

    Raises BadMoment, ViewsUnavailable; MomentAhead for what has not happened yet.
    """
    named = parsed(text)
    if isinstance(named, datetime):
        last = await views.ask(audit.time_at, views.seq)
        # Events of a machine whose clock is ahead have happened all the same.
        if named > now and (last is None or named > datetime.fromisoformat(last)):
            raise _ahead(text, head)
        seq = await views.ask(audit.seq_at, named)
    else:
        if named > head:
            raise _ahead(text, head)
        await views.wait_for(named, timeout_s)
        seq = named
    return Moment(seq, await views.ask(audit.time_at, seq))


def _ahead(text: str, head: int) -> MomentAhead:
    return MomentAhead(f"{text[:_SHOWN]} is still to come: the log ends at event {head}, now.", at=text, head=head)
