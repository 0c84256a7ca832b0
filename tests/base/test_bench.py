"""The bench judges its numbers rightly, and its log with a past is one that RARO accepts."""

from pathlib import Path

import pytest

from bench.history import write_history
from bench.reading import Reading, percentile
from raro.events.log import EventLog
from raro.files.blobs import BlobStore


@pytest.mark.parametrize(
    ("value", "at_least", "reached"),
    [(8.0, False, True), (8.1, False, False), (8.0, True, True), (7.9, True, False)],
)
def test_a_target_is_a_limit_from_above_or_from_below(value: float, at_least: bool, reached: bool) -> None:
    assert Reading("some", value, "ms", target=8, at_least=at_least).reached is reached


def test_a_reading_without_a_target_is_neither_reached_nor_missed() -> None:
    assert Reading("some", 8, "ms").reached is None


def test_percentiles_are_of_the_values() -> None:
    values = [float(number) for number in range(101)]
    assert (percentile(values, 50), percentile(values, 99)) == (50.0, 99.0)


async def test_a_past_is_written_as_ordinary_events(log: EventLog, tmp_path: Path) -> None:
    blob = await BlobStore(tmp_path / "blobs").put_bytes(b"report")
    written = await write_history(log, 3, blob)
    assert written == 3 * 20
    history = await log.read_aggregate("bench", "run", "run-000001")
    assert [recorded.event.type.split(".")[2] for recorded in history.events][-2:] == ["agent_finished", "completed"]
