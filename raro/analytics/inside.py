"""The process that runs one piece of strange SQL and ends. Started as `python -I -m raro.analytics.inside`.

It imports what it needs, says so, and waits. Told what to do, it opens one file read-only, gives up every other file,
the network and every right, says so, and only then looks at the SQL. Nothing that runs here is trusted from then on:
what holds it is the kernel, the caps of `answering`, and whoever kills it in the end.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import resource
import sys
import time

from raro.sandboxes.inside import kernel, landlock, seccomp
from raro.sandboxes.inside.confine import become

READY = b"\n"
LENGTH_BYTES = 8
_MARGIN_BYTES = 384 * 1024 * 1024
"""What Python and DuckDB take beside DuckDB's own memory limit."""
_OPEN_FILES = 64
_ALONE_WITHIN_S = 5.0
_NEW_USER, _NEW_NETWORK, _NEW_IPC = 0x10000000, 0x40000000, 0x08000000


def main() -> None:
    """Take one job from standard input, write its answer to standard output."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    leave_network()
    # Whatever is imported later would be looked for on a disk that is no longer there.
    from raro.analytics import answering

    os.write(1, READY)
    size = sys.stdin.buffer.read(LENGTH_BYTES)
    if len(size) < LENGTH_BYTES:
        return  # nobody ever asked
    job = json.loads(sys.stdin.buffer.read(int.from_bytes(size, "little")))
    if job["format"] == "parquet":
        answering.prepare_for_parquet()
    threads = os.open("/proc/self/task", os.O_RDONLY)
    job["path"] = enter(job["path"])
    connection = answering.connect(job["path"], job["memory_bytes"])
    be_alone(threads)
    confine(job["memory_bytes"], job["cpu_s"], job["uid"])
    os.write(1, READY)
    meta, body = answering.answer(connection, job)
    head = json.dumps(meta).encode()
    for part in (len(head).to_bytes(LENGTH_BYTES, "little"), head, len(body).to_bytes(LENGTH_BYTES, "little"), body):
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
    # The interpreter's own end takes longer than the answer.
    os._exit(0)


def be_alone(threads: int) -> None:
    """Landlock holds the thread that asks for it and those that it starts; no others.

    One that has ended stays listed until the kernel comes to it, on a busy machine for a while. Raises SystemExit.
    """
    give_up = time.monotonic() + _ALONE_WITHIN_S
    while len(os.listdir(threads)) > 1:
        if time.monotonic() > give_up:
            raise SystemExit("a thread was started before the process was confined")
        time.sleep(0.005)
    os.close(threads)


def leave_network() -> None:
    """Go where there is no network at all, on kernels that let us: for root, and with user namespaces."""
    new_user = 0 if os.geteuid() == 0 else _NEW_USER
    with contextlib.suppress(OSError):
        kernel.unshare(_NEW_NETWORK | _NEW_IPC | new_user)


def enter(path: str) -> str:
    """Make a snapshot's folder the root, where that is allowed; gives the snapshot's path as it is then."""
    folder, name = os.path.split(path)
    try:
        os.chroot(folder)
    except OSError:
        return path
    os.chdir("/")
    return f"/{name}"


def confine(memory_bytes: int, cpu_s: float, uid: int | None) -> None:
    """Limits, no file, no socket, no right: for this process and every thread to come."""
    _limit(memory_bytes, cpu_s)
    _become_nobody(uid)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    # Kernels without one or the other: DuckDB's own locks, and the limits, are what remains.
    with contextlib.suppress(OSError):
        landlock.restrict({})
    with contextlib.suppress(OSError):
        seccomp.restrict(symlinks=False)


def _limit(memory_bytes: int, cpu_s: float) -> None:
    seconds, data = math.ceil(cpu_s), memory_bytes + _MARGIN_BYTES
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (data, data))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _become_nobody(uid: int | None) -> None:
    """Stop being root; where that user cannot be had, at least its capabilities go."""
    try:
        become(uid)
    except OSError:
        kernel.drop_capabilities()
    # The change of user cleared it.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)


if __name__ == "__main__":
    main()
