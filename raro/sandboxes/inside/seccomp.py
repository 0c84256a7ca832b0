"""The system calls that code in a sandbox may not make, as a hand-assembled BPF filter.

A deny list: what gives power over other processes, over mounts and namespaces, or over rarely used parts
of the kernel with a history of holes. What a process may do to files is Landlock's and the mounts' part.
Sources: linux/filter.h, linux/seccomp.h, the kernel's unistd tables.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from raro.sandboxes.inside import kernel

# x86_64 and aarch64 numbers; None where the architecture has no such call.
DENIED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "unshare": (272, 97),
    "setns": (308, 268),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "personality": (135, 92),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "vmsplice": (278, 75),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # Memory that neither the address-space limit nor the resident size of a process shows.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    # Things in output/ that are no plain files.
    "mknod": (133, None),
    "mknodat": (259, 33),
    "link": (86, None),
    "linkat": (265, 37),
}
SYMLINKS: dict[str, tuple[int | None, int | None]] = {"symlink": (88, None), "symlinkat": (266, 36)}

ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
SOCKET, IOCTL, CLONE, CLONE3 = (41, 198), (16, 29), (56, 220), (435, 435)
X32_CALLS = 0x40000000
NEW_NAMESPACES = 0x7E020080
"""CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET and TIME."""
AF_UNIX = 1
TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX type into the terminal of whoever started us (CVE-2017-5226)."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
ALLOW, KILL_PROCESS, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
SECCOMP_SET_MODE_FILTER = 1
FILTER_FLAG_TSYNC = 1
SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}


def restrict(*, symlinks: bool) -> None:
    """Put the filter on this process and all its future children; needs no_new_privs.

    Raises:
        OSError: the kernel has no seccomp filters, or the machine's architecture has no table here.
    """
    machine = os.uname().machine
    if machine not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine}")
    code = program(machine, symlinks=symlinks)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
    kernel.syscall(SECCOMP_CALL[machine], SECCOMP_SET_MODE_FILTER, FILTER_FLAG_TSYNC, header)


def program(machine: str, *, symlinks: bool) -> bytes:
    """The filter for `machine`: BPF instructions of 8 bytes each."""
    column, architecture = ARCHITECTURES[machine]
    denied = DENIED if symlinks else DENIED | SYMLINKS
    lines = [
        _line(LOAD, ARCHITECTURE_AT),
        _line(EQUAL, architecture, 1, 0),
        _line(RETURN, KILL_PROCESS),
        _line(LOAD, NUMBER_AT),
        *_unless(AT_LEAST, X32_CALLS, errno.ENOSYS),
        *_unless(EQUAL, CLONE3[column], errno.ENOSYS),
    ]
    for numbers in denied.values():
        if (number := numbers[column]) is not None:
            lines += _unless(EQUAL, number, errno.EPERM)
    lines += _when(CLONE[column], 0, _unless(ANY_BIT, NEW_NAMESPACES, errno.EPERM))
    lines += _when(SOCKET[column], 0, [_line(EQUAL, AF_UNIX, 1, 0), _line(RETURN, FAIL | errno.EACCES)])
    terminal = [line for request in TERMINAL_INPUT for line in _unless(EQUAL, request, errno.EPERM)]
    lines += _when(IOCTL[column], 1, terminal)
    return b"".join([*lines, _line(RETURN, ALLOW)])


def _line(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, when_true, when_false, value)


def _unless(test: int, value: int, error: int) -> list[bytes]:
    return [_line(test, value, 0, 1), _line(RETURN, FAIL | error)]


def _when(call: int, argument: int, checks: list[bytes]) -> list[bytes]:
    # The low half of the 64-bit argument: both architectures are little endian, and the calls tested take ints.
    body = [_line(LOAD, ARGUMENTS_AT + 8 * argument), *checks, _line(RETURN, ALLOW)]
    return [_line(EQUAL, call, 0, len(body)), *body]
