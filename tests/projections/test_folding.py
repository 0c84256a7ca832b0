"""Rebuild equals live: how a history is cut into batches changes no row of any table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raro.errors import LogDamaged
from raro.events.catalogue import AgentTurnCompleted, FileUploaded
from raro.events.columns import Columns
from raro.events.reader import RawMessage
from raro.projections import changes
from raro.projections.changes import VIEWS, changed_rows
from raro.projections.staging import arrow_of_columns
from raro.projections.store import Store, Unusable
from tests.projections.histories import histories, messages

TABLES = [
    "events",
    "library_files",
    "library_versions",
    "runs",
    "agents",
    "invocations",
    "artifacts",
    "artifact_versions",
    "lineage",
    "saves",
    "approvals",
    "policy_matches",
    "parked",
    "blob_references",
    "cursor",
]
SLOW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def cut(history: Sequence[RawMessage], places: set[int]) -> list[list[RawMessage]]:
    """The history in batches that end at these places."""
    batches: list[list[RawMessage]] = [[]]
    for index, message in enumerate(history):
        batches[-1].append(message)
        if index in places:
            batches.append([])
    return [batch for batch in batches if batch]


class Bulk(Store):
    """A store that takes every batch for a large one."""

    few = 0


def scratch_store(kind: type[Store] = Store) -> Store:
    """A store in memory: what is folded does not depend on where."""
    return kind.create(Path(":memory:"), "log")


def fold(store: Store, batches: Sequence[Sequence[RawMessage]]) -> dict[str, Any]:
    """Every row of every table after folding."""
    for batch in batches:
        store.fold(batch)
    connection = store.reader()
    return {table: sorted(connection.execute(f"FROM {table}").fetchall(), key=repr) for table in TABLES}


@SLOW
@given(histories(25), st.data())
def test_any_batching_gives_the_rows_of_one_by_one(history: list[RawMessage], data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, max(0, len(history) - 1))))
    found = []
    one_by_one, whole = [[message] for message in history], [history]
    for kind, batches in ((Store, one_by_one), (Store, cut(history, places)), (Store, whole), (Bulk, whole)):
        store = scratch_store(kind)
        found.append(fold(store, batches))
        store.close()
    store = scratch_store()
    stage(store, cut(history, places))
    found.append(fold(store, []))
    store.close()
    for table in TABLES:
        assert found[0][table] == found[1][table], table
        assert found[0][table] == found[2][table] == found[3][table] == found[4][table], table


def stage(store: Store, pieces: Sequence[Sequence[RawMessage]]) -> None:
    """Fold all pieces together, each staged by itself."""
    for piece in filter(None, pieces):
        columns = Columns(
            piece[0].seq,
            [message.subject.encode() for message in piece],
            [message.body for message in piece],
            frozenset(message.seq for message in piece if message.torn),
        )
        table = arrow_of_columns(columns)
        if table is None:
            store.fold_staged()
            store.fold(columns.messages())
        else:
            store.stage(columns, table)
    store.fold_staged()


@SLOW
@given(histories(20), st.data())
def test_snapshot_and_patches_give_the_rows_of_a_fresh_look(history: list[RawMessage], data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, max(0, len(history) - 1))))
    store = scratch_store()
    connection = store.reader()
    held: dict[tuple[str, str], dict[Any, Any]] = {
        (client, view): {} for client in ("acme", "public") for view in VIEWS
    }
    for batch in cut(history, places):
        before = store.cursor.seq
        store.fold(batch)
        for (client, view), rows in held.items():
            upserts, removes = changed_rows(connection, view, client, before)
            rows.update({key(view, row): row for row in upserts})
            for removed in removes:
                rows.pop(key(view, removed), None)
    for (client, view), rows in held.items():
        fresh, _ = changed_rows(connection, view, client, 0)
        assert rows == {key(view, row): row for row in fresh}, (client, view)
    store.close()


def key(view: str, row: Any) -> Any:
    """What tells a view's rows apart."""
    if isinstance(row, str):
        return row
    names = {"library": ["filename"], "artifacts": ["run_id", "filename"], "runs": ["run_id"], "approvals": ["run_id"]}
    return tuple(row[name] for name in names[view]) if view != "library" else row["filename"]


def test_what_is_staged_is_seen_by_nobody_and_can_be_forgotten(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "x.duckdb", "log")
    first, second, third = one_upload()
    store.fold([first])
    columns = Columns(2, [second.subject.encode()], [second.body])
    table = arrow_of_columns(columns)
    assert table is not None
    store.stage(columns, table)
    assert store.reader().execute("SELECT max(seq) FROM events").fetchone() == (1,)
    store.unstage()
    assert store.fold_staged() is None
    store.stage(columns, table)
    with pytest.raises(LogDamaged, match="event 3 should follow, 2 came"):
        store.stage(columns, table)
    assert store.cursor.seq == 1
    store.fold([second, third])
    assert store.reader().execute("SELECT count(*) FROM events").fetchone() == (3,)


