"""Processes for SQL: confined by the kernel, used once, none left behind; answers within their caps."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from raro.analytics.process import Caps, Format, Processes
from raro.errors import SqlTimeout, SqlTooLarge, Unavailable
from raro.sandboxes.inside import landlock
from tests.analytics.conftest import SMALL, Asking

# What a query that has broken out of DuckDB could try, and DuckDB itself without any lock of its own.
ESCAPE = """
import json, os, socket, sys
import duckdb
from raro.analytics import inside
secret, snapshot, folder, port, parent, uid = sys.argv[1:]
free = duckdb.connect(snapshot, read_only=True, config={"threads": "1", "async_threads": "0"})
inside.confine(2**28, 20, int(uid) or None)
tries = {
    "open": lambda: open(secret).read(),
    "list": lambda: os.listdir("/"),
    "write": lambda: open(folder + "/x", "w").write("x"),
    "mkdir": lambda: os.mkdir(folder + "/d"),
    "unlink": lambda: os.unlink(secret),
    "symlink": lambda: os.symlink(secret, folder + "/l"),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "connect": lambda: socket.socket().connect(("127.0.0.1", int(port))),
    "trace": lambda: open(f"/proc/{parent}/mem", "rb"),
    "duckdb": lambda: free.execute(f"FROM read_text('{secret}')").fetchall()[0],
    "copy": lambda: free.execute(f"COPY (SELECT 1) TO '{folder}/c.csv'"),
    "memory": lambda: bytearray(2**30),
}
done = {}
for name, attempt in tries.items():
    try:
        attempt()
        done[name] = "done"
    except (Exception, MemoryError) as error:
        done[name] = type(error).__name__
print(json.dumps(done))
"""

BRIEFLY_TWO = """
import os, threading, time
from raro.analytics import inside
threading.Thread(target=time.sleep, args=(0.3,)).start()
inside.be_alone(os.open("/proc/self/task", os.O_RDONLY))
print("alone")
"""


def waiting() -> set[int]:
    """This process's children that are there for SQL."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"raro.analytics.inside" in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock")
