"""Points of the log: what names one, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.errors import BadMoment
from raro.replay.moments import parsed


@given(st.integers(0, 10**18 - 1))
def test_a_sequence_names_itself(seq: int) -> None:
    assert parsed(str(seq)) == seq


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001  bounds have none
)
def test_a_time_is_the_moment_it_names(moment: datetime) -> None:
    assert parsed(moment.isoformat()) == moment


@pytest.mark.parametrize(
    ("text", "shift_h"),
    [("2026-01-31T12:00:00Z", 0), ("2026-01-31t12:00:00z", 0), ("2026-01-31T12:00:00.000000001+02:00", -2)],
)
def test_a_time_may_be_written_in_these_ways(text: str, shift_h: int) -> None:
    assert parsed(text) == datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(hours=shift_h)


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", " 1", "1\n", "1.5", "٣", "1e3", "0x10", "9" * 19, "now", "2026-01-31", "2026-01-31T12:00:00",
     "2026-01-31 12:00:00Z", "2026-01-31T12:00:00 02:00", "2026-02-30T12:00:00Z", "2026-01-31T24:30:00Z",
     "2026-01-31T12:00:60Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
     "2026-01-31T12:00:00+99:00", "run_1", "\0", "é" * 500],
)  # fmt: skip
def test_what_is_no_point_is_named_in_the_refusal(text: str) -> None:
    with pytest.raises(BadMoment) as refused:
        parsed(text)
    assert repr(text[:80]) in refused.value.message
    assert len(refused.value.message) < 1000
