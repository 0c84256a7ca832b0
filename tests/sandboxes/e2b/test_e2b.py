"""E2B over the wire, against a loopback peer that runs the code and fails in every way that is known."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from raro.errors import SandboxUnavailable, WrongState
from raro.sandboxes.e2b import E2BSandboxes
from raro.sandboxes.sandbox import Execution, Limits, Workspace
from tests.peers.e2b import E2BPeer, Fault

KEY = "e2b_key_that_nobody_may_see"
LIMITS = Limits(wall_s=30, output_bytes=100_000, file_bytes=1_000_000, files=50, total_bytes=5_000_000)


@dataclass
class Remembered:
    """What a run remembers of its sandbox."""

    sandbox_id: str | None = None
    events: list[str] = field(default_factory=list)

    async def standing(self) -> str | None:
        return self.sandbox_id

    async def every(self) -> frozenset[str]:
        return frozenset(event.removeprefix("opened ") for event in self.events if event.startswith("opened "))

    async def opened(self, sandbox_id: str, reason: str) -> str:
        self.events.append(f"opened {sandbox_id}")
        self.sandbox_id = self.sandbox_id or sandbox_id
        return self.sandbox_id

    async def closed(self, sandbox_id: str, reason: str) -> None:
        self.events.append(f"closed {sandbox_id}")
        self.sandbox_id = None if self.sandbox_id == sandbox_id else self.sandbox_id


@dataclass
class Bench:
    """A peer, and agents' workspaces of one run."""

    peer: E2BPeer
    folder: Path
    record: Remembered = field(default_factory=Remembered)
    sandboxes: E2BSandboxes = field(default_factory=lambda: E2BSandboxes(KEY))

    def workspace(self, agent: str = "analyze_a", epoch: int = 1, **more: Any) -> Workspace:
        root = self.folder / "agents" / str(epoch) / agent
        for kind in ("input", "output"):
            (root / kind).mkdir(parents=True, exist_ok=True)
        return Workspace("run_1", root, record=self.record, **more)

    async def run(self, code: str, agent: str = "analyze_a", limits: Limits = LIMITS, **more: Any) -> Any:
        return await (await self.sandboxes.open(self.workspace(agent), limits)).run_python(code, **more)


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with _bench(tmp_path, monkeypatch) as built:
        yield built


@asynccontextmanager
async def _bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with E2BPeer(tmp_path / "machines").standing() as peer:
        monkeypatch.setenv("E2B_API_URL", peer.url)
        monkeypatch.setenv("E2B_SANDBOX_URL", peer.url)
        yield Bench(peer, tmp_path / "session")


async def test_code_runs_there_on_the_inputs_and_its_files_come_back(bench: Bench) -> None:
    place = bench.workspace()
    (place.input / "Größe.csv").write_text("a\n1\n")
    reads = "print(open('input/Größe.csv').read())\n"
    done = await bench.run(f"{reads}import os\nos.makedirs('output/sub')\nopen('output/sub/ü.txt', 'w').write('hi')")
    assert done.ok, done
    assert "a\n1" in done.stdout
    assert (place.output / "sub/ü.txt").read_text() == "hi"
    assert bench.peer.created[0]["allow_internet_access"] is False
    assert bench.record.events == ["opened sbx1"]
    assert bench.peer.keys <= {KEY, ""}


async def test_agents_of_a_run_share_a_machine_and_each_content_goes_there_once(bench: Bench) -> None:
    for agent in ("analyze_a", "analyze_b"):
        (bench.workspace(agent).input / "same.csv").write_text("x\n" * 1000)
        assert (await bench.run("print(len(open('input/same.csv').read()))", agent)).stdout == "2000\n"
    assert len(bench.peer.created) == 1
    assert len(bench.peer.uploads) == 1


async def test_only_files_carry_over_and_a_changed_input_is_sent_again(bench: Bench) -> None:
    assert (await bench.run("x = 1\nopen('output/x.txt', 'w').write('1')")).ok
    second = await bench.run("print(open('output/x.txt').read())\nprint(x)")
    assert second.stdout.startswith("1")
    assert second.error.code == "python_error"
    (bench.workspace().output / "x.txt").write_text("from write_file")
    assert (await bench.run("print(open('output/x.txt').read())")).stdout == "from write_file\n"


async def test_an_error_keeps_the_files_made_before_it(bench: Bench) -> None:
    done = await bench.run("open('output/early.txt', 'w').write('kept')\nraise ValueError('no\u2028way')")
    assert done.error.code == "python_error"
    assert "ValueError" in done.error.text
    assert (bench.workspace().output / "early.txt").read_text() == "kept"


