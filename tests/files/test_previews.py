"""Previews: pages of tables, pieces of texts, bytes of the rest, and damage that is told instead of raised."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from raro.files.previews import TEXT_BYTES, Preview, preview
from raro.files.tables import Page

EXAMPLES = Path(__file__).parents[2] / "examples"
CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"


def look(folder: Path, data: bytes, content_type: str = CSV, page: Page | None = None) -> Preview:
    """Preview these bytes under a name without an ending, as blobs have."""
    path = folder / "0123abcd"
    path.write_bytes(data)
    return preview(path, content_type, page or Page())


@pytest.mark.parametrize(("name", "content_type"), [("penguins.csv", CSV), ("penguins.parquet", PARQUET)])
def test_a_table_has_types_a_page_and_figures(name: str, content_type: str) -> None:
    seen = preview(EXAMPLES / name, content_type, Page(offset=340, limit=3))
    assert (seen.kind, seen.total_rows, len(seen.rows), seen.next_offset) == ("table", 344, 3, 343)
    species = seen.columns[0]
    assert (species.name, [bar.count for bar in species.bars]) == ("species", [152, 124, 68])
    mass = next(column for column in seen.columns if column.name == "body_mass_g")
    assert (mass.nulls, sum(bar.count for bar in mass.bars)) == (2, 342)


def test_the_last_page_has_none_behind_it() -> None:
    assert preview(EXAMPLES / "penguins.csv", CSV, Page(offset=340, limit=4)).next_offset is None


def test_a_page_is_sorted_over_the_whole_table(tmp_path: Path) -> None:
    numbers = list(range(60_000))
    random.Random(1).shuffle(numbers)
    data = "v,name\n" + "".join(f"{number},x{number % 7}\n" for number in numbers)
    seen = look(tmp_path, data.encode(), page=Page(offset=10, limit=2, sort="v", descending=True))
    assert seen.rows == (("59989", "x6"), ("59988", "x5"))
    assert (seen.total_rows, seen.note) == (60_000, "Shown: figures are of the first 50,000 rows.")


def test_a_large_table_is_counted_paged_and_sorted_quickly_enough(tmp_path: Path) -> None:
    data = "id,name,value\n" + "".join(f"{row},n{row % 100},{row * 1.5}\n" for row in range(200_000))
    seen = look(tmp_path, data.encode(), page=Page(offset=199_998, limit=5))
    assert (seen.total_rows, seen.sampled_rows, seen.next_offset) == (200_000, 50_000, None)
    assert [row[0] for row in seen.rows] == ["199998", "199999"]


def test_without_figures_a_page_has_names_types_and_rows(tmp_path: Path) -> None:
    seen = look(tmp_path, b"v,w\n1,x\n2,y\n", page=Page(limit=1, sort="v", descending=True, figures=False))
    assert [(column.name, column.type, column.bars) for column in seen.columns] == [
        ("v", "BIGINT", ()),
        ("w", "VARCHAR", ()),
    ]
    assert (seen.rows, seen.total_rows, seen.next_offset) == ((("2", "y"),), None, 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-16-be"])
def test_a_table_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    seen = look(tmp_path, f"{mark}größe,b\nä,1\n".encode(encoding))
    assert ([column.name for column in seen.columns], seen.rows) == (["größe", "b"], (("ä", "1"),))


def test_letters_that_latin_1_has_not_are_read_as_windows_writes_them(tmp_path: Path) -> None:
    assert look(tmp_path, "a,b\n“q” €,1\n".encode("cp1252")).rows == (("“q” €", "1"),)


def test_one_wrong_byte_far_behind_costs_no_row(tmp_path: Path) -> None:
    data = b"v,w\n" + b"".join(b"%d,x\n" % row for row in range(60_000)) + "7,ä\n".encode("latin-1") + b"8,z\n"
    assert look(tmp_path, data, page=Page(offset=59_999)).rows == (("59999", "x"), ("7", "\ufffd"), ("8", "z"))


def test_cells_stand_as_they_do_in_the_file(tmp_path: Path) -> None:
    seen = look(tmp_path, b"zip,when,price,land\n01234,31.12.2020,1.50,NA\n00007,01.02.2021,NA,DE\n")
    assert seen.rows == (("01234", "31.12.2020", "1.50", "NA"), ("00007", "01.02.2021", "NA", "DE"))
    assert [column.type for column in seen.columns] == ["VARCHAR", "DATE", "DOUBLE", "VARCHAR"]
    assert [column.nulls for column in seen.columns] == [0, 0, 1, 0]
    assert seen.columns[1].min == "2020-12-31"


def test_dates_are_sorted_as_dates(tmp_path: Path) -> None:
    data = b"when,n\n31.12.2020,1\n01.02.2021,2\n15.06.2019,3\n"
    assert [row[1] for row in look(tmp_path, data, page=Page(sort="when")).rows] == ["3", "1", "2"]


def test_a_cell_that_fits_no_number_is_shown_where_it_stands(tmp_path: Path) -> None:
    data = b"v,w\n" + b"1,x\n" * 60_000 + b"none,y\n2,z\n"
    assert look(tmp_path, data, page=Page(offset=59_999)).rows == (("1", "x"), ("none", "y"), ("2", "z"))
    assert look(tmp_path, data, page=Page(sort="v", descending=True, limit=1)).rows == (("2", "z"),)


def test_semicolons_above_decimal_commas_separate(tmp_path: Path) -> None:
    seen = look(tmp_path, b"a;b\n1,5;2,5\n")
    assert ([column.name for column in seen.columns], seen.rows) == (["a", "b"], (("1,5", "2,5"),))


def test_lines_above_the_header_are_left_out_and_named(tmp_path: Path) -> None:
    seen = look(tmp_path, b"Report of July\n\na,b,c\n1,2,3\n4,5,6\n")
    assert [column.name for column in seen.columns] == ["a", "b", "c"]
    assert seen.note == "Shown: without its first 2 lines, which are no rows."


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b'a,b\n"open,2\n3,4\n', (('"open', "2"), ("3", "4"))),
        (b"a,b\n1,2,3\n4\n", (("1", "2", "3"), ("4", None, None))),
        (b'a,b\n"x\ny",2\n"say ""hi""",3\n', (("x\ny", "2"), ('say "hi"', "3"))),
        (b"a,b\n1\0,2\n", (("1\0", "2"),)),
        (b"a,b\r1,2\r3,4\r", (("1", "2"), ("3", "4"))),
    ],
)
def test_odd_rows_are_all_there(tmp_path: Path, data: bytes, rows: tuple[tuple[str | None, ...], ...]) -> None:
    assert look(tmp_path, data).rows == rows


