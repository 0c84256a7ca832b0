"""Landlock: only the named folders can be written to, no symlinks or pipes in output, no TCP, no signals out.

Best effort by the kernel's ABI; whether the whole holds is the probe's to find out, not this file's.
Source of the numbers: linux/landlock.h, https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import os
import struct

from raro.sandboxes.inside import kernel

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG = 1
RULE_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK = 1 << 6, 1 << 7, 1 << 8, 1 << 9
MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = 1 << 10, 1 << 11, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
NET_BIND_AND_CONNECT = 0b11
SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

READ = EXECUTE | READ_FILE | READ_DIR
PLAIN_FILES = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
SCRATCH = PLAIN_FILES | MAKE_SOCK | MAKE_SYM
DEVICES = READ_FILE | READ_DIR | WRITE_FILE | IOCTL_DEV


def abi() -> int:
    """The kernel's Landlock version; 0 when there is none."""
    try:
        return kernel.syscall(CREATE_RULESET, None, 0, VERSION_FLAG)
    except OSError:
        return 0


def restrict(rules: dict[str, int]) -> int:
    """Allow this process and its children only what `rules` (path → rights) grants; returns the ABI used.

    Needs no_new_privs. Paths that do not exist are passed over.
    """
    version = abi()
    if version == 0:
        return 0
    handled = _rights_of(version)
    ruleset = kernel.syscall(CREATE_RULESET, *_attributes(version, handled), 0)
    for path, rights in rules.items():
        _allow(ruleset, path, rights & handled)
    kernel.syscall(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return version


def _rights_of(version: int) -> int:
    newest_right = {1: MAKE_SYM, 2: REFER, 3: TRUNCATE, 4: TRUNCATE}.get(version, IOCTL_DEV)
    return newest_right * 2 - 1


def _attributes(version: int, handled: int) -> tuple[bytes, int]:
    if version >= 6:
        packed = struct.pack("QQQ", handled, NET_BIND_AND_CONNECT, SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    elif version >= 4:
        packed = struct.pack("QQ", handled, NET_BIND_AND_CONNECT)
    else:
        packed = struct.pack("Q", handled)
    return packed, len(packed)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    kernel.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, struct.pack("=Qi", rights, folder), 0)
    os.close(folder)
