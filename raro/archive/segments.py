"""Messages as they are stored, in Parquet: everything that a leaf of the hash tree covers, and the body itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from raro.events.raw import Stored

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 20_000


class SegmentWriter:
    """Writes one segment; rows come in the order of the log."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(path, _schema(), compression="zstd")
        self._waiting: list[Stored] = []
        self.rows = 0

    def add(self, group: Sequence[Stored]) -> None:
        """The next messages."""
        self._waiting += group
        self.rows += len(group)
        while len(self._waiting) >= _ROWS:
            self._write(self._waiting[:_ROWS])
            del self._waiting[:_ROWS]

    def close(self) -> None:
        """Write the rest and the file's index."""
        if self._waiting:
            self._write(self._waiting)
        self._writer.close()

    def _write(self, messages: Sequence[Stored]) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.table([list(column) for column in zip(*messages, strict=True)], schema=_schema()))


def read_segment(path: Path) -> Iterator[list[Stored]]:
    """A segment's messages in groups. Raises OSError or pyarrow's ArrowInvalid when the file is none."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            columns = [column.to_pylist() for column in batch.columns]
            yield [Stored(*row) for row in zip(*columns, strict=True)]


def _schema() -> pa.Schema:
    import pyarrow as pa

    numbers = [pa.field(name, pa.int64(), nullable=False) for name in ("seq", "time_ns")]
    return pa.schema(
        [*numbers, *(pa.field(name, pa.binary(), nullable=False) for name in ("subject", "headers", "body"))]
    )
