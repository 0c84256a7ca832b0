"""A copy holds the client's rows, all of them and no others; brought up to date it is what a new one would be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raro.analytics import exporting
from raro.analytics.exporting import Base, changed, export, tables
from raro.events.catalogue import FileDeleted, FileLinked
from raro.events.reader import RawMessage
from raro.events.subjects import file_id
from raro.projections.store import Store
from tests.analytics.conftest import ADA, BOB, PUBLIC, messages_of, parked, past, run_of, upload
from tests.projections.histories import CLIENTS, histories
from tests.projections.test_folding import scratch_store

TABLES = sorted(exporting.APPENDED | set(exporting.KEYS))
_NUMBERS = count()
SLOW = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


def rows_of(path: Path) -> dict[str, list[str]]:
    """Every row of every table of a copy."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {table: sorted(map(repr, connection.execute(f"FROM {table}").fetchall())) for table in TABLES}


def copy(store: Store, client_id: str | None, folder: Path, base: Base | None = None) -> tuple[Path, int]:
    """A copy in a folder of its own."""
    path = folder / f"copy-{next(_NUMBERS)}" / "raro.duckdb"
    return path, export(store.reader(), client_id, path, base)


def test_every_table_of_the_views_is_known(folded: Store) -> None:
    assert tables(folded.reader()) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_a_copy_has_the_clients_rows_and_no_others(folded: Store, snapshot: Path, table: str) -> None:
    live = folded.reader().execute(f"FROM {table} WHERE client_id = ?", [ADA]).fetchall()
    assert live, "the past has something of everybody's in every table"
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        found = connection.execute(f"FROM {table} WHERE client_id = ?", [ADA]).fetchall()
        others = connection.execute(f"SELECT DISTINCT client_id FROM {table} WHERE client_id <> ?", [ADA]).fetchall()
    assert sorted(map(repr, found)) == sorted(map(repr, live))
    assert others == ([(PUBLIC,)] if table.startswith("library_") else [])


def test_no_byte_of_a_copy_names_another_client(snapshot: Path) -> None:
    assert b"run_bob" not in snapshot.read_bytes()
    assert b"run_ada" in snapshot.read_bytes()


@SLOW
@given(histories(30))
def test_all_clients_copies_together_hold_every_row_once(tmp_path: Path, history: list[RawMessage]) -> None:
    store = scratch_store()
    store.fold(history)
    everything = rows_of(copy(store, None, tmp_path)[0])
    found: dict[str, list[str]] = {table: [] for table in TABLES}
    for client_id in (*CLIENTS, "_system"):
        path, seq = copy(store, client_id, tmp_path)
        assert seq == len(history)
        with duckdb.connect(str(path), read_only=True) as connection:
            for table in TABLES:
                own = connection.execute(f"FROM {table} WHERE client_id = ?", [client_id]).fetchall()
                found[table] += map(repr, own)
    store.close()
    assert {table: sorted(rows) for table, rows in found.items()} == everything


@SLOW
@given(histories(40), st.data())
def test_a_copy_that_is_brought_up_to_date_is_what_a_new_one_is(
    tmp_path: Path, history: list[RawMessage], data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(history)))
    store = scratch_store()
    store.fold(history[:place])
    bases: dict[str | None, Base] = {}
    for client_id in (*CLIENTS, None):
        bases[client_id] = Base(*copy(store, client_id, tmp_path))
    if history[place:]:
        store.fold(history[place:])
    for client_id, base in bases.items():
        renewed, seq = copy(store, client_id, tmp_path, base)
        fresh, _ = copy(store, client_id, tmp_path)
        assert seq == len(history)
        assert rows_of(renewed) == rows_of(fresh)
    store.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Store]:
    """The past in a file of this test's own."""
    store = Store.create(tmp_path / "raro.duckdb", "log")
    store.fold(messages_of(past()))
    yield store
    store.close()


def visible(path: Path) -> list[tuple[str, str, bool]]:
    """The library as a copy shows it."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "SELECT client_id, filename, linked FROM library_files WHERE version IS NOT NULL ORDER BY ALL"
        ).fetchall()


def test_a_public_file_is_seen_unless_an_own_one_hides_it(live: Store, tmp_path: Path) -> None:
    assert visible(copy(live, ADA, tmp_path)[0]) == [
        (ADA, "mine.csv", False), (PUBLIC, "all.csv", True), (PUBLIC, "his.csv", False),
    ]  # fmt: skip
    assert visible(copy(live, BOB, tmp_path)[0]) == [(BOB, "his.csv", False), (PUBLIC, "all.csv", False)]


def test_a_public_file_that_goes_goes_from_the_copy(live: Store, tmp_path: Path) -> None:
    base = Base(*copy(live, ADA, tmp_path))
    gone = (PUBLIC, file_id(PUBLIC, "all.csv"), FileDeleted(filename="all.csv"))
    live.fold(messages_of([gone], first=base.seq + 1))
    assert [name for _, name, _ in visible(copy(live, ADA, tmp_path, base)[0])] == ["mine.csv", "his.csv"]


def test_what_another_client_does_leaves_a_copy_level(live: Store) -> None:
    seq, reader = live.cursor.seq, live.reader()
    linked = (PUBLIC, file_id(PUBLIC, "all.csv"), FileLinked(filename="all.csv"))
    for steps, touched in (
        (run_of(BOB, "run_2"), False),
        (run_of(PUBLIC, "run_3"), False),
        ([linked], True),
        (run_of(ADA, "run_4"), True),
        ([parked(BOB, 2)], False),
        ([parked(ADA, 2)], True),
        ([upload(BOB, "b.csv")], False),
    ):
        live.fold(messages_of(steps, first=seq + 1))
        assert changed(reader, ADA, seq) == (seq + len(steps), touched)
        assert changed(reader, None, seq) == (seq + len(steps), True)
        seq += len(steps)


def test_folding_goes_on_while_a_copy_is_made(live: Store, tmp_path: Path) -> None:
    reader = live.reader()
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchall()
    before = live.cursor.seq
    live.fold(messages_of(run_of(ADA, "run_2"), first=before + 1))
    assert exporting.export(live.reader(), ADA, tmp_path / "new" / "raro.duckdb") == live.cursor.seq > before
    reader.execute("ROLLBACK")


def test_a_copy_that_cannot_be_made_leaves_nothing_attached(live: Store, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    for text in (b"no database", b""):
        broken.write_bytes(text)
        with pytest.raises(duckdb.Error):
            copy(live, ADA, tmp_path, Base(broken, 0))
    attached = "SELECT count(*) FROM duckdb_databases() WHERE database_name LIKE 'copy%'"
    assert live.reader().execute(attached).fetchall() == [(0,)]
    assert visible(copy(live, ADA, tmp_path)[0])
