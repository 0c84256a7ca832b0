"""What `raro doctor` can see without a server: the interpreter, the programs, the storage folder, the sandbox.

Each check gives findings and never raises for what it finds. What only a running RARO knows is `health`'s business.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from raro.agents.policy.book import RuleBook
from raro.cli.text import size
from raro.embedded.binaries import NATS, VALKEY, wheel_program
from raro.embedded.lock import Holder
from raro.errors import StartFailed
from raro.sandboxes.sandbox import TierReport
from raro.settings import MIB, Settings
from raro.wiring.core import sandboxes_of

State = Literal["ok", "degraded", "broken"]
_LEAST_FREE_BYTES = 1024 * MIB
_VERSION_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Finding:
    """One part's state; `advice` says what to do when it is not ok."""

    part: str
    state: State
    detail: str
    advice: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def check_python() -> Finding:
    """Which interpreter runs; an older one could not have installed RARO."""
    return Finding("python", "ok", f"Python {platform.python_version()} at {sys.executable}")


async def check_programs(settings: Settings) -> list[Finding]:
    """The embedded servers' programs are there and start, where they are needed."""
    return [
        await _check_program("nats-server", NATS, "broken", settings.nats_url, "RARO_NATS_URL"),
        await _check_program("valkey-server", VALKEY, "degraded", settings.redis_url, "RARO_REDIS_URL"),
    ]


async def _check_program(
    part: str, candidates: tuple[tuple[str, str], ...], absent: State, url: str | None, variable: str
) -> Finding:
    if url:
        return Finding(part, "ok", f"not needed: {variable} is set")
    try:
        program = wheel_program(candidates)
        said = await asyncio.to_thread(
            subprocess.check_output,
            (program, "--version"),
            stderr=subprocess.STDOUT,
            timeout=_VERSION_TIMEOUT_S,
        )
    except StartFailed as fault:
        return Finding(part, absent, fault.message, "Run `make setup`.")
    except (OSError, subprocess.SubprocessError) as fault:
        return Finding(part, absent, f"{fault or 'it does not answer'}", "Run `make setup` to install it anew.")
    return Finding(part, "ok", f"{said.decode(errors='replace').strip()} at {program}")


def check_storage(storage: Path) -> list[Finding]:
    """The folder can be written, links within it work, there is room."""
    if not storage.is_dir():
        parent = next(folder for folder in (storage, *storage.resolve().parents) if folder.exists())
        state: State = "ok" if os.access(parent, os.W_OK | os.X_OK) else "broken"
        return [Finding("storage", state, f"{storage} is not there yet; `raro up` makes it", _advice_storage(state))]
    try:
        links = _try_writing(storage)
    except OSError as fault:
        return [
            Finding("storage", "broken", f"{storage} cannot be written: {fault.strerror}", _advice_storage("broken"))
        ]
    free = shutil.disk_usage(storage).free
    room: State = "ok" if free > _LEAST_FREE_BYTES else "degraded"
    return [
        Finding("storage", "ok", f"{storage} can be written; trees are {'hard links' if links else 'copies'}"),
        Finding(
            "space", room, f"{size(free)} free", "" if room == "ok" else "Free some: `raro gc`, `raro artifacts clear`."
        ),
    ]


def _advice_storage(state: State) -> str:
    return "" if state == "ok" else "Choose a folder that this user can write, with --storage or RARO_STORAGE."


def _try_writing(storage: Path) -> bool:
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=storage) as folder:
        file = Path(folder, "a")
        file.write_bytes(b"written")
        try:
            Path(folder, "b").hardlink_to(file)
        except OSError:
            return False
        return True


def check_holder(storage: Path, holder: Holder | None) -> Finding:
    """Who works on the storage folder now."""
    if holder is None:
        return Finding("server", "ok", f"nobody holds {storage}; `raro up` starts a server")
    return Finding("server", "ok", str(holder))


def check_rules(settings: Settings) -> Finding:
    """Whether the rules file could be taken."""
    path = settings.rules_path
    book = RuleBook(path)
    fault = book.fault()
    if fault is None:
        return Finding("rules", "ok", f"{len(book.current().ids)} rules would be in force")
    where = f"{path}:{fault.line}" if fault.line else str(path)
    return Finding("rules", "degraded", f"{where}: {fault.message}", "Correct it; `raro rules check FILE` tells more.")


async def check_sandbox(settings: Settings) -> list[Finding]:
    """Which sandbox tiers hold against real attacks here, with every attack that got through."""
    sandboxes = sandboxes_of(settings)
    try:
        report = await sandboxes.probe()
    finally:
        await sandboxes.close()
    return [*(_tier(tier) for tier in report.tiers), _chosen_tier(report.chosen)]


def _tier(tier: TierReport) -> Finding:
    facts = {"probes": [asdict(canary) for canary in tier.canaries], "notes": list(tier.notes)}
    if tier.holds:
        tried = ", ".join(canary.name for canary in tier.canaries)
        return Finding(f"sandbox {tier.tier}", "ok", f"holds: {tried}", facts=facts)
    leaks = "; ".join(f"{canary.name}: {canary.detail}" for canary in tier.leaks)
    return Finding(f"sandbox {tier.tier}", "degraded", f"does not hold: {leaks}", facts=facts)


def _chosen_tier(chosen: str | None) -> Finding:
    if chosen is None:
        advice = (
            "Install bubblewrap (Debian: apt install bubblewrap), or allow user namespaces; agents cannot run code now."
        )
        return Finding("sandbox", "broken", "no tier is used", advice)
    if chosen == "unsafe":
        return Finding("sandbox", "degraded", "RARO_SANDBOX=unsafe: code runs unconfined", "Unset RARO_SANDBOX.")
    return Finding("sandbox", "ok", f"{chosen} is used")
