"""Makes proofs from the sealed tiles and the stored events; seals first what is not sealed yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from raro.audit.notes import Checkpoint
from raro.audit.proofs import BadProof, Proof, ProvenEvent
from raro.audit.sealed import SealedLog
from raro.audit.sealer import Sealer
from raro.errors import AuditDamaged
from raro.events.log import EventLog
from raro.events.raw import Endpoint, Stored, endpoint_of, read_stored

# Events that lie closer are read in one go.
_NEAR = 2_000


class Prover:
    """Proves events of one log."""

    def __init__(self, log: EventLog, sealer: Sealer) -> None:
        self._log = log
        self._sealer = sealer

    async def prove(self, seqs: Sequence[int]) -> Proof:
        """A proof of events that are in the log. It was checked before it is given.

        Raises AuditDamaged when log, tiles and checkpoint do not agree; LogUnavailable, StorageFault.
        """
        checkpoint = await self._sealer.covering(max(seqs, default=1))
        return await asyncio.to_thread(self._prove, endpoint_of(self._log.nc), sorted(set(seqs)), checkpoint)

    def _prove(self, endpoint: Endpoint, seqs: Sequence[int], checkpoint: Checkpoint) -> Proof:
        sealed: SealedLog = self._sealer.sealed
        node = sealed.tiles.node(checkpoint.size)
        events = [
            ProvenEvent.of(sealed.incarnation, message, node, checkpoint.size) for message in _read(endpoint, seqs)
        ]
        if len(events) != len(seqs):
            missing = next(seq for seq in seqs if seq not in {event.leaf.seq for event in events})
            raise AuditDamaged(f"event {missing} is not in the log any more.")
        key = sealed.verifier()
        if key is None:
            raise AuditDamaged("the public key is gone from storage.")
        proof = Proof(sealed.incarnation, sealed.checkpoints.read(checkpoint.size).note, key, events)
        try:
            proof.check()
        except BadProof as reason:
            raise AuditDamaged(f"{reason}: run `raro audit verify`.") from reason
        return proof


def _read(endpoint: Endpoint, seqs: Sequence[int]) -> Iterator[Stored]:
    wanted = set(seqs)
    for first, last in _spans(seqs):
        for group in read_stored(endpoint, first, last):
            yield from (message for message in group if message.seq in wanted)


def _spans(seqs: Sequence[int]) -> Iterator[tuple[int, int]]:
    """From ascending numbers the stretches to read."""
    begin = end = None
    for seq in seqs:
        if begin is None or end is None:
            begin = end = seq
        elif seq - end <= _NEAR:
            end = seq
        else:
            yield begin, end
            begin = end = seq
    if begin is not None and end is not None:
        yield begin, end
