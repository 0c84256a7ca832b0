"""Give up every right that the plan does not grant: user, limits, Landlock, seccomp; in that order.

The order matters: each step needs rights that a later one takes away.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select

from raro.sandboxes.inside import kernel, landlock, seccomp
from raro.sandboxes.inside.plan import Confinement


def confine(plan: Confinement) -> None:
    """Confine this process and all its children to come, for good.

    Raises:
        OSError: a step that the plan asks for cannot be taken here; nothing must run then.
    """
    become(plan["uid"])
    # After the change of user, which clears it.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    for which, soft, hard in plan["rlimits"]:
        _limit(which, soft, hard)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    rules = plan["landlock"]
    locked = landlock.restrict(rules) if rules is not None else 0
    if plan["seccomp"]:
        seccomp.restrict(symlinks=locked > 0)


def become(uid: int | None) -> None:
    """Turn from root into an unprivileged user; with None stay who we are."""
    if uid is None:
        return
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def tie_to_host(life_fd: int) -> None:
    """Have the kernel kill the sandbox's outermost process when the host dies from now on; leave if it has died.

    Which process and by which signal the host has chosen (fcntl(2): F_SETOWN, F_SETSIG).
    """
    fcntl.fcntl(life_fd, fcntl.F_SETFL, fcntl.fcntl(life_fd, fcntl.F_GETFL) | os.O_ASYNC)
    exit_if_host_is_gone(life_fd)


def exit_if_host_is_gone(life_fd: int) -> None:
    """Leave when the host died before "die with the parent" was set: its end of the pipe is closed then."""
    waiter = select.poll()
    waiter.register(life_fd, select.POLLIN)
    if waiter.poll(0):
        os._exit(1)


def _limit(which: int, soft: int, hard: int) -> None:
    _, highest = resource.getrlimit(which)
    if highest != resource.RLIM_INFINITY:
        soft, hard = min(soft, highest), min(hard, highest)
    resource.setrlimit(which, (soft, hard))
