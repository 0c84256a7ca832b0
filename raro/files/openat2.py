"""The openat2 system call, and the walk of single steps that stands in where it is not to be had.

Only `safe_open` uses it: the errors here are the system's own.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache

_OPENAT2 = 437  # the same number on x86_64, aarch64 and every other architecture but alpha
_RESOLVE = 0x08 | 0x04 | 0x02  # BENEATH | NO_SYMLINKS | NO_MAGICLINKS, linux/openat2.h
_FOLDER_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


def open_resolved(root_fd: int, path: str, flags: int) -> int:
    """Opens `path` below `root_fd`, going through no link on the way.

    Raises:
        OSError: ELOOP or ENOTDIR at a link, EXDEV when it leads outside, EAGAIN when the tree changed meanwhile.
    """
    return open_at_once(root_fd, path, flags) if has_openat2() else open_stepwise(root_fd, path, flags)


def open_at_once(root_fd: int, path: str, flags: int) -> int:
    """The system call itself, Linux 5.6."""
    how = _OpenHow(flags, 0, _RESOLVE)
    fd: int = _libc().syscall(
        ctypes.c_long(_OPENAT2),
        ctypes.c_int(root_fd),
        ctypes.c_char_p(os.fsencode(path)),
        ctypes.byref(how),
        ctypes.c_size_t(ctypes.sizeof(how)),
    )
    if fd < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return fd


def open_stepwise(root_fd: int, path: str, flags: int) -> int:
    """The same in single steps, for kernels and sandboxes without openat2. `path` has no '..' and is relative."""
    *parents, last = [segment for segment in path.split("/") if segment not in {"", "."}] or ["."]
    fd = os.dup(root_fd)
    try:
        for parent in parents:
            below = os.open(parent, _FOLDER_FLAGS, dir_fd=fd)
            os.close(fd)
            fd = below
        return os.open(last, flags | os.O_NOFOLLOW, dir_fd=fd)
    finally:
        os.close(fd)


@cache
def has_openat2() -> bool:
    """Whether the kernel answers openat2; old container runtimes refuse it with EPERM or ENOSYS."""
    root = os.open("/", _FOLDER_FLAGS)
    try:
        os.close(open_at_once(root, ".", _FOLDER_FLAGS))
    except OSError:
        return False
    finally:
        os.close(root)
    return True


class _OpenHow(ctypes.Structure):
    """`struct open_how` of linux/openat2.h."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