def test_whole_numbers_and_days_have_bars_of_their_own(tmp_path: Path) -> None:
    seen = look(tmp_path, b"year,day\n2007,2020-01-01\n2009,2020-01-03\n2009,2020-01-03\n")
    assert [[(bar.label, bar.count) for bar in column.bars] for column in seen.columns] == [
        [("2007", 1), ("2008", 0), ("2009", 2)],
        [("2020-01-01", 1), ("2020-01-02", 0), ("2020-01-03", 2)],
    ]


@pytest.mark.parametrize(
    "data",
    [b"v\n1e308\n-1e308\n", b"v\nnan\ninf\n1.5\n", b"v\n9223372036854775807\n-9223372036854775808\n"],
)
def test_numbers_at_the_edge_do_not_hide_the_table(tmp_path: Path, data: bytes) -> None:
    seen = look(tmp_path, data)
    assert (seen.kind, [row[0] for row in seen.rows]) == ("table", data.decode().split()[1:])


def test_columns_of_every_type_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "made"
    duckdb.sql(
        "COPY (SELECT [TIMESTAMP '2020-01-01'] AS lists, [1.5::DECIMAL(9, 2)] AS decimals, {'a': 1} AS struct, "
        "MAP {'k': 1} AS map, 'x'::BLOB AS bytes, uuid() AS id, TRUE AS yes, 'infinity'::TIMESTAMP AS never, "
        "TIME '10:00' AS clock, TIMESTAMPTZ '2020-01-01 10:00:00+00' AS zoned, NULL AS nothing) "
        f"TO '{path}' (FORMAT parquet)"
    )
    seen = preview(path, PARQUET, Page(sort="map"))
    assert (seen.kind, len(seen.columns), seen.rows[0][0]) == ("table", 11, "['2020-01-01 00:00:00']")


def test_a_table_of_very_many_columns_is_cut_and_says_so(tmp_path: Path) -> None:
    seen = look(tmp_path, (",".join(f"c{at}" for at in range(600)) + "\n" + ",".join("1" * 600) + "\n").encode())
    assert (len(seen.columns), len(seen.rows[0])) == (500, 500)
    counted = sum(column.min is not None for column in seen.columns)
    # On a busy machine there is not time for all, and it has to say for how many there was.
    late = "" if counted == 500 else f"; figures are of the first {counted} columns"
    assert seen.note == f"Shown: the first 500 of 600 columns{late}."


