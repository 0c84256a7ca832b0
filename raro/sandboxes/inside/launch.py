"""A small stand-in for bubblewrap: namespaces of our own around `main`, where bubblewrap is not installed.

Started as `python -I -S launch.py`. Three processes: this one waits outside, the second is process 1 of the
new pid namespace and reaps, the third becomes `main`. When one of the first two dies, all die.
"""

import os
import sys

LIBRARY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, LIBRARY)

from raro.sandboxes.inside import confine, kernel, mounts, plan, seccomp  # noqa: E402

NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
"""mount, cgroup, uts, ipc, pid and network"""
NEW_USER = 0x10000000


def main() -> int:
    """Returns the code's exit status; 128 + the signal when one ended it."""
    orders: plan.Namespaces = plan.read_block(0)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    confine.exit_if_host_is_gone(orders["life_fd"])
    _leave_namespaces(orders)
    first = os.fork()
    if first == 0:
        os._exit(_first_process(orders))
    os.write(orders["info_fd"], b'{"child-pid": %d}' % first)
    os.close(orders["info_fd"])
    return _status_of(first)


def _leave_namespaces(orders: plan.Namespaces) -> None:
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(NEW_NAMESPACES | (NEW_USER if orders["user_namespace"] else 0))
    if orders["user_namespace"]:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")


def _first_process(orders: plan.Namespaces) -> int:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    confine.exit_if_host_is_gone(orders["life_fd"])
    os.close(orders["info_fd"])
    os.setsid()
    mounts.build_root(orders["steps"])
    confine.become(orders["uid"])
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    # Same user as the code, so it must not be one that the code can take over and so gain anything.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    seccomp.restrict(symlinks=True)
    # Changing the user cleared it.
    kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
    confine.exit_if_host_is_gone(orders["life_fd"])
    main_process = os.fork()
    if main_process == 0:
        os.execv(orders["command"][0], orders["command"])
    return _status_of(main_process)


def _status_of(child: int) -> int:
    """Wait for `child`, reaping every orphan that ends before it."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    os._exit(main())
