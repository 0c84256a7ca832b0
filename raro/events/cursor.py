"""A position in the log that can be proved: stream incarnation, sequence, hash of the event there.

One flipped bit can make the server drop half a stream and reuse the lost numbers without an error
(FACTS.md), so a sequence alone is no position.
"""

from __future__ import annotations

from dataclasses import dataclass

from raro.errors import LogDamaged


def gap(expected: int, came: int) -> LogDamaged:
    """What is raised where an event is missing."""
    return LogDamaged(f"event {expected} should follow, {came} came", expected=expected)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event that was handled; seq 0 and an empty hash stand before the first."""

    incarnation: str
    seq: int = 0
    hash: str = ""

    def check(self, *, incarnation: str, last_seq: int, hash_there: str | None) -> None:
        """Raise LogDamaged unless the log still holds this very position.

        `hash_there` is the hash of the event now stored at `seq`, None when there is none.
        """
        if self.incarnation != incarnation:
            raise LogDamaged(
                f"this cursor belongs to log {self.incarnation}, the server has log {incarnation}. "
                "Start RARO with the storage it was made with, or make the views anew with `raro rebuild`.",
                expected=self.incarnation,
                found=incarnation,
            )
        if last_seq < self.seq:
            raise LogDamaged(
                f"the log ends at event {last_seq}, but event {self.seq} was handled before: events are lost. "
                "Restore the log from a backup; `raro rebuild` accepts the log as it is now.",
                expected=self.seq,
                found=last_seq,
            )
        if self.seq and hash_there != self.hash:
            raise LogDamaged(
                f"event {self.seq} is not the event that was handled before: the log was changed. "
                "Restore the log from a backup; `raro rebuild` accepts the log as it is now.",
                seq=self.seq,
                expected=self.hash,
                found=hash_there,
            )
