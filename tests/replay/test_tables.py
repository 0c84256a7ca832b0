"""Differences of tables, from real files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from raro.replay import tables
from raro.replay.tables import NotCompared, compare


def files(tmp_path: Path, first: bytes, second: bytes) -> tuple[Path, Path]:
    """Two blobs."""
    paths = tmp_path / "first", tmp_path / "second"
    for path, data in zip(paths, (first, second), strict=True):
        path.write_bytes(data)
    return paths


def test_rows_are_told_apart_whatever_their_order(tmp_path: Path) -> None:
    a, b = files(tmp_path, b"name,n\nada,1\nbob,2\nbob,2\neve,\n", b"name,n\neve,\nbob,2\nada,01\nzoe,4\n")
    found = compare(a, b, "csv")
    assert (found.rows_before, found.rows_after) == (4, 4)
    assert found.only_before == (("ada", "1"), ("bob", "2"))
    assert found.only_after == (("ada", "01"), ("zoe", "4"))
    assert (found.rows_removed, found.rows_added, found.notes) == (2, 2, ())


def test_columns_that_came_and_went_are_named_and_the_others_compared(tmp_path: Path) -> None:
    a, b = files(tmp_path, b"id;old;v\n1;x;2\n2;y;3\n", b"v,id,new\n2,1,z\n9,2,z\n")
    found = compare(a, b, "csv")
    assert (found.columns, found.columns_added, found.columns_removed) == (("id", "v"), ("new",), ("old",))
    assert (found.only_before, found.only_after) == ((("2", "3"),), (("2", "9"),))


def test_parquet_is_compared_as_it_is_written(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for path, top in ((a, 3), (b, 4)):
        duckdb.execute(f"COPY (SELECT range AS n, [range] AS list FROM range({top})) TO '{path}' (FORMAT parquet)")
    found = compare(a, b, "parquet")
    assert (found.rows_removed, found.only_after) == (0, (("3", "[3]"),))


def test_other_encodings_are_read(tmp_path: Path) -> None:
    a, b = files(tmp_path, "name\nGröße\n".encode("cp1252"), "name\nGröße\n".encode("utf-16"))
    assert compare(a, b, "csv").rows_added == 0


def test_more_rows_than_are_shown_are_counted(tmp_path: Path) -> None:
    a, b = files(tmp_path, b"n\n1\n", b"n\n1\n" + b"".join(b"%d\n" % n for n in range(1000, 1100)))
    found = compare(a, b, "csv")
    assert (len(found.only_after), found.rows_added) == (50, 100)
    assert found.notes == ("50 of 100 rows that were added are shown",)


@pytest.mark.parametrize("wrong", [b"", b"PAR1 and nothing more", b"\0" * 100])
def test_what_is_no_table_is_not_compared(tmp_path: Path, wrong: bytes) -> None:
    a, b = files(tmp_path, b"n\n1\n", wrong)
    with pytest.raises(NotCompared):
        compare(a, b, "parquet")


def test_tables_without_a_common_column_are_not_compared(tmp_path: Path) -> None:
    with pytest.raises(NotCompared, match="no column in common"):
        compare(*files(tmp_path, b"a,b\n1,2\n3,4\n", b"c,d\n1,2\n3,4\n"), "csv")


def test_tables_that_are_too_large_are_not_compared(tmp_path: Path) -> None:
    a, b = files(tmp_path, b"n\n1\n", b"")
    with b.open("wb") as file:
        file.truncate(tables.MOST_BYTES + 1)
    with pytest.raises(NotCompared, match="64 MiB"):
        compare(a, b, "csv")
