"""The sealer: hashes new events into the tree, keeps the tiles, and only then signs; strictly in order, one at a time.

Emits: checkpoint_sealed. Effect: tiles and a checkpoint on disk, the checkpoint also in the second place.
Safe twice: what was signed is read from disk and compared with the log before anything is added; where the log's
last sealed event, the tiles and the last checkpoint disagree, it signs nothing and says why. Runs where the
storage is held, so there is one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from raro.audit.leaf import LeafHasher
from raro.audit.merkle import WIDTH, Tile, Tree
from raro.audit.notes import Checkpoint, Signer, to_base64
from raro.audit.sealed import SealedLog, SealedTree
from raro.errors import AuditDamaged, RaroError
from raro.events.catalogue import CheckpointSealed
from raro.events.envelope import Cause, new_event
from raro.events.log import EventLog
from raro.events.raw import Endpoint, Stored, endpoint_of, read_stored
from raro.events.subjects import SYSTEM_CLIENT, SYSTEM_ID, subject_of

logger = logging.getLogger(__name__)

_LOOK_S = 0.5
_KEPT_TILES = 1000
_OWN = subject_of(SYSTEM_CLIENT, CheckpointSealed.aggregate, SYSTEM_ID, CheckpointSealed.event).encode()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A checkpoint is signed after so many events or seconds, whichever comes first."""

    events: int = 1000
    seconds: float = 60.0


class Sealer:
    """Seals one log. `head` tells cheaply where the log is."""

    def __init__(self, log: EventLog, sealed: SealedLog, head: Callable[[], int], rhythm: Rhythm) -> None:
        self.sealed = sealed
        self.checkpoint: Checkpoint | None = None
        self.fault: str | None = None
        self.second_fault: str | None = None
        self._log = log
        self._head = head
        self._rhythm = rhythm
        self._looked_at = 0
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Seal on and on, for ever."""
        sealed_at = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK_S)
            waiting, since_s = self._head() - self._looked_at, time.monotonic() - sealed_at
            if waiting >= self._rhythm.events or (waiting and since_s >= self._rhythm.seconds):
                await self._try()
                sealed_at = time.monotonic()

    async def seal(self) -> Checkpoint | None:
        """Seal everything that is in the log now; None for an empty one.

        Where nothing but the last sealing itself is new, that checkpoint stays the last.
        Raises AuditDamaged, LogUnavailable, StorageFault, StorageFull.
        """
        async with self._lock:
            head = await self._log.head()
            made = await asyncio.to_thread(self._seal, endpoint_of(self._log.nc), head)
            self._looked_at = head
            if made is not None:
                await self._record(made)
            return self.checkpoint

    async def covering(self, seq: int) -> Checkpoint:
        """A checkpoint that has event `seq`. Raises as `seal` does."""
        found = self.checkpoint
        if found is None or found.size < seq:
            found = await self.seal()
        if found is None or found.size < seq:
            raise AuditDamaged(f"event {seq} is not in the log that was sealed.")
        return found

    async def _try(self) -> None:
        try:
            await self.seal()
            self.fault = None
        except AuditDamaged as damage:
            if self.fault != damage.message:
                logger.error("the log is not sealed any further: %s", damage)
            self.fault = damage.message
        except RaroError as error:
            logger.warning("sealing waits: %s", error)
            self.fault = error.message

    def _seal(self, endpoint: Endpoint, head: int) -> Checkpoint | None:
        signer = self.sealed.signer()
        state = self.sealed.resume(signer.verifier)
        self.checkpoint = state.checkpoint if state else None
        growth = _Growth(self.sealed, state)
        if head < growth.size:
            raise AuditDamaged(
                f"{growth.size} events were sealed, but the log ends at event {head}: its end is missing."
            )
        for group in read_stored(endpoint, max(1, growth.size), head):
            growth.take(group)
        if growth.size != head:
            raise AuditDamaged(f"event {growth.size + 1} is not in the log.")
        if not growth.worthwhile:
            return None
        self.checkpoint = growth.sign(signer)
        return self.checkpoint

    async def _record(self, made: Checkpoint) -> None:
        await asyncio.to_thread(self._copy)
        sealed = CheckpointSealed(size=made.size, root=to_base64(made.root))
        cause = Cause(f"seal:{made.origin}:{made.size}", "system", f"seal:{made.size}", datetime.now(UTC))
        await self._log.append([new_event(SYSTEM_CLIENT, SYSTEM_ID, sealed, cause)])

    def _copy(self) -> None:
        """Bring to the second place what it lacks; it may have been away."""
        if self.sealed.second is None:
            return
        try:
            there = set(self.sealed.second.sizes())
            for size in self.sealed.checkpoints.sizes():
                if size not in there:
                    self.sealed.second.write(size, self.sealed.checkpoints.read(size).note)
            self.second_fault = None
        except RaroError as error:
            self.second_fault = error.message
            logger.warning("checkpoints are not copied to %s: %s", "the second place", error)


class _Growth:
    """The tree on its way from one checkpoint to the next."""

    def __init__(self, sealed: SealedLog, state: SealedTree | None) -> None:
        self._sealed = sealed
        self._tree = state.tree if state else Tree()
        self._last_leaf = state.last_leaf if state else None
        self._hasher = LeafHasher(sealed.incarnation)
        self._tiles: list[Tile] = []
        self.worthwhile = False

    @property
    def size(self) -> int:
        """Events in it."""
        return self._tree.size

    def take(self, group: Sequence[Stored]) -> None:
        """The next events; of those that were sealed the last one comes once more. Raises AuditDamaged."""
        leaves = self._hasher.hashes(group)
        if self._last_leaf is not None:
            if (group[0].seq, leaves[0]) != (self.size, self._last_leaf):
                raise AuditDamaged(f"event {self.size} is not what was sealed: the log was changed.")
            group, leaves, self._last_leaf = group[1:], leaves[1:], None
        for at, message in enumerate(group):
            if message.seq != self.size + at + 1:
                raise AuditDamaged(f"event {self.size + at + 1} is not in the log.")
        self.worthwhile = self.worthwhile or any(message.subject != _OWN for message in group)
        self._tiles += self._tree.append(leaves)
        if len(self._tiles) > _KEPT_TILES:
            self._write()

    def sign(self, signer: Signer) -> Checkpoint:
        """Keep the tiles, then sign. Raises AuditDamaged, StorageFault."""
        partial = self._tree.partial()
        self._tiles += partial
        self._write()
        made = Checkpoint(self._sealed.origin, self.size, self._tree.root())
        self._sealed.checkpoints.write(made.size, signer.sign(made))
        self._sealed.tiles.tidy(partial)
        return made

    def _write(self) -> None:
        self._sealed.tiles.write(self._tiles)
        self._sealed.tiles.tidy(tile for tile in self._tiles if len(tile.hashes) == WIDTH)
        self._tiles = []
