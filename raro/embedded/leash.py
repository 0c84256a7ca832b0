"""Runs a program that dies with the process that asked for it.

    python -I -S leash.py PARENT_PID PROGRAM [ARGUMENT…]

The kernel sends SIGKILL to the program when the thread that started it ends, so that a RARO killed
with -9 leaves no server behind to hold its ports and files. A separate tiny interpreter does this
because `preexec_fn` may deadlock in a process with threads. Imports nothing of RARO: start-up is
part of every start.

Source: prctl(2), PR_SET_PDEATHSIG; it survives execve of a program that is not set-user-ID.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent_pid: int, program: str, arguments: list[str]) -> None:
    """Tie this process to its parent, then become `program`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    # The parent may have died before the kernel knew of the tie: then nobody would send the signal.
    if os.getppid() != parent_pid:
        sys.exit(f"process {parent_pid} is gone")
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
