"""The storage folder: found again, rebuilt, guarded, watched."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.journeys.conftest import Server, ended, wait_for
from tests.journeys.test_runs import start, upload


def names(server: Server) -> list[str]:
    with server.client() as client:
        return [row["filename"] for row in client.get("/runtime/library").json()["files"]]


def test_a_second_start_finds_everything_again(server: Server) -> None:
    with server.client() as client:
        upload(client, "a.csv", b"x\n1\n")
    assert server.stop() == 0
    server.start()
    assert names(server) == ["a.csv"]


def test_a_second_server_on_one_storage_refuses_and_names_the_holder(server: Server) -> None:
    command = [sys.executable, "-m", "raro.cli", "up", "--port", "0", "--storage", str(server.storage)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert server.process is not None
    assert second.returncode == 4
    assert f"process {server.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr


def test_deleted_views_and_trees_come_back(server: Server) -> None:
    with server.client() as client:
        upload(client, "Übersicht 📊.md", b"# A look\n\nAll is well.\n")
        run_id = start(client, directive="nothing", attached_files=["Übersicht 📊.md"])
        ended(client, run_id)
    server.stop()
    for folder in ("projections", "library", "artifacts"):
        shutil.rmtree(server.storage / folder)
    server.start()
    assert names(server) == ["Übersicht 📊.md"]
    assert wait_for((server.storage / "library" / "acme" / "Übersicht 📊.md").exists)
    assert wait_for((server.storage / "artifacts" / "acme" / run_id / "report.md").exists)


def test_views_that_are_deleted_under_a_running_server_come_back(server: Server) -> None:
    with server.client() as client:
        upload(client, "a.csv", b"x\n1\n")
        shutil.rmtree(server.storage / "projections")
        wait_for((server.storage / "projections" / "raro.duckdb").exists)
        upload(client, "b.csv", b"x\n2\n")
    assert names(server) == ["a.csv", "b.csv"]


def test_a_damaged_views_file_is_set_aside_and_built_again(server: Server) -> None:
    with server.client() as client:
        upload(client, "a.csv", b"x\n1\n")
    server.stop()
    file = server.storage / "projections" / "raro.duckdb"
    file.write_bytes(b"rubbish" * 1000)
    server.start()
    assert names(server) == ["a.csv"]
    assert list(file.parent.glob("*.aside"))


def test_a_file_dropped_into_the_library_folder_is_uploaded(server: Server) -> None:
    folder = server.storage / "library" / "acme"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "by hand.csv").write_bytes(b"x\n1\n")
    assert wait_for(lambda: "by hand.csv" in names(server))


def test_fsck_finds_a_flipped_byte_and_gc_spares_what_is_needed(server: Server, storage: Path) -> None:
    with server.client() as client:
        upload(client, "a.csv", b"x,y\n1,2\n")
    server.stop()
    raro = [sys.executable, "-m", "raro.cli"]
    assert subprocess.run([*raro, "fsck", "--storage", str(storage)], timeout=60).returncode == 0
    assert subprocess.run([*raro, "gc", "--storage", str(storage)], timeout=60).returncode == 0
    blob = next(path for path in (storage / "blobs" / "sha256").rglob("*") if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b"x,y\n1,3\n")
    found = subprocess.run([*raro, "fsck", "--storage", str(storage)], timeout=60, capture_output=True, text=True)
    assert found.returncode == 6
    assert blob.name in found.stdout
    assert subprocess.run([*raro, "rebuild", "--storage", str(storage)], timeout=60).returncode == 0


def test_the_demo_runs_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "raro.cli", "demo", "--storage", str(tmp_path / "demo")]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert shown.returncode == 0, shown.stderr
    assert "writer_report" in shown.stdout
    assert "Saved report.md to the library" in shown.stdout
