"""Reports and SQL as a person asks them on the command line, beside a server and on a folder nobody serves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.journeys.conftest import Server


@pytest.fixture
def told(standing: Server) -> Server:
    return telling(standing)


def telling(server: Server) -> Server:
    for client_id, name in (("acme", "costs.csv"), ("bolt", "plans.csv")):
        with server.client(client_id) as client:
            client.put(f"/runtime/library/files/{name}", content=b"a,b\n1,2\n").raise_for_status()
    return server


def raro(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "raro.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def at(server: Server) -> tuple[str, ...]:
    return ("--server", server.url, "--client", "acme")


def test_sql_knows_the_clients_rows_and_no_others(told: Server) -> None:
    said = raro("sql", "SELECT filename, size_bytes FROM library_files", *at(told), "--json")
    assert json.loads(said.stdout)["rows"] == [["costs.csv", 8]]
    shown = raro("sql", "SELECT filename, size_bytes FROM library_files", *at(told))
    assert "costs.csv" in shown.stdout
    assert "1 row; up to event" in shown.stdout


def test_results_are_written_as_files(told: Server, tmp_path: Path) -> None:
    assert raro("sql", "SELECT 1 AS one, 'a,b' AS two", *at(told), "--format", "csv").stdout == 'one,two\n1,"a,b"\n'
    said = raro("sql", "FROM library_files", *at(told), "--format", "parquet", "-o", tmp_path / "files.parquet")
    assert (said.returncode, pq.read_table(tmp_path / "files.parquet")["filename"].to_pylist()) == (0, ["costs.csv"])
    refused = raro("sql", "SELECT 1", *at(told), "-o", tmp_path)
    assert (refused.returncode, "cannot be written: Is a directory" in refused.stderr) == (2, True)


def test_what_is_no_question_is_refused(told: Server) -> None:
    said = raro("sql", "DROP TABLE runs", *at(told), "--json")
    assert (said.returncode, json.loads(said.stderr)["error"]["code"]) == (2, "sql_refused")


def test_reports_are_listed_and_shown(told: Server) -> None:
    listed = raro("analytics", *at(told), "--json")
    assert "top_inputs" in {report["name"] for report in json.loads(listed.stdout)["reports"]}
    shown = raro("analytics", "largest_files", *at(told))
    assert (shown.returncode, "costs.csv" in shown.stdout) == (0, True)
    assert "costs.csv" in raro("analytics", "largest_files", *at(told), "--format", "csv").stdout
    unknown = raro("analytics", "gossip", *at(told))
    assert (unknown.returncode, "there is no report 'gossip'" in unknown.stderr) == (3, True)


def test_everybodys_rows_only_where_nobody_serves(server: Server, storage: Path) -> None:
    telling(server)
    question = "SELECT filename FROM library_files ORDER BY filename"
    held = raro("sql", question, "--all-clients", "--storage", storage)
    assert (held.returncode, "holds" in held.stderr or "in use" in held.stderr) == (4, True)
    server.stop()
    said = raro("sql", question, "--all-clients", "--storage", storage, "--json")
    assert json.loads(said.stdout)["rows"] == [["costs.csv"], ["plans.csv"]]
