"""SQL that wants more than it may: each statement is really run, against a real snapshot, in a real process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from raro.analytics.process import Caps, Processes
from raro.errors import SqlError, SqlRefused, SqlTimeout, SqlTooLarge
from tests.analytics.conftest import Asking

NOT_A_SELECT = [
    "COPY runs TO '{folder}/stolen.csv'",
    "COPY (SELECT 1) TO '{folder}/stolen.parquet' (FORMAT parquet)",
    "COPY runs FROM '{secret}'",
    "EXPORT DATABASE '{folder}/stolen'",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{folder}/new.duckdb' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH raro",
    "USE temp",
    "INSTALL httpfs",
    "FORCE INSTALL httpfs FROM community",
    "LOAD httpfs",
    "LOAD '{folder}/evil.duckdb_extension'",
    "SET threads = 8",
    "SET GLOBAL enable_external_access = true",
    "RESET memory_limit",
    "SET VARIABLE x = 1",
    "PRAGMA enable_profiling = 'json'",
    "PRAGMA memory_limit = '100GB'",
    "PRAGMA database_list",
    "CALL enable_logging()",
    "CALL force_checkpoint()",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE OR REPLACE TEMP VIEW runs AS SELECT 1",
    "CREATE MACRO evil() AS 1",
    "CREATE SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "INSERT INTO runs (run_id) VALUES ('mine')",
    "UPDATE runs SET client_id = 'bob'",
    "DELETE FROM events",
    "TRUNCATE events",
    "MERGE INTO runs USING runs AS s ON false WHEN NOT MATCHED THEN INSERT (run_id) VALUES ('x')",
    "DROP TABLE events",
    "ALTER TABLE runs ADD COLUMN x INTEGER",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE events",
    "",
    " ; ",
    "-- nothing",
    "PIVOT runs ON status USING count(*)",
]

REACHES_OUT = [
    "FROM read_csv('{secret}')",
    "FROM read_text('{secret}')",
    "FROM read_blob('{secret}')",
    "FROM read_json('{secret}')",
    "FROM read_parquet('{secret}')",
    "FROM parquet_metadata('{secret}')",
    "FROM sniff_csv('{secret}')",
    "FROM read_duckdb('{neighbour}')",
    "FROM read_text('/etc/passwd')",
    "FROM read_text('/proc/self/environ')",
    "FROM read_csv('/dev/stdin')",
    "FROM read_text('../../{secret}')",
    "FROM glob('{folder}/*')",
    "FROM glob('/*')",
    "FROM duckdb_secrets()",
    "FROM which_secret('s3://x', 's3')",
    "FROM read_csv('{url}')",
    "FROM read_text('s3://bucket/x')",
    "FROM '{url}'",
    "FROM '{secret}'",
    "SELECT * FROM query('FROM read_text(''{secret}'')')",
    "FROM query_table('{secret}')",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "WITH x AS (INSERT INTO runs (run_id) VALUES ('x') RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM events RETURNING *) SELECT count(*) FROM x",
    "WITH x AS (UPDATE runs SET status = 'failed' RETURNING *) SELECT * FROM x",
    "FROM enable_logging('file', storage_path := '{folder}/log')",
    "FROM enable_profiling(save_location := '{folder}/profile')",
    "FROM pandas_scan(4711)",
    "FROM arrow_scan(1, 2, 3)",
    "FROM python_map_function((FROM runs))",
    "SELECT getenv('HOME')",
    "SELECT nextval('x')",
    "FROM job",
    "FROM connection",
    "FROM sys",
    "FROM other.main.runs",
    "SELECT 1) AS q; FROM read_text('{secret}') --",
]

TAKES_MUCH = [
    "SELECT list(range) FROM range(1000000000)",
    "SELECT string_agg(repeat('x', 1000)) FROM range(100000000)",
    "SELECT repeat('x', 4000000000)",
    "SELECT range(2000000000)",
    "FROM range(100000000) ORDER BY hash(range)",
    "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b",
    "SELECT count(DISTINCT range) FROM range(1000000000)",
    "SELECT " + "(" * 90_000 + "1" + ")" * 90_000,
    "SELECT repeat('x', 1000000)",
]

NEVER_ENDS = [
    "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r",
    "SELECT sum(a.range * b.range) FROM range(10000000) AS a, range(10000000) AS b WHERE a.range % 7 = b.range % 11",
    "SELECT sleep_ms(600000)",
    "SELECT max(i) FROM (SELECT unnest(range(100000)) AS i FROM range(100000000))",
    "SELECT sum(range) FROM range(100000000000000)",
]


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A web server, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/x.csv", asked
        server.shutdown()
        thread.join()


@pytest.fixture
def places(tmp_path: Path, snapshot: Path) -> dict[str, str]:
    """A folder that anybody may write to, a secret that anybody may read, and another client's snapshot."""
    folder = tmp_path / "open"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    secret = folder / "secret.txt"
    secret.write_text("the secret\n")
    secret.chmod(0o644)
    neighbour = snapshot.parent / "neighbour.duckdb"
    neighbour.write_bytes(snapshot.read_bytes())
    neighbour.chmod(0o644)
    return {"folder": str(folder), "secret": str(secret), "neighbour": str(neighbour)}


