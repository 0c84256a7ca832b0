"""The rules of a file while it changes: taken when they are whole and right, and nothing of them otherwise."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from raro.agents.policy import rules_of
from raro.agents.policy.book import RuleBook
from raro.agents.policy.reading import MAX_FILE_BYTES
from raro.errors import BadRules, StorageFault

RULE = '[[rule]]\nid = "{}"\ntrigger = "ToolCall"\naction = "block"\n'
DEFAULTS = rules_of("").ids
BAD = RULE.format("bad") + "oops = 1\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rules.toml"


def _own(book: RuleBook) -> tuple[str, ...]:
    """The file's rules that are in force."""
    return book.current().ids[len(DEFAULTS) :]


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _swap(path: Path, text: str) -> None:
    """Put a whole file in the place of another, as careful editors do."""
    other = path.with_suffix(".new")
    other.write_text(text)
    other.replace(path)


def test_without_a_file_the_defaults_are_in_force(path: Path) -> None:
    book = RuleBook(path)
    assert (book.current().ids, book.fault()) == (DEFAULTS, None)


def test_a_file_is_taken_when_it_appears_changes_and_goes(path: Path) -> None:
    book = RuleBook(path)
    assert _own(book) == ()
    path.write_text(RULE.format("a"))
    _until(lambda: _own(book) == ("a",))
    _swap(path, RULE.format("b"))
    _until(lambda: _own(book) == ("b",))
    path.unlink()
    _until(lambda: _own(book) == ())
    assert book.fault() is None


def test_a_change_of_the_same_length_is_seen(path: Path) -> None:
    path.write_text(RULE.format("a"))
    book = RuleBook(path)
    assert _own(book) == ("a",)
    path.write_text(RULE.format("b"))
    _until(lambda: _own(book) == ("b",))


def test_a_file_that_is_being_written_is_not_taken(path: Path) -> None:
    path.write_text(RULE.format("a") + RULE.format("b"))
    book = RuleBook(path)
    assert _own(book) == ("a", "b")
    path.write_text(RULE.format("a"))
    # As if it were written this very moment, however slow this machine is.
    os.utime(path, (time.time() + 3600, time.time() + 3600))
    assert _own(book) == ("a", "b")
    _until(lambda: _own(book) == ("a",))


def test_a_file_with_a_mistake_never_takes_effect_and_the_mistake_is_told(path: Path) -> None:
    path.write_text(RULE.format("good"))
    book = RuleBook(path)
    assert _own(book) == ("good",)
    _swap(path, BAD)
    _until(lambda: book.fault() is not None)
    fault = book.fault()
    assert fault is not None
    assert (fault.line, "no 'oops'" in fault.message) == (5, True)
    assert _own(book) == ("good",)
    assert (book.standing().text, book.standing().file_text) == (RULE.format("good"), BAD)
    _swap(path, RULE.format("better"))
    _until(lambda: _own(book) == ("better",))
    assert book.fault() is None


def test_the_last_good_rules_stay_when_a_mistake_is_followed_by_a_restart(path: Path, tmp_path: Path) -> None:
    path.write_text(RULE.format("good"))
    kept = tmp_path / "cache" / "rules.toml"
    assert _own(RuleBook(path, kept=kept)) == ("good",)
    path.write_text(BAD)
    again = RuleBook(path, kept=kept)
    assert _own(again) == ("good",)
    assert again.fault() is not None


def test_a_mistake_from_the_start_leaves_the_defaults(path: Path, tmp_path: Path) -> None:
    path.write_text(BAD)
    book = RuleBook(path, kept=tmp_path / "cache" / "rules.toml")
    assert (_own(book), book.fault() is None) == ((), False)


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _latin(path: Path) -> None:
    path.write_bytes("# a\n# Müller".encode("latin-1"))


def _large(path: Path) -> None:
    path.write_text("# ö\n" * MAX_FILE_BYTES)


@pytest.mark.parametrize("make", [_folder, _pipe, _loop, _latin, _large])
def test_what_cannot_be_read_is_told_and_the_rules_from_before_stay(path: Path, make: Callable[[Path], None]) -> None:
    path.write_text(RULE.format("good"))
    book = RuleBook(path)
    assert _own(book) == ("good",)
    path.unlink()
    make(path)
    _until(lambda: book.fault() is not None)
    assert _own(book) == ("good",)


def test_a_mark_in_front_of_the_text_is_no_mistake(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + RULE.format("a").encode())
    assert _own(RuleBook(path)) == ("a",)


def test_a_text_that_is_put_is_in_force_at_once_and_leaves_nothing_beside_it(path: Path) -> None:
    path.write_text(RULE.format("a"))
    path.chmod(0o640)
    book = RuleBook(path)
    book.put(book.stage(RULE.format("b")))
    assert (_own(book), path.read_text()) == (("b",), RULE.format("b"))
    assert (path.stat().st_mode & 0o777, list(path.parent.iterdir())) == (0o640, [path])


def test_a_text_is_put_where_a_link_leads(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.toml"
    real.parent.mkdir()
    real.write_text("")
    path.symlink_to(real)
    book = RuleBook(path)
    book.put(book.stage(RULE.format("a")))
    assert (path.is_symlink(), real.read_text(), _own(book)) == (True, RULE.format("a"), ("a",))


def test_a_text_with_a_mistake_is_not_even_staged(path: Path) -> None:
    with pytest.raises(BadRules):
        RuleBook(path).stage(BAD)
    assert list(path.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_a_fault_of_the_storage(path: Path) -> None:
    with pytest.raises(StorageFault, match="could not write the rules"):
        RuleBook(path.parent / "gone" / "rules.toml").stage("")


def test_many_readers_see_whole_sets_of_rules_while_the_file_is_swapped(path: Path) -> None:
    texts = [RULE.format("a"), RULE.format("b") + RULE.format("c"), ""]
    whole = {rules_of(text).ids for text in texts}
    path.write_text(texts[0])
    book = RuleBook(path)
    stop = threading.Event()

    def read() -> set[tuple[str, ...]]:
        seen = set()
        while not stop.is_set():
            seen.add(book.current().ids)
        return seen | {book.current().ids}

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            for number in range(60):
                if number % 2:
                    book.put(book.stage(texts[number % 3]))
                else:
                    _swap(path, texts[number % 3])
            last = rules_of(texts[59 % 3]).ids
            _until(lambda: book.current().ids == last)
        finally:
            stop.set()
        seen = [reader.result() for reader in readers]
    assert all(last in found and found <= whole for found in seen)
