"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.cli.text import one_line, plain, size, span, until


@given(st.text())
def test_no_text_can_command_the_terminal(text: str) -> None:
    shown = plain(text)
    assert not [char for char in shown if (ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160]


@given(st.text(alphabet=st.characters(exclude_categories=["Cc"])))
def test_text_without_control_characters_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@given(st.text(), st.integers(min_value=1, max_value=100))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    assert "\n" not in one_line(text, limit)
    assert len(one_line(text, limit)) <= limit


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1_572_864, "1.5 MiB"),
        (2**31, "2.0 GiB"),
        (2**50, "1024.0 TiB"),
    ],
)
def test_sizes(size_bytes: int, text: str) -> None:
    assert size(size_bytes) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=6, hours=23, minutes=59), "6 d 23 h"),
        (timedelta(hours=2, minutes=5), "2 h 5 min"),
        (timedelta(seconds=90), "1 min"),
        (timedelta(seconds=9), "9 s"),
        (timedelta(0), "over"),
    ],
)
def test_lengths_of_time(length: timedelta, text: str) -> None:
    assert span(length) == text


def test_until_counts_from_now() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert until("2030-01-08T00:00:00.000Z", now) == "7 d 0 h"
    assert until(None, now) == ""