async def test_the_kernel_holds_what_breaks_out_of_duckdb(snapshot: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    uid = 0x7053_0000 if os.geteuid() == 0 else 0
    tried = await asyncio.to_thread(
        subprocess.run,
        [
            sys.executable,
            "-I",
            "-c",
            ESCAPE,
            str(secret),
            str(snapshot),
            str(tmp_path),
            str(port),
            str(os.getpid()),
            str(uid),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    server.close()
    done: dict[str, str] = json.loads(tried.stdout)
    assert [name for name, came_of_it in done.items() if came_of_it == "done"] == [], tried.stderr
    assert len(done) == 12
    assert os.listdir(tmp_path) == ["secret"]


async def test_a_process_is_used_once_and_none_is_left(snapshot: Path) -> None:
    processes = Processes(SMALL)
    before = waiting()
    for _ in range(3):
        await processes.run("SELECT 1", str(snapshot), "json")
    await processes.close()
    assert waiting() == before


async def test_a_process_that_waits_and_dies_is_not_missed(ask: Asking) -> None:
    await ask("SELECT 1")
    while not (spare := waiting()):
        await asyncio.sleep(0.01)
    for pid in spare:
        os.kill(pid, signal.SIGKILL)
    assert (await ask("SELECT 2")).body == b"[2]"


async def test_a_process_killed_at_its_work_is_told_and_not_missed(ask: Asking) -> None:
    asked = asyncio.ensure_future(ask("SELECT sleep_ms(60000)"))
    while not asked.done():
        for pid in waiting():
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.05)
    with pytest.raises((SqlTooLarge, Unavailable), match="process"):
        asked.result()
    assert (await ask("SELECT 3")).body == b"[3]"


async def test_a_caller_that_goes_takes_its_process_along(ask: Asking) -> None:
    await ask("SELECT 1")
    asked = asyncio.ensure_future(ask("SELECT sleep_ms(60000)"))
    await asyncio.sleep(0.3)
    asked.cancel()
    await asyncio.wait([asked])
    await ask.processes.close()
    assert asked.cancelled()
    assert waiting() == set()


async def test_the_deadline_counts_from_the_question(snapshot: Path) -> None:
    processes = Processes(Caps(wall_s=0.5, memory_bytes=2**27, rows=10, body_bytes=1000))
    with pytest.raises(SqlTimeout) as late:
        await processes.run("SELECT sleep_ms(60000)", str(snapshot), "json")
    await processes.close()
    assert late.value.detail == {"seconds": 0.5}


async def test_more_rows_than_fit_are_cut(ask: Asking) -> None:
    found = await ask("FROM range(5000)")
    assert (found.row_count, found.truncated) == (1000, True)
    assert found.body.endswith(b",[999]")
    whole = await ask("FROM range(1000)")
    assert (whole.row_count, whole.truncated) == (1000, False)


async def test_more_bytes_than_fit_are_cut(ask: Asking) -> None:
    found = await ask("SELECT repeat('x', 10000) FROM range(100)")
    assert found.truncated
    assert len(found.body) <= SMALL.body_bytes
    assert len(json.loads(b"[" + found.body + b"]")) == found.row_count == 26


async def test_more_columns_than_fit_are_too_many(ask: Asking) -> None:
    with pytest.raises(SqlTooLarge, match="2000 columns"):
        await ask("SELECT " + ", ".join(f"{number} AS c{number}" for number in range(2000)))


async def test_every_type_of_duckdb_comes_out_as_json(ask: Asking) -> None:
    found = await ask("FROM test_all_types()")
    rows = json.loads(b"[" + found.body + b"]")
    assert len(rows) == 3
    assert {len(row) for row in rows} == {len(found.columns)}
    named = {column["name"]: value for column, value in zip(found.columns, rows[1], strict=True)}
    assert named["bigint"] == "9223372036854775807"
    assert named["timestamp"] == "294247-01-10 04:00:54.775806"
    assert named["double_array"] == [42, "NaN", "Infinity", "-Infinity", None, -42]
    assert named["timestamptz_array"][4] == "2022-05-12 23:23:45+00"


@pytest.mark.parametrize(
    "sql",
    [
        "VALUES (1), (2)",
        "FROM runs",
        "TABLE runs",
        "SHOW TABLES",
        "DESCRIBE runs",
        "SUMMARIZE agents",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT count(*) FROM events",
        "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 5) FROM r",
        "PIVOT runs ON status IN ('running', 'completed') USING count(*)",
        "SELECT now(), started_at, 'it''s; --' AS \"odd \"\" name\" FROM runs; -- the end",
        "/* ; */ SELECT count(*) FROM (SELECT unnest([1, 2]));",
    ],
)
async def test_every_form_of_select_is_run(ask: Asking, sql: str) -> None:
    found = await ask(sql)
    assert found.row_count > 0
    assert found.columns


async def test_order_is_kept_when_moments_are_among_the_columns(ask: Asking) -> None:
    found = await ask("SELECT range AS n, TIMESTAMP '2026-01-01' AS t FROM range(500) ORDER BY n DESC")
    assert [row[0] for row in json.loads(b"[" + found.body + b"]")] == list(range(499, -1, -1))


@pytest.mark.parametrize("format", ["csv", "parquet"])
async def test_files_have_names_types_and_caps(snapshot: Path, format: Format) -> None:
    processes = Processes(SMALL)
    sql = "SELECT range AS n, 'a,b' AS text, now()::TIMESTAMP AS t, [1, 2] AS l FROM range(2000)"
    found = await processes.run(sql, str(snapshot), format)
    await processes.close()
    assert (found.row_count, found.truncated) == (1000, True)
    read: Any
    if format == "csv":
        read = found.body.decode().splitlines()
        assert (read[0], len(read)) == ("n,text,t,l", 1001)
        assert read[1].startswith('0,"a,b",20')
    else:
        read = pq.read_table(io.BytesIO(found.body))
        assert (read.num_rows, read.column_names) == (1000, ["n", "text", "t", "l"])
        assert str(read.schema.field("t").type) == "timestamp[us]"


async def test_a_process_that_never_came_to_the_query_is_not_the_querys_fault(tmp_path: Path) -> None:
    broken = tmp_path / "raro.duckdb"
    broken.write_bytes(b"no database")
    processes = Processes(SMALL)
    try:
        with pytest.raises(Unavailable, match="before it looked at the query"):
            await processes.run("SELECT 1", str(broken), "json")
    finally:
        await processes.close()


def test_a_thread_that_ends_is_waited_for() -> None:
    """As one that DuckDB has joined: it stays listed until the kernel comes to it."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", BRIEFLY_TWO], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "alone\n"), done.stderr
