"""Attack each tier from inside and see whether it holds: the canaries' host side.

A tier is believed only after every attack in `canaries.py`, run in it as agents' code would be, has failed,
and nothing outside has changed. Leaves choosing and remembering to `local`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

from raro.errors import RaroError
from raro.sandboxes import tiers
from raro.sandboxes.inside import landlock
from raro.sandboxes.sandbox import Canary, Execution, Limits, MiB, ProbeReport, TierReport, Workspace

Attack = Callable[[str, str, Workspace, Limits], Awaitable[Execution]]

CANARIES = (Path(__file__).parent / "canaries.py").read_text(encoding="utf-8")
LIMITS = Limits(
    wall_s=10, cpu_s=5, memory_bytes=256 * MiB, processes=24, files=50, file_bytes=1 * MiB, scratch_bytes=2 * MiB
)
BLOB = b"the bytes of a blob"


async def probe_tiers(setting: str, attack: Attack) -> ProbeReport:
    """Probe the tiers that `setting` allows, best first, up to the first that holds."""
    if setting == "off":
        return ProbeReport(setting, (), None, links_inputs=True)
    if setting == "unsafe":
        return ProbeReport(setting, (), "unsafe", links_inputs=False)
    reports: list[TierReport] = []
    for tier in tiers.ISOLATING if setting == "auto" else (setting,):
        reports.append(await probe_tier(tier, attack))
        if reports[-1].holds:
            return ProbeReport(setting, tuple(reports), tier, links_inputs=True)
    return ProbeReport(setting, tuple(reports), None, links_inputs=True)


async def probe_tier(tier: str, attack: Attack) -> TierReport:
    """Try every attack inside `tier`."""
    notes = (f"Landlock ABI {landlock.abi()}",)
    if tier == "bubblewrap" and tiers.bubblewrap_path() is None:
        return TierReport(tier, (Canary("starts", False, "bwrap is not installed"),), notes)
    with ExitStack() as stack:
        scene = Scene(stack)
        try:
            execution = await attack(tier, CANARIES, scene.workspace, LIMITS)
        except (RaroError, OSError) as error:
            return TierReport(tier, (Canary("starts", False, str(error)),), notes)
        return TierReport(tier, (*_inside_results(execution), *scene.outside_results()), notes)


def _inside_results(execution: Execution) -> list[Canary]:
    if not execution.ok:
        text = execution.error.text if execution.error else execution.stderr
        return [Canary("starts", False, text.strip())]
    found = json.loads(execution.stdout.splitlines()[-1])
    return [Canary("starts", True, "the code ran"), *(Canary(*fields) for fields in found)]


class Scene:
    """What the attacks aim at: a secret, a blob, listeners and a process, all of them real."""

    def __init__(self, stack: ExitStack) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="raro-probe-"))
        stack.callback(shutil.rmtree, self._root, ignore_errors=True)
        self._token = secrets.token_hex(16)
        self._secret = self._write("secret", self._token.encode())
        self._blob = self._write("blob", BLOB)
        self._blob.chmod(0o444)
        self.workspace = Workspace(f"probe-{self._token}", self._root / "session")
        self.workspace.input.mkdir(parents=True)
        self.workspace.output.mkdir()
        os.link(self._blob, self.workspace.input / "blob")
        self._blob_state = self._state()
        self._tcp = self._listen(stack, socket.AF_INET, ("127.0.0.1", 0))
        self._unix = self._listen(stack, socket.AF_UNIX, str(self._root / "socket"))
        self._abstract = self._listen(stack, socket.AF_UNIX, f"\0raro-{self._token}")
        self._victim = Victim(stack, self._token)
        aims = json.dumps(self._aims())
        (self.workspace.input / "aims.json").write_text(aims, encoding="utf-8")

    def outside_results(self) -> list[Canary]:
        """What the attacks left outside."""
        listeners = (self._tcp, self._unix, self._abstract)
        return [
            self._canary("blob unchanged", self._state() == self._blob_state, "content, mode or times changed"),
            self._canary("nobody connected", not any(_has_caller(one) for one in listeners), "a call came in"),
            self._canary("host process lives", self._victim.lives(), "it was killed"),
            self._canary("nothing written outside", not (self._root / "written").exists(), "a file appeared"),
        ]

    def _aims(self) -> dict[str, str | int]:
        return {
            "secret": str(self._secret),
            "token": self._token,
            "folder": str(self._root),
            "tcp_port": self._tcp.getsockname()[1],
            "unix": str(self._root / "socket"),
            "abstract": f"\0raro-{self._token}",
            "victim": self._victim.pid,
            "processes": LIMITS.processes,
            "memory_bytes": LIMITS.memory_bytes,
            "file_bytes": LIMITS.file_bytes,
            "scratch_bytes": LIMITS.scratch_bytes,
        }

    def _canary(self, name: str, held: bool, otherwise: str) -> Canary:
        return Canary(name, held, "as it was" if held else otherwise)

    def _write(self, name: str, data: bytes) -> Path:
        path = self._root / name
        path.write_bytes(data)
        return path

    def _state(self) -> tuple[bytes, int, int]:
        found = self._blob.stat()
        return self._blob.read_bytes(), found.st_mode, found.st_mtime_ns

    def _listen(self, stack: ExitStack, family: socket.AddressFamily, address: object) -> socket.socket:
        listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.bind(address)  # type: ignore[arg-type]  # typeshed knows no union of the families' addresses
        listener.listen()
        listener.setblocking(False)
        return listener


class Victim:
    """A process of the host's that holds a secret in its environment and waits to be found."""

    def __init__(self, stack: ExitStack, token: str) -> None:
        self._reader, writer = os.pipe()
        stack.callback(os.close, self._reader)
        stack.callback(self._end)
        stack.callback(os.close, writer)
        self.pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", "read forever"],
            {"RARO_CANARY": token},
            file_actions=[(os.POSIX_SPAWN_DUP2, self._reader, 0)],
        )

    def lives(self) -> bool:
        """Whether nobody killed it."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def _end(self) -> None:
        os.waitpid(self.pid, 0)


def _has_caller(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
