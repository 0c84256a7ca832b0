"""Previews: pages of tables, pieces of texts, bytes of the rest, and damage that is told instead of raised."""

from __future__ import annotations

import random
from pathlib import Path

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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_table_is_read_in_its_encoding(tmp_path: Path, encoding: str) -> None:
    seen = look(tmp_path, "größe,b\nä,1\n".encode(encoding))
    assert ([column.name for column in seen.columns], seen.rows) == (["größe", "b"], (("ä", "1"),))


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


def test_other_bytes_are_shown_as_bytes(tmp_path: Path) -> None:
    seen = look(tmp_path, b"\x00\x01AB" + bytes(600), "application/octet-stream")
    assert (seen.kind, len(seen.lines)) == ("hex", 32)
    assert (seen.lines[0].hex[:11], seen.lines[0].ascii[:4]) == ("00 01 41 42", "..AB")


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "video/mp4"])
def test_what_a_browser_shows_itself_is_left_to_it(tmp_path: Path, content_type: str) -> None:
    assert look(tmp_path, b"\x89PNG", content_type) == Preview("none")