@pytest.mark.parametrize(
    "data",
    [
        b"a,b\n1,2,3\n4\n",
        b'a,b\n"open,2\n3,4\n',
        b"a,b\n1\0,2\n",
        b"one",
        b"\n\n",
        b";;;\n" * 3,
        b'"a""b",c\n"x\ny",2\n',
    ],
)
def test_an_odd_table_is_shown_somehow(tmp_path: Path, data: bytes) -> None:
    assert look(tmp_path, data).kind in ("table", "text")


def test_a_column_may_have_any_name(tmp_path: Path) -> None:
    seen = look(tmp_path, b'v,"a""b",count(*),bar\n1,2,3,4\n', page=Page(sort='a"b'))
    assert [column.name for column in seen.columns] == ["v", 'a"b', "count(*)", "bar"]
    assert seen.rows == (("1", "2", "3", "4"),)


def test_a_long_cell_is_cut_and_says_so(tmp_path: Path) -> None:
    cell = look(tmp_path, b"a,b\n" + b"x" * 5000 + b",1\n").rows[0][0]
    assert cell is not None
    assert (len(cell), cell[-7:]) == (2007, "… (cut)")


@pytest.mark.parametrize("data", [b"PAR1" + bytes(range(256)) * 2 + b"PAR1", b"PAR1", bytes(100)])
def test_a_damaged_table_is_its_bytes_and_the_reason(tmp_path: Path, data: bytes) -> None:
    seen = look(tmp_path, data, PARQUET)
    assert seen.kind == "hex" or seen.text == "PAR1"
    assert seen.note is not None
    assert seen.note.startswith("It cannot be read as a table: ")
    assert str(tmp_path) not in seen.note


def test_a_table_can_reach_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\nsecret\n")
    hostile = f"a,b\n1,2\n', (SELECT * FROM read_csv('{tmp_path}/secret.csv')), '\n"
    assert "secret\n" not in str(look(tmp_path, hostile.encode()).rows)


def test_an_empty_file_is_an_empty_text(tmp_path: Path) -> None:
    assert look(tmp_path, b"") == Preview("text", text="", encoding="utf-8")


def test_a_text_comes_in_pieces_that_join_without_a_seam(tmp_path: Path) -> None:
    whole = "aä€🐧\n" * 60_000
    pieces, offset = [], 0
    while offset is not None:
        seen = look(tmp_path, whole.encode(), "text/plain", Page(offset=offset))
        pieces.append(seen.text)
        assert len(seen.text.encode()) <= TEXT_BYTES
        following = seen.next_offset
        if following is None:
            break
        offset = following
    assert "".join(pieces) == whole
    assert len(pieces) > 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_text_in_utf_16_joins_without_a_seam_too(tmp_path: Path, encoding: str) -> None:
    whole = "aä🐧\n" * 40_000
    data = ("\ufeff" + whole).encode(encoding)
    first = look(tmp_path, data, "text/plain")
    assert first.next_offset is not None
    second = look(tmp_path, data, "text/plain", Page(offset=first.next_offset))
    assert whole.startswith(first.text + second.text)


def test_a_text_of_wrong_bytes_still_comes_to_an_end(tmp_path: Path) -> None:
    data = b"a" * 65_536 + b"\x80" * 600_000
    offsets: list[int | None] = [0]
    while (offset := offsets[-1]) is not None:
        offsets.append(look(tmp_path, data, "text/plain", Page(offset=offset)).next_offset)
        assert offsets[-1] is None or offsets[-1] > offset
    assert len(offsets) == 4


def test_other_bytes_are_shown_as_bytes(tmp_path: Path) -> None:
    seen = look(tmp_path, b"\x00\x01AB" + bytes(600), "application/octet-stream")
    assert (seen.kind, len(seen.lines)) == ("hex", 32)
    assert (seen.lines[0].hex[:11], seen.lines[0].ascii[:4]) == ("00 01 41 42", "..AB")


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "video/mp4"])
def test_what_a_browser_shows_itself_is_left_to_it(tmp_path: Path, content_type: str) -> None:
    assert look(tmp_path, b"\x89PNG", content_type) == Preview("none")
