"""What code is taken to have read: the files it names, in either folder, and no file of a similar name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.agents.tools.execute_python import named_in

PATHS = ("input/a.csv", "input/sub/größe (1).csv", "output/one/summary.csv")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pd.read_csv('input/a.csv')", ("input/a.csv",)),
        ("open(f'{folder}/a.csv')", ("input/a.csv",)),
        ("duckdb.sql(\"FROM 'output/one/summary.csv'\")", ("output/one/summary.csv",)),
        ("open('input/sub/größe (1).csv')  # a.csv.", ("input/a.csv", "input/sub/größe (1).csv")),
        ("open('data.csv'); open('a.csv.gz'); open('a.csvx'); open('b-a.csv')", ()),
        ("print(1)", ()),
    ],
)
def test_code_reads_the_files_it_names(code: str, expected: tuple[str, ...]) -> None:
    assert named_in(code, PATHS) == expected


@given(st.text(min_size=1), st.text(), st.text())
def test_a_quoted_name_is_always_found(name: str, before: str, behind: str) -> None:
    assert named_in(f"{before}'{name}'{behind}", [f"input/{name}"]) == (f"input/{name}",)
