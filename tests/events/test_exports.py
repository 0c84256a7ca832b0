"""Files of events: each form can be read back, whatever pieces it was made in."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raro.events.envelope import parse_event
from raro.events.exports import ENDINGS, MEDIA_TYPES, Format, cloud_event, writer

_TEXTS = st.text(max_size=8)
_DATA = st.dictionaries(_TEXTS, st.none() | st.booleans() | st.integers() | _TEXTS | st.lists(_TEXTS), max_size=3)


def event(seq: int, data: dict[str, Any]) -> dict[str, Any]:
    """An event as `/audit/events` has it."""
    return {
        "seq": seq,
        "id": f"id-{seq}",
        "type": "raro.run.danced.v9",
        "subject": "raro.evt.ada.run.run_1.danced",
        "client_id": "ada",
        "actor": "user:ada",
        "time": "2026-01-01T00:00:01.250Z",
        "correlation_id": "run_1",
        "causation_id": "before",
        "data": data,
    }


@st.composite
def pieces(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Events in pieces, some of them empty."""
    events = [event(seq, data) for seq, data in enumerate(draw(st.lists(_DATA, max_size=8)), start=1)]
    cuts = sorted(draw(st.lists(st.integers(0, len(events)), max_size=3)))
    return [events[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(events)], strict=True)]


def written(format: Format, given_pieces: list[list[dict[str, Any]]]) -> bytes:
    """The whole file."""
    file = writer(format)
    return b"".join([*(file.add(piece) for piece in given_pieces), file.end()])


@given(pieces())
def test_every_line_of_json_lines_is_an_event(given_pieces: list[list[dict[str, Any]]]) -> None:
    lines = written("jsonl", given_pieces).decode().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == [row for piece in given_pieces for row in piece]


@given(pieces())
def test_cloud_events_are_one_array(given_pieces: list[list[dict[str, Any]]]) -> None:
    found = json.loads(written("cloudevents", given_pieces))
    assert found == [cloud_event(row) for piece in given_pieces for row in piece]


# pyarrow is imported when the first file is made.
@settings(deadline=None)
@given(pieces())
def test_parquet_holds_the_same_rows(given_pieces: list[list[dict[str, Any]]]) -> None:
    table = pq.read_table(io.BytesIO(written("parquet", given_pieces)))
    found = [{**row, "time": "2026-01-01T00:00:01.250Z", "data": json.loads(row["data"])} for row in table.to_pylist()]
    assert found == [row for piece in given_pieces for row in piece]
    assert all(row["time"] == datetime.fromisoformat("2026-01-01T00:00:01.250Z") for row in table.to_pylist())


def test_a_cloud_event_is_what_the_log_holds() -> None:
    found = cloud_event(event(7, {"steps": 1}))
    read = parse_event(json.dumps(found).encode())
    assert (read.id, read.client_id, read.causation_id) == ("id-7", "ada", "before")
    assert found["specversion"] == "1.0"
    assert found["sequence"] > cloud_event(event(6, {}))["sequence"]


@pytest.mark.parametrize("format", list(MEDIA_TYPES))
def test_half_a_character_is_no_reason_to_stop(format: Format) -> None:
    body = written(format, [[event(1, {"text": "half \ud83d here"})]])
    if format == "jsonl":
        assert json.loads(body)["data"] == {"text": "half \ud83d here"}
    assert len(body) > 100
    assert set(ENDINGS) == set(MEDIA_TYPES)
