"""Values in JSON and CSV: exact where a reader of doubles is exact, text where it is not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.analytics.values import EXACT_INTEGER, csv_rows, is_temporal, json_row, json_value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (EXACT_INTEGER, EXACT_INTEGER),
        (EXACT_INTEGER + 1, "9007199254740992"),
        (-(2**127), str(-(2**127))),
        (Decimal("1.50"), 1.5),
        (Decimal("12345678901234.567"), "12345678901234.567"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        (b"\x00\xff", "AP8="),
        (datetime(2026, 1, 2, 3, 4, 5, 600000), "2026-01-02T03:04:05.600000Z"),  # noqa: DTZ001  as DuckDB gives it
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(1, 2), "01:02:00"),
        (timedelta(days=2), "2 days, 0:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": [1, float("inf")]}, {"a": [1, "Infinity"]}),
        ({(1, 2): 3}, {"[1, 2]": 3}),
    ],
)
def test_a_value_as_json(value: Any, expected: Any) -> None:
    assert json_value(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02 03:04:05.6", "2026-01-02T03:04:05.6Z"),
        ("2026-01-02 03:04:05+00", "2026-01-02T03:04:05Z"),
        ("infinity", "infinity"),
        ("0044-03-15 (BC) 00:00:00", "0044-03-15 (BC) 00:00:00"),
    ],
)
def test_a_moment_that_arrives_as_text(text: str, expected: str) -> None:
    assert json_value(text, "TIMESTAMP WITH TIME ZONE") == expected
    assert json_value(text, "VARCHAR") == text


def test_a_json_column_is_json_and_what_cannot_be_read_stays_text() -> None:
    assert json_value('{"a": [9007199254740993]}', "JSON") == {"a": ["9007199254740993"]}
    deep = "[" * 100_000
    assert json_value(deep, "JSON") == deep


def test_a_list_of_moments_is_a_list() -> None:
    assert is_temporal("TIMESTAMP")
    assert not is_temporal("TIMESTAMP[]")


@given(st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())))
def test_any_row_is_json_that_a_strict_reader_takes(row: list[Any]) -> None:
    text = json_row(row, [""] * len(row))

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert len(json.loads(text, parse_constant=refuse)) == len(row)


def test_csv_quotes_what_needs_it_and_leaves_null_empty() -> None:
    assert csv_rows([["a", 'b"c', None, 1.5, [1, 2]]]) == 'a,"b""c",,1.5,"[1,2]"\r\n'
