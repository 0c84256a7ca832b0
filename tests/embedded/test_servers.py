"""The embedded servers come up quickly and privately, and stay up."""

import asyncio
import os
import signal
import stat
from functools import partial
from pathlib import Path

import nats
import nats.errors
import pytest
from nats.js.api import StorageType, StreamConfig
from redis.asyncio import Redis
from redis.exceptions import RedisError

from raro.embedded.binaries import wheel_program
from raro.embedded.servers import Servers, embedded
from raro.errors import StartFailed
from tests.embedded.conftest import connect, runs, until


async def test_both_servers_serve_and_leave_nothing_running(storage: Path) -> None:
    async with embedded(storage) as servers:
        await assert_serving(servers)
        pids = [child.pid for child in servers.children]
    assert [pid for pid in pids if pid and runs(pid)] == []


@pytest.mark.parametrize(
    "name", ["with space", "Größe & Übermut", "quote\"d 'path' $HOME {x}", "long/" + "l" * 200 + "/" + "m" * 200]
)
async def test_any_storage_path_will_do(tmp_path: Path, name: str) -> None:
    async with embedded(tmp_path / name) as servers:
        await assert_serving(servers)


async def test_a_stranger_is_refused_by_both(storage: Path) -> None:
    async with embedded(storage) as servers:
        with pytest.raises(nats.errors.Error, match="Authorization Violation"):
            await nats.connect(servers.nats_url, allow_reconnect=False, connect_timeout=2)
        assert servers.redis_url
        path = servers.redis_url.split("@")[1].split("?")[0]
        async with Redis(unix_socket_path=path) as stranger:
            with pytest.raises(RedisError, match=r"(?i)authenticat"):
                await stranger.ping()


async def test_passwords_stand_in_private_files_and_nowhere_else(storage: Path) -> None:
    async with embedded(storage) as servers:
        assert servers.nats_credentials
        secret = servers.nats_credentials.password
        for child in servers.children:
            process = Path(f"/proc/{child.pid}")
            assert secret.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        holding = [file for file in storage.rglob("*") if file.is_file() and secret in file.read_text(errors="replace")]
        assert [stat.S_IMODE(file.stat().st_mode) for file in holding] == [0o600]
        assert secret not in repr(servers)


async def test_servers_get_none_of_our_environment(storage: Path) -> None:
    async with embedded(storage) as servers:
        for child in servers.children:
            entries = Path(f"/proc/{child.pid}/environ").read_bytes().split(b"\0")
            names = {entry.split(b"=")[0].decode() for entry in entries}
            assert names & set(os.environ) <= {"PATH", "LC_CTYPE"}


@pytest.mark.parametrize("name", ["nats-server", "valkey-server"])
async def test_a_killed_server_comes_back_on_its_address(storage: Path, name: str) -> None:
    restarts: list[tuple[str, int]] = []
    async with embedded(storage, on_restart=lambda *what: restarts.append(what)) as servers:
        child = next(child for child in servers.children if child.server.name == name)
        for count in (1, 2):
            assert child.pid
            os.kill(child.pid, signal.SIGKILL)
            await until(partial(restarts.__contains__, (name, count)))
            await assert_serving(servers)


async def test_acknowledged_events_survive_the_kill_of_their_server(storage: Path) -> None:
    async with embedded(storage) as servers:
        client = await connect(servers)
        stream = client.jetstream()
        await stream.add_stream(StreamConfig("LOG", subjects=["log.>"], storage=StorageType.FILE))
        acknowledged = [(await stream.publish("log.a", b"%d" % n)).seq for n in range(100)]
        nats_server = servers.children[0]
        assert nats_server.pid
        os.kill(nats_server.pid, signal.SIGKILL)
        await until(lambda: nats_server.restarts == 1)
        await until(lambda: client.is_connected)
        info = await stream.stream_info("LOG")
        assert (info.state.last_seq, info.state.messages) == (acknowledged[-1], 100)
        await client.close()


async def test_the_next_start_finds_the_log_of_the_last(storage: Path) -> None:
    async with embedded(storage) as servers:
        client = await connect(servers)
        await client.jetstream().add_stream(name="LOG", subjects=["log.>"])
        await client.jetstream().publish("log.a", b"kept")
        await client.close()
    async with embedded(storage) as servers:
        client = await connect(servers)
        assert (await client.jetstream().get_msg("LOG", 1)).data == b"kept"
        await client.close()


async def test_servers_that_run_elsewhere_are_used_and_not_started(storage: Path) -> None:
    async with embedded(storage, nats_url="nats://log:4222", redis_url="redis://cache:6379/0") as servers:
        assert (servers.nats_url, servers.redis_url) == ("nats://log:4222", "redis://cache:6379/0")
        assert (servers.nats_credentials, servers.children) == (None, ())
    assert not storage.exists()


async def test_a_log_server_that_cannot_start_says_why(storage: Path) -> None:
    (storage / "nats").mkdir(parents=True)
    (storage / "nats" / "jetstream").write_text("not a folder")
    with pytest.raises(StartFailed, match=r"nats-server did not start: .*storage directory is not a directory"):
        async with embedded(storage):
            pytest.fail("it cannot have started")


async def test_raro_starts_without_a_cache_that_cannot_start(storage: Path) -> None:
    (storage / "redis" / ".valkey.conf.draft").mkdir(parents=True)
    async with embedded(storage) as servers:
        assert servers.redis_url is None
        assert servers.cache_fault


async def test_a_cancelled_start_leaves_nothing_running(storage: Path) -> None:
    async def start() -> None:
        async with embedded(storage):
            await asyncio.sleep(60)

    task = asyncio.create_task(start())
    await until(lambda: (storage / "nats" / "nats-server.out").exists())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert [pid for pid in mine if str(storage) in str(Path(f"/proc/{pid}/cwd").resolve())] == []


def test_a_missing_wheel_is_named_with_the_way_out() -> None:
    with pytest.raises(StartFailed, match=r"no-such-wheel.*RARO_NATS_URL"):
        wheel_program((("no-such-wheel", "server"),))


async def assert_serving(servers: Servers) -> None:
    client = await connect(servers)
    account = await client.jetstream().account_info()
    assert account.api.errors == 0
    await client.close()
    assert servers.redis_url
    async with Redis.from_url(servers.redis_url) as cache:
        await cache.set("key", b"value", ex=60)
        assert await cache.get("key") == b"value"
