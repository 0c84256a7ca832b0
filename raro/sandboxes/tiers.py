"""The local tiers: how each one starts the inner shim, and what it asks the shim to give up.

bubblewrap   bwrap builds the namespaces; inside, Landlock, seccomp and resource limits
shim         `inside/launch.py` builds the namespaces; the same inside
unsafe       resource limits alone, in the open; never chosen unless it is asked for by name
"""

from __future__ import annotations

import os
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path

from raro.sandboxes import layout
from raro.sandboxes.inside import landlock
from raro.sandboxes.inside.plan import Confinement, Namespaces, to_block
from raro.sandboxes.sandbox import Limits, MiB, Workspace

ISOLATING = ("bubblewrap", "shim")
TIERS = (*ISOLATING, "unsafe")
SETTINGS = ("auto", *TIERS, "off")
OPEN_FILES = 512
ADDRESS_SPACE_MARGIN = 4096 * MiB
"""Libraries reserve far more addresses than they use; RLIMIT_DATA is the limit that counts."""

NAMESPACES = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
# bwrap asks to die with its parent before it has told its child to go on. A child that is not told waits for ever,
# and as process 1 of its namespace it ignores what else could end it. So bwrap has a parent that outlives the host
# until the inner shim has begun; from then on the host's death kills that parent.
_PATIENT = ("/bin/sh", "-c", '"$@"; exit $?', "sh")
AS_ROOT = ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")


@dataclass(frozen=True)
class Pipes:
    """The child's ends: reports go to `result`, the pid of process 1 to `info`; `life` closes with the host.

    `options` is a gate: what it carries is written only after the host has said whom its death shall kill.
    """

    result: int
    info: int
    life: int
    options: int


@dataclass(frozen=True)
class Job:
    """Everything that starting one run of code needs to know."""

    workspace: Workspace
    limits: Limits
    uid: int | None
    font_cache: Path | None


@dataclass(frozen=True)
class Start:
    """A command, what it reads before the code, and its environment and folder."""

    command: list[str]
    orders: bytes
    environment: dict[str, str]
    folder: str
    options: bytes = b""


def start(tier: str, job: Job, pipes: Pipes) -> Start:
    """How to start the inner shim in `tier`."""
    if tier == "unsafe":
        return _unsafe(job, pipes)
    inside = layout.interpreter_inside()
    steps = layout.steps(job.workspace, job.limits, job.font_cache)
    environment = layout.environment(inside, layout.SESSION, layout.TEMPORARY)
    orders = to_block(_confinement(tier, job, pipes))
    command = inside.command("main")
    if tier == "bubblewrap":
        bwrap = [bubblewrap_path() or "bwrap", "--args", str(pipes.options), "--", *command]
        return Start([*_PATIENT, *bwrap], orders, environment, "/", _bubblewrap_options(steps, job, pipes))
    namespaces = Namespaces(
        uid=job.uid,
        user_namespace=job.uid is None,
        steps=steps,
        info_fd=pipes.info,
        life_fd=pipes.life,
        command=command,
    )
    launch = layout.interpreter_outside().command("launch")
    return Start(launch, to_block(namespaces) + orders, environment, "/")


def _unsafe(job: Job, pipes: Pipes) -> Start:
    outside = layout.interpreter_outside()
    session = str(job.workspace.root.resolve())
    environment = layout.environment(outside, session, layout.TEMPORARY)
    if job.font_cache is not None:
        environment["MPLCONFIGDIR"] = str(job.font_cache)
    return Start(outside.command("main"), to_block(_confinement("unsafe", job, pipes)), environment, session)


def _confinement(tier: str, job: Job, pipes: Pipes) -> Confinement:
    isolated = tier in ISOLATING
    inside = layout.interpreter_inside() if isolated else layout.interpreter_outside()
    return Confinement(
        # launch.py has changed the user already, before it became process 1.
        uid=job.uid if tier == "bubblewrap" else None,
        rlimits=_rlimits(job.limits),
        landlock=_writable() if isolated else None,
        seccomp=isolated,
        result_fd=pipes.result,
        life_fd=pipes.life,
        folder=layout.SESSION if isolated else str(job.workspace.root.resolve()),
        packages=list(inside.packages),
        font_cache=layout.FONTS if isolated and job.font_cache else None,
    )


def _writable() -> dict[str, int]:
    return {
        "/": landlock.READ,
        "/dev": landlock.DEVICES,
        "/dev/shm": landlock.SCRATCH,
        layout.TEMPORARY: landlock.SCRATCH,
        f"{layout.SESSION}/output": landlock.PLAIN_FILES,
    }


def _rlimits(limits: Limits) -> list[tuple[int, int, int]]:
    cpu_s = max(1, round(limits.cpu_s))
    fixed = {
        resource.RLIMIT_DATA: limits.memory_bytes,
        resource.RLIMIT_AS: limits.memory_bytes + ADDRESS_SPACE_MARGIN,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: MiB,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    # At the soft limit comes SIGXCPU, which tells itself apart; at the hard one SIGKILL, for whoever ignores that.
    return [(resource.RLIMIT_CPU, cpu_s, cpu_s + 1), *((which, value, value) for which, value in fixed.items())]


def _bubblewrap_options(steps: list[layout.Step], job: Job, pipes: Pipes) -> bytes:
    # bwrap makes the folders above a target for its own user alone, which as root is not the code's.
    above = dict.fromkeys(str(parent) for _, _, target in steps for parent in reversed(Path(target).parents[:-1]))
    folders = [word for folder in above for word in ("--perms", "0755", "--dir", folder)]
    mounts = [word for step in steps for word in _bubblewrap_words(step)]
    who = AS_ROOT if job.uid is not None else ("--unshare-user",)
    words = [
        *("--die-with-parent", "--new-session", *NAMESPACES, *who),
        *folders,
        *mounts,
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *("--info-fd", str(pipes.info)),
    ]
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def _bubblewrap_words(step: layout.Step) -> list[str]:
    kind, source, target = step
    words = {
        "symlink": ["--symlink", source, target],
        "read": ["--ro-bind", source, target],
        "write": ["--bind", source, target],
        "scratch": ["--perms", "1777", "--size", source, "--tmpfs", target],
        "proc": ["--proc", target],
        "devices": ["--dev", target],
    }
    return words[kind]


def bubblewrap_path() -> str | None:
    """Where bwrap is installed, if it is; says nothing on whether it works here."""
    return shutil.which("bwrap", path=os.defpath + ":/usr/local/bin") or shutil.which("bwrap")
