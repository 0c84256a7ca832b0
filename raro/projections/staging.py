"""Batches made ready for DuckDB: in parts that it can digest, as columns that it reads without copying them first."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, compress
from typing import TYPE_CHECKING

from raro.events.columns import Columns
from raro.events.reader import RawMessage

if TYPE_CHECKING:
    import pyarrow as pa

# Buffers of some 10 MB are made in two thirds of the time that one large one takes.
_PIECE_ROWS = 16_384
_STEP_ROWS, _STEP_BYTES = 2048, 8 * 1024 * 1024


def digestible(batch: Sequence[RawMessage]) -> Iterator[Sequence[RawMessage]]:
    """The batch in parts of which DuckDB never takes too many bytes in one step: it needs some thirty times as much."""
    if len(batch) > _STEP_ROWS and max([len(body) for _, _, body, _, _ in batch]) * _STEP_ROWS <= _STEP_BYTES:
        yield batch
        return
    begin = step = size_bytes = 0
    for at, message in enumerate(batch):
        if at - step == _STEP_ROWS:
            step, size_bytes = at, 0
        size_bytes += len(message.body)
        if size_bytes > _STEP_BYTES and at > begin:
            yield batch[begin:at]
            begin = step = at
            size_bytes = len(message.body)
    yield batch[begin:]


def get_ready() -> None:
    """Load what `arrow_of` needs, for somebody who has time for it now and not later."""
    import pyarrow  # noqa: F401


def arrow_of_columns(columns: Columns) -> pa.Table | None:
    """All events that are not torn, as `arrow_of` makes them; None where there is none, or too much for one step."""
    import pyarrow as pa

    seqs: Sequence[int] = range(columns.first, columns.last + 1)
    subjects, bodies = columns.subjects, columns.bodies
    if columns.torn:
        whole = [seq not in columns.torn for seq in seqs]
        seqs = list(compress(seqs, whole))
        subjects, bodies = list(compress(subjects, whole)), list(compress(bodies, whole))
    steps = (bodies[begin : begin + _STEP_ROWS] for begin in range(0, len(bodies), _STEP_ROWS))
    if not bodies or any(sum(map(len, step)) > _STEP_BYTES for step in steps):
        return None
    pieces = (slice(begin, begin + _PIECE_ROWS) for begin in range(0, len(bodies), _PIECE_ROWS))
    return pa.Table.from_batches([_batch(seqs[piece], subjects[piece], bodies[piece]) for piece in pieces])


def arrow_of(events: Sequence[RawMessage]) -> pa.Table:
    """The messages as columns, from buffers: `pa.array` would import pandas, which takes a second and 40 MB."""
    # Only here: a log that is looked after event by event has no need of it.
    import pyarrow as pa

    return pa.Table.from_batches(
        [_batch_of(events[begin : begin + _PIECE_ROWS]) for begin in range(0, len(events), _PIECE_ROWS)]
    )


def _batch_of(events: Sequence[RawMessage]) -> pa.RecordBatch:
    seqs = [seq for seq, _, _, _, _ in events]
    subjects = [subject.encode() for _, subject, _, _, _ in events]
    return _batch(seqs, subjects, [body for _, _, body, _, _ in events])


def _batch(seqs: Sequence[int], subjects: Sequence[bytes], bodies: Sequence[bytes]) -> pa.RecordBatch:
    import pyarrow as pa

    places = pa.py_buffer(array("q", seqs))
    seq = pa.Array.from_buffers(pa.int64(), len(seqs), [None, places])
    return pa.RecordBatch.from_arrays([seq, _text(subjects), _text(bodies)], names=["seq", "subject", "body"])


def _text(values: Sequence[bytes]) -> pa.Array:
    import pyarrow as pa

    joined = b"".join(values)
    if not joined.isascii():
        try:
            joined.decode()
        except UnicodeDecodeError:
            values = [value.decode("utf-8", errors="replace").encode() for value in values]
            joined = b"".join(values)
    offsets = array("i", accumulate(map(len, values), initial=0))
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(joined))
