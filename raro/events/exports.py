"""Events as files for others: JSON Lines, CloudEvents in JSON, Parquet.

A writer takes events in the form of `/audit/events`, some at a time, and gives what is to be written so far. Where
they come from and where the bytes go is others' business.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from raro.events.envelope import SOURCE

Format = Literal["jsonl", "cloudevents", "parquet"]
Row = Mapping[str, Any]

MEDIA_TYPES: Mapping[Format, str] = {
    "jsonl": "application/jsonl",
    "cloudevents": "application/cloudevents-batch+json",
    "parquet": "application/vnd.apache.parquet",
}
ENDINGS: Mapping[Format, str] = {"jsonl": "jsonl", "cloudevents": "json", "parquet": "parquet"}


class Writer(Protocol):
    """Makes one file of events that come some at a time."""

    def add(self, events: Sequence[Row]) -> bytes:
        """The bytes that follow for these events; may be none yet."""

    def end(self) -> bytes:
        """The bytes that close the file."""


def writer(format: Format) -> Writer:
    """A writer of one file in this format."""
    kinds: dict[Format, type[Writer]] = {"jsonl": JsonLines, "cloudevents": CloudEvents, "parquet": Parquet}
    return kinds[format]()


class JsonLines(Writer):
    """One event a line, as `/audit/events` has it."""

    def add(self, events: Sequence[Row]) -> bytes:
        """A line for each."""
        return b"".join(_json(event) + b"\n" for event in events)

    def end(self) -> bytes:
        """Nothing more."""
        return b""


class CloudEvents(Writer):
    """A batch in the JSON format of CloudEvents 1.0: an array of events in structured mode."""

    def __init__(self) -> None:
        self._begun = False

    def add(self, events: Sequence[Row]) -> bytes:
        """The next elements of the array."""
        parts = []
        for event in events:
            parts.append((b",\n" if self._begun else b"[\n") + _json(cloud_event(event)))
            self._begun = True
        return b"".join(parts)

    def end(self) -> bytes:
        """The array's end."""
        return b"\n]\n" if self._begun else b"[]\n"


class Parquet(Writer):
    """One row an event, `data` as JSON text, compressed with zstd."""

    def __init__(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = ("id", "type", "subject", "client_id", "actor", "correlation_id", "causation_id", "data")
        fields = [("seq", pa.int64()), ("time", pa.timestamp("ms", "UTC")), *((name, pa.string()) for name in texts)]
        self._schema = pa.schema(fields)
        self._file = io.BytesIO()
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")

    def add(self, events: Sequence[Row]) -> bytes:
        """A row group of these."""
        import pyarrow as pa

        if events:
            rows = [
                {**event, "time": datetime.fromisoformat(event["time"]), "data": _json(event["data"]).decode()}
                for event in events
            ]
            self._writer.write_table(pa.Table.from_pylist(rows, schema=self._schema))
        return self._taken()

    def end(self) -> bytes:
        """The index of the file."""
        self._writer.close()
        return self._taken()

    def _taken(self) -> bytes:
        # The writer counts for itself where it is: what it wrote need not stay.
        written = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return written


def cloud_event(event: Row) -> dict[str, Any]:
    """The event in structured mode, as it was written; `sequence` (CloudEvents' extension) is its place in the log."""
    return {
        "specversion": "1.0",
        "id": event["id"],
        "type": event["type"],
        "source": SOURCE,
        "subject": event["subject"],
        "time": event["time"],
        "datacontenttype": "application/json",
        "clientid": event["client_id"],
        "actor": event["actor"],
        "correlationid": event["correlation_id"],
        "causationid": event["causation_id"],
        # Of equal length, so that text order is the order of the log.
        "sequence": f"{event['seq']:020d}",
        "data": event["data"],
    }


def _json(value: Any) -> bytes:
    # A lone surrogate, which JSON can hold and UTF-8 cannot, becomes the escape it came as.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