async def refusal(ask: Asking, sql: str) -> str:
    """Why it was not run."""
    try:
        found = await ask(sql)
    except (SqlRefused, SqlError) as refused:
        return refused.message
    raise AssertionError((sql, found))


@pytest.mark.parametrize("sql", NOT_A_SELECT)
async def test_only_one_select_is_run(ask: Asking, places: dict[str, str], sql: str) -> None:
    assert await refusal(ask, sql.format(**places))
    assert os.listdir(places["folder"]) == ["secret.txt"]


async def test_nothing_outside_the_snapshot_is_reached(
    ask: Asking, places: dict[str, str], web: tuple[str, list[str]]
) -> None:
    url, asked = web
    before = ask.snapshot.read_bytes()
    for sql in REACHES_OUT:
        message = await refusal(ask, sql.format(url=url, **places))
        assert "the secret" not in message
        assert str(ask.snapshot.parent) not in message.replace(places["neighbour"], "")
    assert asked == []
    assert os.listdir(places["folder"]) == ["secret.txt"]
    assert ask.snapshot.read_bytes() == before


@pytest.mark.parametrize("sql", TAKES_MUCH, ids=range(len(TAKES_MUCH)))
async def test_what_takes_too_much_is_told_so(ask: Asking, sql: str) -> None:
    with pytest.raises((SqlTooLarge, SqlTimeout)):
        await ask(sql)
    assert (await ask("SELECT 1")).body == b"[1]"


@pytest.mark.parametrize("sql", NEVER_ENDS, ids=range(len(NEVER_ENDS)))
async def test_what_never_ends_is_ended(snapshot: Path, sql: str) -> None:
    processes = Processes(Caps(wall_s=1, memory_bytes=128 * 1024 * 1024, rows=10, body_bytes=1000))
    with pytest.raises((SqlTimeout, SqlTooLarge)) as ended:
        await processes.run(sql, str(snapshot), "json")
    await processes.close()
    assert ended.value.message


async def test_settings_are_as_they_were_locked(ask: Asking) -> None:
    found = await ask(
        "SELECT name, value FROM duckdb_settings() WHERE name IN ('enable_external_access', 'lock_configuration', "
        "'autoload_known_extensions', 'autoinstall_known_extensions', 'allow_community_extensions', 'temp_directory', "
        "'python_enable_replacements') ORDER BY name"
    )
    assert found.body == (
        b'["allow_community_extensions","false"],["autoinstall_known_extensions","false"],'
        b'["autoload_known_extensions","false"],["enable_external_access","false"],["lock_configuration","true"],'
        b'["python_enable_replacements","false"],["temp_directory",""]'
    )


async def test_no_secret_of_the_host_is_in_the_process(ask: Asking) -> None:
    found = await ask("SELECT string_agg(value) FROM duckdb_settings()")
    home = os.environ.get("HOME", "/root")
    assert home.encode() + b"/" not in found.body


async def test_queries_do_not_see_one_another(ask: Asking) -> None:
    await refusal(ask, "CREATE TEMP TABLE left_behind AS SELECT 1")
    assert "left_behind" in await refusal(ask, "FROM left_behind")