async def test_charts_and_rich_results_become_files(bench: Bench) -> None:
    bench.peer.results = [{"png": base64.b64encode(b"\x89PNG").decode(), "text": "<Figure>"}, {"html": "<b>t</b>"}]
    done = await bench.run("1")
    made = sorted(path.suffix for path in (bench.workspace().output / "results").iterdir())
    assert made == [".html", ".png"]
    assert any("output/results/" in result.text for result in done.results)


async def test_code_that_takes_too_long_is_ended_there(bench: Bench) -> None:
    code = "import time\nopen('output/a', 'w').write('1')\ntime.sleep(60)"
    done = await bench.run(code, timeout_s=2)
    assert done.error.code == "wall_time_limit"
    assert (bench.workspace().output / "a").exists()
    assert all(process.returncode is not None for process in bench.peer.running.values())


async def test_cancelling_ends_the_code_there_before_it_returns(bench: Bench) -> None:
    running = asyncio.create_task(bench.run("print('up', flush=True)\nimport time\ntime.sleep(60)"))
    while not any(context in bench.peer.running for context in bench.peer.contexts):
        await asyncio.sleep(0.02)
    (process,) = [bench.peer.running[context] for context in bench.peer.contexts]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(process.wait(), 10)


async def test_a_machine_that_expired_is_made_anew_with_the_files_and_the_agent_is_told(bench: Bench) -> None:
    assert (await bench.run("open('output/a.txt', 'w').write('mine')")).ok
    bench.peer.expire("sbx1")
    done = await bench.run("print(open('output/a.txt').read())")
    assert done.stdout == "mine\n"
    assert "lost" in done.stderr
    assert bench.record.events == ["opened sbx1", "closed sbx1", "opened sbx2"]


async def test_a_machine_that_dies_while_code_runs_leaves_the_files_as_they_were(bench: Bench) -> None:
    assert (await bench.run("open('output/log.txt', 'a').write('once\\n')")).ok
    running = asyncio.create_task(
        bench.run("open('output/log.txt', 'a').write('half\\n')\nimport time\ntime.sleep(60)")
    )
    while len(bench.peer.contexts) < 2:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)
    bench.peer.expire("sbx1")
    done = await running
    assert not done.ok
    again = await bench.run("open('output/log.txt', 'a').write('twice\\n')")
    assert again.ok
    assert (bench.workspace().output / "log.txt").read_text() == "once\ntwice\n"


async def test_another_worker_finds_the_machine_and_undoes_what_was_half_done(bench: Bench) -> None:
    assert (await bench.run("open('output/a.txt', 'w').write('kept')")).ok
    machine = bench.peer.alive["sbx1"]
    (machine / "1/analyze_a/output/half.txt").write_text("of a call that never returned")
    bench.sandboxes = E2BSandboxes(KEY)
    done = await bench.run("import os\nprint(sorted(os.listdir('output')))")
    assert done.stdout == "['a.txt']\n"
    assert len(bench.peer.created) == 1


async def test_the_end_of_the_run_kills_its_machine_also_from_another_process(bench: Bench) -> None:
    await bench.run("1")
    await E2BSandboxes(KEY).end_run("run_1", bench.record)
    assert bench.peer.killed == ["sbx1"]
    assert bench.record.sandbox_id is None
    await E2BSandboxes(KEY).end_run("run_1", bench.record)
    assert bench.peer.killed == ["sbx1"]


async def test_the_end_of_the_run_kills_also_a_machine_that_was_given_up(bench: Bench) -> None:
    assert (await bench.run("open('output/a.txt', 'w').write('kept')")).ok
    bench.peer.faults = lambda call: Fault(500) if call.endswith("ListDir") else None
    assert (await bench.run("1")).error.code == "sandbox_lost"
    bench.peer.faults = lambda call: None
    assert (await bench.run("print(open('output/a.txt').read())")).stdout == "kept\n"
    await bench.sandboxes.end_run("run_1", bench.record)
    assert sorted(bench.peer.killed) == ["sbx1", "sbx2"]
    assert bench.peer.alive == {}


