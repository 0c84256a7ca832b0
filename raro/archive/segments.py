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


def read_segment(path: Path, begin: int = 0, end: int | None = None) -> Iterator[list[Stored]]:
    """A segment's messages in groups, from row `begin` up to row `end`; only the row groups that hold them are read.

    Raises OSError or pyarrow's ArrowInvalid, a ValueError, when the file is none.
    """
    import pyarrow.parquet as pq

    first = 0
    with pq.ParquetFile(path) as file:
        end = file.metadata.num_rows if end is None else end
        for number in range(file.num_row_groups):
            following = first + file.metadata.row_group(number).num_rows
            if begin < following and first < end:
                skipped = max(0, begin - first)
                rows = file.read_row_group(number).slice(skipped, min(end, following) - first - skipped)
                columns = [column.to_pylist() for column in rows.columns]
                yield [Stored(*row) for row in zip(*columns, strict=True)]
            first = following


def _schema() -> pa.Schema:
    import pyarrow as pa

    numbers = [pa.field(name, pa.int64(), nullable=False) for name in ("seq", "time_ns")]
    return pa.schema(
        [*numbers, *(pa.field(name, pa.binary(), nullable=False) for name in ("subject", "headers", "body"))]
    )
