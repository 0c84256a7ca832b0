"""What comes out of a sandbox is shown and never trusted."""

from __future__ import annotations

import json
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.sandboxes.sandbox import Limits
from raro.sandboxes.verdicts import MOST_CHARACTERS, judge, parse_report

ANY_JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.binary())
def test_any_bytes_are_a_report_or_none(data: bytes) -> None:
    report = parse_report(data)
    assert report is None or report.kind in ("ok", "exit", "error")


@given(st.dictionaries(st.sampled_from(["kind", "value", "cause", "text", "other"]), ANY_JSON | st.just("ok")))
def test_a_report_holds_text_that_can_be_written_down(fields: dict[str, object]) -> None:
    report = parse_report(json.dumps(fields).encode())
    if report is not None:
        assert all(len(text.encode()) <= 4 * MOST_CHARACTERS for text in vars(report).values())


def test_lone_surrogates_do_not_get_through() -> None:
    report = parse_report(rb'{"kind": "ok", "value": "a\ud800"}')
    assert report is not None
    assert report.value == "a?"


def test_a_forged_nest_of_brackets_is_no_report() -> None:
    assert parse_report(b"[" * 200_000) is None


@pytest.mark.parametrize(
    ("status", "stderr", "code"),
    [
        (128 + signal.SIGXCPU, "", "cpu_limit"),
        (-signal.SIGKILL, "", "memory_limit"),
        (128 + signal.SIGABRT, "terminate called after throwing an instance of 'std::bad_alloc'", "memory_limit"),
        (128 + signal.SIGSEGV, "", "crashed"),
        (1, "OpenBLAS: pthread_create failed", "process_limit"),
        (7, "", "exit_status"),
    ],
)
def test_an_end_without_a_report_is_read_from_status_and_last_words(status: int, stderr: str, code: str) -> None:
    error = judge(None, status, stderr, Limits())
    assert error is not None
    assert error.code == code