@pytest.mark.parametrize("noticed", ["by its code's end", "by being cancelled"])
async def test_a_worker_that_was_overtaken_leaves_the_machine_to_the_next(bench: Bench, noticed: str) -> None:
    first = await bench.sandboxes.open(bench.workspace(), LIMITS)
    code = "open('output/half.txt', 'w').write('1')\nimport time\ntime.sleep(60)"
    running = asyncio.create_task(first.run_python(code))
    while not list(bench.peer.root.glob("sbx1/1/analyze_a/output/half.txt")):
        await asyncio.sleep(0.02)
    shutil.rmtree(bench.workspace().root)
    second = await bench.sandboxes.open(bench.workspace(epoch=2), LIMITS)
    if noticed == "by being cancelled":
        running.cancel()
    done = await second.run_python("import os\nprint(os.listdir('output'))\nopen('output/a.txt', 'w').write('2')")
    (outcome,) = await asyncio.gather(running, return_exceptions=True)
    assert isinstance(outcome, asyncio.CancelledError) or (isinstance(outcome, Execution) and not outcome.ok)
    assert done.stdout == "[]\n"
    assert (bench.workspace(epoch=2).output / "a.txt").read_text() == "2"
    assert bench.record.events == ["opened sbx1"]
    assert bench.peer.killed == []


async def test_code_that_an_overtaken_worker_starts_late_is_in_nobodys_files(bench: Bench) -> None:
    first = await bench.sandboxes.open(bench.workspace(), LIMITS)
    assert (await first.run_python("1")).ok
    code = "open('output/log.txt', 'a').write('once\\n')\nimport time\ntime.sleep(1.5)"
    running = asyncio.create_task((await bench.sandboxes.open(bench.workspace(epoch=2), LIMITS)).run_python(code))
    while not list(bench.peer.root.glob("sbx1/*/analyze_a/output/log.txt")):
        await asyncio.sleep(0.02)
    await first.run_python("open('output/log.txt', 'a').write('late\\n')")
    assert (await running).ok
    assert (bench.workspace(epoch=2).output / "log.txt").read_text() == "once\n"
    assert not list(bench.peer.root.glob("sbx1/1/analyze_a/output/*"))


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "passwd", "type": "FILE_TYPE_FILE", "path": "/etc/passwd", "size": "5"},
        {"name": "up", "type": "FILE_TYPE_FILE", "path": "/home/user/1/analyze_a/output/../../up", "size": "5"},
        {"name": "big", "type": "FILE_TYPE_FILE", "path": "/home/user/1/analyze_a/output/big", "size": "99999999"},
        {
            "name": "l",
            "type": "FILE_TYPE_FILE",
            "path": "/home/user/1/analyze_a/output/l",
            "size": "5",
            "symlinkTarget": "/etc",
        },
    ],
)
async def test_what_the_machine_lists_is_not_trusted(bench: Bench, entry: dict[str, Any]) -> None:
    bench.peer.extra_entries = [{"name": "x", "type": "FILE_TYPE_FILE", **entry}]
    done = await bench.run("open('output/good.txt', 'w').write('x')")
    assert done.ok, done
    assert "not kept" in done.stderr
    everything = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert [path.name for path in everything] == ["good.txt"]


@pytest.mark.parametrize("fault", [Fault(401), Fault(403), Fault(429), Fault(500), Fault(502, b"<html>")])
async def test_no_machine_is_said_with_advice_and_without_the_key(bench: Bench, fault: Fault) -> None:
    bench.peer.faults = lambda call: fault if call.endswith("/sandboxes") else None
    with pytest.raises(SandboxUnavailable) as error:
        await bench.run("1")
    assert "E2B_API_KEY" in error.value.message
    assert KEY not in error.value.message


async def test_a_service_that_fails_once_is_asked_again(bench: Bench) -> None:
    failed: list[str] = []

    def once(call: str) -> Fault | None:
        if call in failed:
            return None
        failed.append(call)
        return Fault(502)

    bench.peer.faults = lambda call: once(call) if call.endswith(("/sandboxes", "/files")) else None
    (bench.workspace().input / "a.csv").write_text("1")
    assert (await bench.run("print(open('input/a.csv').read())")).stdout == "1\n"


async def test_nobody_there_is_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2B_API_URL", "http://127.0.0.1:1")
    with pytest.raises(SandboxUnavailable):
        await bench.run("1")


async def test_endless_output_is_cut_and_said(bench: Bench) -> None:
    done = await bench.run("for _ in range(5000): print('x' * 100)", limits=Limits(wall_s=30, output_bytes=1000))
    assert len(done.stdout) <= 1000
    assert done.error.code == "output_limit"


async def test_a_closed_sandbox_takes_no_code_and_the_key_is_not_shown(bench: Bench) -> None:
    sandbox = await bench.sandboxes.open(bench.workspace(), LIMITS)
    await sandbox.close()
    with pytest.raises(WrongState):
        await sandbox.run_python("1")
    assert KEY not in repr(bench.sandboxes)
