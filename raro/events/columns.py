"""Events by the hundred thousand, as columns: what the views are built from when they are far behind.

What `raro.events.raw` reads, without an object for each message: that costs as much again as to read it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from raro.events.cursor import gap
from raro.events.envelope import body_hash
from raro.events.raw import COMMIT_LINE, ID_LINE, Endpoint, Reading, broken_off
from raro.events.reader import RawMessage
from raro.events.upcasters import CURRENT, Upcasters


@dataclass(frozen=True, slots=True)
class Columns:
    """Events that follow each other without a gap, the first at sequence `first`, bodies in the current version.

    `torn` are the sequences of members of a batch whose commit was lost, `stored` the bytes of those bodies that an
    upcaster changed, by sequence (`RawMessage`).
    """

    first: int
    subjects: list[bytes]
    bodies: list[bytes]
    torn: frozenset[int] = frozenset()
    stored: dict[int, bytes] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The sequence of the last one."""
        return self.first + len(self.bodies) - 1

    @property
    def last_hash(self) -> str:
        """The hash of the last one's bytes as stored, for a cursor."""
        return body_hash(self.stored.get(self.last, self.bodies[-1]))

    def messages(self) -> list[RawMessage]:
        """The same, one by one."""
        return [
            RawMessage(seq, str(subject, "utf-8", "replace"), body, seq in self.torn, self.stored.get(seq))
            for seq, (subject, body) in enumerate(zip(self.subjects, self.bodies, strict=True), self.first)
        ]


def read_columns(
    endpoint: Endpoint, first: int, last: int, *, most: int, most_bytes: int, upcasters: Upcasters = CURRENT
) -> Iterator[Columns]:
    """Yield the events from sequence `first` to `last` in order, some `most` events or `most_bytes` at once; blocks.

    Only whole atomic batches: one at the end that still lacks its commit is left out.
    Raises LogDamaged at a gap, LogUnavailable when the server does not answer or goes away.
    """
    if first > last:
        return
    gathering = _Gathering(first, upcasters)
    try:
        with Reading(endpoint, first, last) as reading:
            for data in reading.data():
                gathering.take(reading, data)
                if len(gathering.bodies) < most and gathering.size_bytes < most_bytes:
                    continue
                if columns := gathering.give():
                    yield columns
    except (OSError, ssl.SSLError) as error:
        raise broken_off(error) from error
    if rest := gathering.give():
        yield rest


class _Gathering:
    """What was read and not handed out yet."""

    def __init__(self, first: int, upcasters: Upcasters) -> None:
        self.subjects: list[bytes] = []
        self.bodies: list[bytes] = []
        self.size_bytes = 0
        self._first = first
        self._upcasters = upcasters
        self._torn: list[int] = []
        # Where the batch begins that has not committed yet, and its header line.
        self._open_at: int | None = None
        self._open_id = b""

    def take(self, reading: Reading, data: bytes) -> None:
        """The events that are in `data` as a whole."""
        place, last, find, ready = 0, reading.last, data.find, len(data) - 2
        subjects, bodies, before = self.subjects, self.bodies, len(self.bodies)
        expected = self._first + before
        while not reading.done and (end := find(b"\r\n", place)) >= 0:
            words, begin = data[place:end].split(b" "), end + 2
            # [H]MSG <subject> 2 <reply> [<header bytes>] <bytes>; a regular expression takes half as long again.
            if len(words) < 5 or not words[3].startswith(b"$JS.ACK."):
                if (after := reading.other(data, place)) == place:
                    break
                place = after
                continue
            after = begin + int(words[-1])
            if after > ready:
                break
            # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
            token = words[3].split(b".")
            if int(token[5]) != expected:
                raise gap(expected, int(token[5]))
            middle = begin + (int(words[4]) if len(words) == 6 else 0)
            if (at := find(ID_LINE, begin, middle)) >= 0:
                if self._open_at is None or not data.startswith(self._open_id, at):
                    self._begin_batch(data[at : find(b"\r\n", at + 2) + 2])
                if find(COMMIT_LINE, begin, middle) >= 0:
                    self._open_at = None
            elif self._open_at is not None:
                self._tear()
            subjects.append(words[1])
            bodies.append(data[middle:after])
            reading.done = expected >= last or token[8] == b"0"
            expected += 1
            place = after + 2
        reading.rest = data[place:]
        self.size_bytes += sum(map(len, bodies[before:]))

    def give(self) -> Columns | None:
        """All but an open batch at the end, which stays; None when that is nothing."""
        end = len(self.bodies) if self._open_at is None else self._open_at
        if not end:
            return None
        bodies, stored = self._current(self.bodies[:end])
        given = Columns(self._first, self.subjects[:end], bodies, frozenset(self._torn), stored)
        del self.subjects[:end], self.bodies[:end]
        self._first += end
        self._open_at = None if self._open_at is None else 0
        self._torn.clear()
        self.size_bytes = sum(map(len, self.bodies))
        return given

    def _begin_batch(self, header_line: bytes) -> None:
        self._tear()
        self._open_at, self._open_id = len(self.bodies), header_line

    def _tear(self) -> None:
        """The open batch was followed by something else before it committed."""
        if self._open_at is not None:
            self._torn += range(self._first + self._open_at, self._first + len(self.bodies))
            self._open_at = None

    def _current(self, bodies: list[bytes]) -> tuple[list[bytes], dict[int, bytes]]:
        if not self._upcasters.change_anything:
            return bodies, {}
        current = list(map(self._upcasters.upcast, bodies))
        pairs = zip(bodies, current, strict=True)
        return current, {seq: old for seq, (old, new) in enumerate(pairs, self._first) if old is not new}
