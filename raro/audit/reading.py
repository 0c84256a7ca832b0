"""Reads the whole log once and computes what it was when each checkpoint was signed; judges nothing.

Fed with groups of stored messages in order. Where an event is missing the tree cannot go on: everything up to there
is known, and everything behind it is only counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from raro.audit.leaf import LeafHasher
from raro.audit.merkle import HEIGHT, WIDTH, Tile, Tree
from raro.audit.tiles import TileFolder
from raro.errors import AuditDamaged
from raro.events.catalogue import CheckpointSealed
from raro.events.raw import Stored
from raro.events.subjects import SYSTEM_CLIENT, SYSTEM_ID, subject_of
from raro.events.wire import BATCH_COMMIT, BATCH_ID

_OWN = subject_of(SYSTEM_CLIENT, CheckpointSealed.aggregate, SYSTEM_ID, CheckpointSealed.event).encode()
_BATCH, _COMMIT = f"{BATCH_ID}:".encode(), f"{BATCH_COMMIT}:".encode()
MOST_NAMED = 20
"""So many events are named of those that are wrong in one way; more are only counted."""


@dataclass(slots=True)
class Found:
    """Events that are wrong in one way: how many, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, seq: int, count: int = 1) -> None:
        """`count` events from `seq` on."""
        self.count += count
        self.first += range(seq, seq + min(count, MOST_NAMED - len(self.first)))


@dataclass(frozen=True, slots=True)
class Announced:
    """What an event `checkpoint_sealed` says: at `seq`, `size` events had this root (base64)."""

    seq: int
    size: int
    root: str


class Reading:
    """One pass over the log, with the sizes whose roots are wanted."""

    def __init__(self, incarnation: str, sizes: Iterable[int], tiles: TileFolder) -> None:
        self._hasher = LeafHasher(incarnation)
        self._sizes = sorted(set(sizes), reverse=True)
        self._tiles = tiles
        self._sealed = self._sizes[0] if self._sizes else 0
        self._batch: tuple[bytes, list[int]] | None = None
        self._intact = True
        self.tree = Tree()
        self.roots: dict[int, bytes] = {}
        self.first = 0
        self.last = 0
        self.missing = Found()
        self.changed = Found()
        self.torn = Found()
        self.bad_tiles: list[str] = []
        self.announced: list[Announced] = []

    def take(self, group: Sequence[Stored]) -> None:
        """The next messages."""
        self.first = self.first or group[0].seq
        for run in self._without_gaps(group):
            self.last = run[-1].seq
            self._look_at(run)
            if self._intact:
                self._grow(self._hasher.hashes(run))

    def finish(self, last: int) -> None:
        """The log ends at `last` by its own account."""
        if self.last < last:
            self._miss(self.last + 1, last - self.last)
        if self._batch:
            for seq in self._batch[1]:
                self.torn.add(seq)
        if self._intact:
            for tile in self.tree.partial():
                self._compare(tile, self._sealed)

    def _without_gaps(self, group: Sequence[Stored]) -> Iterable[Sequence[Stored]]:
        if group[0].seq == self.last + 1 and group[-1].seq == self.last + len(group):
            yield group
            return
        begin = 0
        expected = self.last + 1
        for at, message in enumerate(group):
            if message.seq != expected:
                if at > begin:
                    yield group[begin:at]
                self._miss(expected, message.seq - expected)
                begin = at
            expected = message.seq + 1
        yield group[begin:]

    def _miss(self, seq: int, count: int) -> None:
        self.missing.add(seq, count)
        self._intact = False

    def _grow(self, leaves: Sequence[bytes]) -> None:
        """Append, with a stop at each size whose root is wanted."""
        while self._sizes and self._sizes[-1] <= self.tree.size + len(leaves):
            size = self._sizes.pop()
            upto = size - self.tree.size
            self._append(leaves[:upto])
            leaves = leaves[upto:]
            self.roots[size] = self.tree.root()
        self._append(leaves)

    def _append(self, leaves: Sequence[bytes]) -> None:
        for tile in self.tree.append(leaves):
            self._compare(tile, self._sealed)

    def _compare(self, tile: Tile, sealed: int) -> None:
        """Against what was kept when it was sealed: that tells which events are others now."""
        width = min(len(tile.hashes), (sealed >> HEIGHT * tile.level) - tile.number * WIDTH)
        if width <= 0:
            return
        try:
            kept = self._tiles.read(tile.level, tile.number, width)
        except AuditDamaged as damage:
            self.bad_tiles.append(damage.message)
            return
        if tuple(kept) == tile.hashes[:width]:
            return
        differing = [at for at in range(width) if kept[at] != tile.hashes[at]]
        if differing and tile.level == 0:
            for at in differing:
                self.changed.add(tile.number * WIDTH + at + 1)
        elif differing:
            self.bad_tiles.append(f"tile {tile.level}/{tile.number} does not fit to the log.")

    def _look_at(self, run: Sequence[Stored]) -> None:
        batch = self._batch
        for message in run:
            seq, _, subject, headers, _ = message
            if batch and batch[0] in headers and _COMMIT not in headers:
                batch[1].append(seq)
            elif batch or _BATCH in headers:
                self._follow_batch(message)
                batch = self._batch
            if subject == _OWN:
                self._announce(message)

    def _follow_batch(self, message: Stored) -> None:
        batch_id = next((line for line in message.headers.split(b"\r\n") if line.startswith(_BATCH)), None)
        if self._batch and self._batch[0] != batch_id:
            for seq in self._batch[1]:
                self.torn.add(seq)
            self._batch = None
        if batch_id is None or _COMMIT in message.headers:
            self._batch = None
        elif self._batch:
            self._batch[1].append(message.seq)
        else:
            self._batch = (batch_id, [message.seq])

    def _announce(self, message: Stored) -> None:
        try:
            data = json.loads(message.body)["data"]
            self.announced.append(Announced(message.seq, int(data["size"]), str(data["root"])))
        except (ValueError, KeyError, TypeError):
            self.announced.append(Announced(message.seq, -1, ""))
