"""Content types: real files by their bytes, names within a family, and no name that makes content active."""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import puremagic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from raro.files.content_types import HEAD_BYTES, UNKNOWN, content_type, may_be_known

ACTIVE = {"text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript", "application/javascript"}
OFFICE = "application/vnd.openxmlformats-officedocument"


@cache
def drawn(kind: str) -> bytes:
    buffer = io.BytesIO()
    Figure().savefig(buffer, format=kind)
    return buffer.getvalue()


def table(write: Callable[[pd.DataFrame, io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(pd.DataFrame({"a": [1, 2]}), buffer)
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def saved_array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    return buffer.getvalue()


WORD = zipped("[Content_Types].xml", "word/document.xml")
SHEET = zipped("[Content_Types].xml", "xl/workbook.xml")
HTML = b"<!doctype html><html><script>alert(1)</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"

CASES = [
    ("a.png", drawn("png"), "image/png"),
    ("noname", drawn("png"), "image/png"),
    ("a.jpg", drawn("jpg"), "image/jpeg"),
    ("a.jpeg", drawn("jpg"), "image/jpeg"),
    ("a.webp", drawn("webp"), "image/webp"),
    ("a.pdf", drawn("pdf"), "application/pdf"),
    ("a", drawn("pdf"), "application/pdf"),
    ("a.svg", drawn("svg"), "image/svg+xml"),
    ("a.gif", b"GIF89a\x01\x00\x01\x00\x80\x00\x00", "image/gif"),
    ("a.parquet", table(lambda frame, out: frame.to_parquet(out)), "application/vnd.apache.parquet"),
    ("renamed.dat", table(lambda frame, out: frame.to_parquet(out)), "application/vnd.apache.parquet"),
    ("a.feather", table(lambda frame, out: frame.to_feather(out)), "application/vnd.apache.arrow.file"),
    ("a.npy", saved_array(), "application/x-npy"),
    ("a.db", b"SQLite format 3\0" + bytes(100), "application/vnd.sqlite3"),
    ("a.zip", zipped("x.txt"), "application/zip"),
    ("a", zipped("x.txt"), "application/zip"),
    ("a.docx", WORD, f"{OFFICE}.wordprocessingml.document"),
    ("a", WORD, f"{OFFICE}.wordprocessingml.document"),
    ("a.xlsx", SHEET, f"{OFFICE}.spreadsheetml.sheet"),
    ("a", SHEET, f"{OFFICE}.spreadsheetml.sheet"),
    ("a.gz", gzip.compress(b"x", mtime=0), "application/gzip"),
    ("a.csv.gz", gzip.compress(b"x", mtime=0), "application/gzip"),
    ("a.mp4", b"\0\0\0\x20ftypisom" + bytes(20), "video/mp4"),
    ("a.csv", b"a,b\n1,2\n", "text/csv"),
    ("A.CSV", b"a,b\n1,2\n", "text/csv"),
    ("excel.csv", "Stra\xdfe;1\r\n".encode("cp1252"), "text/csv"),
    ("excel.csv", "\ufeffa;b".encode("utf-16-le"), "text/csv"),
    ("a.tsv", b"a\tb\n", "text/tab-separated-values"),
    ("a.json", b'{"a": 1}', "application/json"),
    ("noname", b'{"a": 1}', "application/json"),
    ("a.jsonl", b'{"a": 1}\n', "application/x-ndjson"),
    ("a.md", b"# Title", "text/markdown"),
    ("a.html", HTML, "text/html"),
    ("a.txt", "Grüße 👋".encode(), "text/plain"),
    ("Makefile", b"all:\n", "text/plain"),
    ("legacy_script.py", b"print 1", "text/x-python"),
    ("a.bin", bytes(range(256)), UNKNOWN),
    ("", b"\x00\x01", UNKNOWN),
]


@pytest.mark.parametrize(("name", "content", "expected"), CASES)
def test_real_files(name: str, content: bytes, expected: str) -> None:
    assert content_type(name, content[:HEAD_BYTES]) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("page.png", HTML, "text/plain"),
        ("page", HTML, "text/plain"),
        ("page.txt", HTML, "text/plain"),
        ("page.csv", HTML, "text/csv"),
        ("picture.html", drawn("png"), "image/png"),
        ("report.html", b"%PDF-1.4 all ascii", "application/pdf"),
        ("picture.png", SVG, "text/plain"),
        ("words.svg", b"no drawing", "text/plain"),
        ("words.pdf", b"no document", "text/plain"),
        ("noise.png", bytes(range(256)), UNKNOWN),
        ("noise.html", bytes(range(256)), UNKNOWN),
        ("archive.html", zipped("x"), "application/zip"),
        ("program.txt", b"\x7fELF\x02\x01\x01\x00", "application/x-executable"),
    ],
)
def test_a_name_wins_only_within_the_content_s_family(name: str, content: bytes, expected: str) -> None:
    assert content_type(name, content) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("empty.csv", "text/csv"), ("empty.png", "image/png"), ("empty", UNKNOWN), ("empty.xyz123", UNKNOWN)],
)
def test_an_empty_file_is_what_its_name_says(name: str, expected: str) -> None:
    assert content_type(name, b"") == expected


@given(
    st.sampled_from(["a.png", "a.pdf", "a.csv", "a.txt", "a", "a.parquet"]),
    st.binary(min_size=1) | st.sampled_from([HTML, SVG]),
)
def test_no_content_is_active_under_a_harmless_name(name: str, head: bytes) -> None:
    assert content_type(name, head) not in ACTIVE


def test_whatever_the_library_has_a_signature_of_is_asked_of_it() -> None:
    starts = [bytes(row.offset) + row.byte_match for row in puremagic.magic_header_array if len(row.byte_match) > 1]
    feet = [b"\xff" + row.byte_match.ljust(-row.offset, b"\x00") for row in puremagic.magic_footer_array]
    assert not [head for head in starts + feet if not may_be_known("a.zzz", head)]


@given(st.sampled_from(["a", "a.bin", "a.toml", "a.png"]), st.binary(min_size=1, max_size=1200))
def test_the_library_is_passed_over_only_when_it_knows_nothing_but_a_text(name: str, head: bytes) -> None:
    with contextlib.suppress(puremagic.PureError):
        found = puremagic.magic_string(head, filename=name)
        assert may_be_known(name, head) or {match.mime_type for match in found} <= {"", "application/json"}


@given(st.text(max_size=30), st.binary(max_size=400))
def test_there_is_always_an_answer(name: str, head: bytes) -> None:
    assert content_type(name, head).count("/") == 1
