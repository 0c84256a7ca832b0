"""System calls that Python has no function for, and the numbers they need. Leaves their use to others."""

from __future__ import annotations

import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
SIGKILL = 9


def syscall(number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call the kernel; arguments that are bytes are passed by address.

    Raises:
        OSError: with the call's errno.
    """
    converted = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result: int = _libc.syscall(ctypes.c_long(number), *converted)
    return _checked(result, f"system call {number}")


def prctl(option: int, value: int) -> None:
    """Set a property of this process.

    Raises:
        OSError: with the call's errno.
    """
    arguments = [ctypes.c_ulong(item) for item in (value, 0, 0, 0)]
    _checked(_libc.prctl(option, *arguments), f"prctl {option}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2).

    Raises:
        OSError: with the call's errno.
    """
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    result = _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(result, f"mount {target}")


def umount(target: str, flags: int) -> None:
    """umount2(2).

    Raises:
        OSError: with the call's errno.
    """
    _checked(_libc.umount2(os.fsencode(target), flags), f"umount {target}")


def unshare(flags: int) -> None:
    """unshare(2): leave the given namespaces for new ones.

    Raises:
        OSError: with the call's errno.
    """
    _checked(_libc.unshare(flags), "unshare")


def drop_capabilities() -> None:
    """Give up every capability, also those that a new user namespace brought.

    Raises:
        OSError: with the call's errno.
    """
    # capset(2) with version 3 and two empty words of effective, permitted and inheritable each.
    header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    _checked(_libc.capset(header, nothing), "capset")


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