@pytest.mark.parametrize(("large", "at_once"), [(1, True), (16, True), (17, False)])
def test_a_large_event_among_small_ones_is_no_reason_to_go_slowly(large: int, at_once: bool) -> None:
    bodies = [b"x" * 500_000] * large + [b"{}"] * 5_000
    assert (arrow_of_columns(Columns(1, [b"raro.x"] * len(bodies), bodies)) is not None) is at_once


def one_upload() -> list[RawMessage]:
    uploaded = FileUploaded(filename="a", version_number=1, sha256="a" * 64, size_bytes=1, content_type="text/csv")
    return messages([("acme", "f1", uploaded)] * 3)


def test_a_gap_in_the_log_is_refused_and_nothing_is_folded(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "x.duckdb", "log")
    first, _, third = one_upload()
    store.fold([first])
    with pytest.raises(LogDamaged, match="event 2 should follow, 3 came"):
        store.fold([third])
    assert store.cursor.seq == 1


@pytest.mark.parametrize(("few", "kind"), [(1, Store), (9, Store), (9, Bulk)])
def test_a_body_that_is_no_event_is_kept_and_stops_nothing(tmp_path: Path, few: int, kind: type[Store]) -> None:
    store = kind.create(tmp_path / "x.duckdb", "log")
    bad = [
        RawMessage(n, "raro.evt.acme.library.f1.file_uploaded", b'{"data": {"size_bytes": "many"')
        for n in range(1, few + 1)
    ]
    wrong = RawMessage(
        few + 1, "raro.evt.acme.library.f1.file_uploaded", b'{"id":"i","type":"t","data":{"size_bytes":"many"}}'
    )
    folded = store.fold([*bad, wrong])
    assert folded.cursor.seq == few + 1
    kept = store.reader().execute("SELECT count(*) FROM events").fetchone()
    assert kept == (few + 1,)
    store.fold([RawMessage(few + 2, one_upload()[0].subject, one_upload()[0].body)])
    assert store.reader().execute("SELECT count(*) FROM library_files WHERE filename = 'a'").fetchone() == (1,)


ODD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[1]",
    b'"text"',
    b"{}",
    b' \n{"id": "i"}',
    b'{"id":"i","type":"t","actor":"a","time":"2026-11-29T01:02:03.004Z","correlationid":"c","causationid":"d"}',
    b'{"id":"i","data":null}',
    b'{"id":null,"type":null,"actor":null,"time":null,"correlationid":null,"causationid":null,"data":{}}',
    b'{"id":7,"time":"yesterday","data":{"a":[1,2,{"b":"\\u00fc \\n"}],"c":null}}',
    b'{"id":"i","data":[1]}',
    '{"id":"ü","data":{"ü":"\u2028"}}'.encode(),
    b"\xff\xfe",
]


@pytest.mark.parametrize("subject", ["raro.evt.acme.run.r1.started", "raro.evt.acme", "raro.evt.acme.run.r1.a.b"])
def test_few_and_many_odd_bodies_give_the_same_rows(subject: str) -> None:
    odd = [RawMessage(n, subject, body) for n, body in enumerate(ODD_BODIES, start=1)]
    found = []
    for kind in (Store, Bulk):
        store = scratch_store(kind)
        store.fold(odd)
        found.append(store.reader().execute("FROM events ORDER BY seq").fetchall())
        store.close()
    assert found[0] == found[1]


def test_a_batch_of_large_events_is_folded_within_the_memory_that_a_store_has(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "x.duckdb", "log")
    said = AgentTurnCompleted(
        agent_id="one", turn=1, model="offline", text="x" * 60_000, tokens_in=1, tokens_out=1, latency_ms=1
    )
    large = messages([("acme", "r1", said)] * 1000)
    turns = sum(not message.torn and message.subject.endswith("turn_completed") for message in large)
    folded = store.fold(large)
    assert (folded.cursor.seq, set(folded.clients)) == (1000, {"acme"})
    assert {"events", "invocations"} <= folded.tables
    assert store.reader().execute("SELECT count(*), min(length(text)) FROM invocations").fetchone() == (turns, 60_000)


@pytest.mark.parametrize("damage", [b"", b"rubbish" * 100, None])
def test_a_file_that_is_no_projection_is_unusable(tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "x.duckdb"
    store = Store.create(path, "log")
    store.fold(one_upload())
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3] if damage is None else damage)
    with pytest.raises(Unusable):
        Store.open(path)


def test_a_file_of_another_version_is_unusable(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "x.duckdb", "log")
    store.reader().execute("UPDATE cursor SET version = 'older'")
    store.close()
    with pytest.raises(Unusable, match="version older"):
        Store.open(tmp_path / "x.duckdb")


def test_every_view_names_tables_that_exist(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "x.duckdb", "log")
    there = {row[0] for row in store.reader().execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert {table for tables in changes.TABLES.values() for table in tables} <= there
    store.close()
