"""One process owns a storage folder, and the kernel frees it when that process ends."""

import os
import signal
import stat
from pathlib import Path

import pytest

from raro.embedded.lock import LOCK_FILE, hold_storage, holder_of
from raro.embedded.servers import embedded
from raro.errors import StorageFault, StorageInUse
from tests.embedded.conftest import connect, runs, type_of_start, until


async def test_a_second_start_is_refused_and_names_the_holder(storage: Path, hold: type_of_start) -> None:
    async with hold(storage) as holder:
        with pytest.raises(StorageInUse) as refused, hold_storage(storage):
            pytest.fail("two processes own one storage")
    message = str(refused.value)
    assert f"process {holder.process.pid} " in message
    assert "holder.py" in message
    assert "http://127.0.0.1:3000" in message


async def test_a_killed_holder_takes_its_servers_with_it(storage: Path, hold: type_of_start) -> None:
    async with hold(storage) as holder:
        os.kill(holder.process.pid, signal.SIGKILL)
        await until(lambda: not any(runs(pid) for pid in holder.server_pids), timeout_s=5)


async def test_a_killed_holders_storage_is_free_at_once(storage: Path, hold: type_of_start) -> None:
    async with hold(storage) as holder:
        os.kill(holder.process.pid, signal.SIGKILL)
        await holder.process.wait()
        with hold_storage(storage) as lock:
            async with embedded(storage, lock=lock) as servers:
                await (await connect(servers)).close()


async def test_servers_hold_the_lock_as_long_as_they_live(storage: Path) -> None:
    with hold_storage(storage) as lock:
        async with embedded(storage, lock=lock) as servers:
            for child in servers.children:
                held = {file.resolve() for file in Path(f"/proc/{child.pid}/fd").iterdir()}
                assert (storage / LOCK_FILE).resolve() in held


def test_a_storage_can_be_held_again_after_its_release(storage: Path) -> None:
    for _ in range(2):
        with hold_storage(storage):
            pass


def test_an_error_inside_releases_the_storage(storage: Path) -> None:
    with pytest.raises(KeyError), hold_storage(storage):
        raise KeyError
    assert holder_of(storage) is None


def test_the_holder_is_known_while_it_holds(storage: Path) -> None:
    assert holder_of(storage) is None
    with hold_storage(storage) as lock:
        lock.announce("http://127.0.0.1:9")
        holder = holder_of(storage)
        assert holder
        assert (holder.pid, holder.url) == (os.getpid(), "http://127.0.0.1:9")
    assert holder_of(storage) is None


def test_a_lock_file_with_foreign_text_holds_nobody_up(storage: Path) -> None:
    storage.mkdir()
    (storage / LOCK_FILE).write_text("{half")
    with hold_storage(storage):
        assert holder_of(storage)


def test_a_storage_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFault, match=r"file/storage.*--storage"), hold_storage(tmp_path / "file" / "storage"):
        pytest.fail("a folder inside a file")


def test_other_users_can_read_who_holds_but_not_write(storage: Path) -> None:
    with hold_storage(storage):
        assert not stat.S_IMODE((storage / LOCK_FILE).stat().st_mode) & 0o022
