"""Attacks, run inside a tier by `probe`: each returns what it got hold of, or "" when it was kept out.

input/aims.json names what to aim at. Writes one JSON list of [name, held, detail]. Imports nothing of RARO:
it runs where there is none.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

Attack = Callable[[], str]

AIMS: dict[str, Any] = json.loads(Path("input/aims.json").read_text(encoding="utf-8"))
CANARIES: dict[str, Attack] = {}


def canary(attack: Attack) -> Attack:
    """Enter an attack under its function's name."""
    CANARIES[attack.__name__.replace("_", " ")] = attack
    return attack


def opens(path: str) -> str:
    """The path, when the secret can be read from it."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return path if AIMS["token"] in file.read(1 << 20) else ""


def got(what: str, action: Callable[..., object], *arguments: object) -> str:
    """`what` when the action works, "" when the kernel refuses it."""
    try:
        action(*arguments)
    except OSError:
        return ""
    return what


def first(attempts: Iterable[Attack]) -> str:
    """The first thing that an attempt got hold of."""
    for attempt_ in attempts:
        if found := _tried(attempt_):
            return found
    return ""


def _tried(attempt_: Attack) -> str:
    try:
        return attempt_()
    except OSError:
        return ""


def touch(path: str) -> None:
    """Open the file for writing."""
    with open(path, "wb"):
        return


@canary
def read_a_file_outside() -> str:
    """By its absolute path, and by way of the parents of the folder."""
    secret = AIMS["secret"]
    return first([lambda: opens(secret), lambda: opens(f"{os.getcwd()}/../../../../../..{secret}")])


@canary
def read_outside_through_proc() -> str:
    """Through the root and the folder of other processes."""
    ways = [f"/proc/{who}/{how}" for who in ("1", "self", os.getppid()) for how in ("root", "cwd/../../../..")]
    return first([partial(opens, way + AIMS["secret"]) for way in ways])


@canary
def read_outside_through_a_symlink() -> str:
    """Links in output/ and in /tmp."""
    os.makedirs("output/links", exist_ok=True)
    return first([partial(link_and_open, place) for place in ("output/links/s", "/tmp/s")])


def link_and_open(place: str) -> str:
    """Read the secret through a new link at `place`."""
    os.symlink(AIMS["secret"], place)
    try:
        return opens(place)
    finally:
        os.unlink(place)


@canary
def see_a_file_outside() -> str:
    """Not even that it exists."""
    return got("stat works", os.stat, AIMS["secret"])


@canary
def write_outside() -> str:
    """To the host, and to every folder that is part of the sandbox itself."""
    places = [
        AIMS["folder"] + "/written",
        "/usr/written",
        "/etc/written",
        "/session/written",
        "/written",
        "/dev/written",
    ]
    return first([partial(got, place, touch, place) for place in places])


@canary
def change_input() -> str:
    """Any change would be one of the blob itself, for it is the same inode."""
    blob = "input/blob"
    return first(
        [
            lambda: got("chmod", os.chmod, blob, 0o666),
            lambda: got("utime", os.utime, blob, (1, 1)),
            lambda: got("truncate", os.truncate, blob, 0),
            lambda: got("append", lambda: os.close(os.open(blob, os.O_WRONLY | os.O_APPEND))),
            lambda: got("chown", os.chown, blob, os.getuid(), os.getgid()),
            lambda: got("xattr", os.setxattr, blob, "user.raro", b"1"),
            lambda: got("unlink", os.unlink, blob),
            lambda: got("new file", touch, "input/new"),
            lambda: got("rename", os.rename, blob, "output/blob"),
            lambda: got("hard link", os.link, blob, "output/blob"),
            lambda: got("reopen", reopen_for_writing, blob),
        ]
    )


def reopen_for_writing(path: str) -> None:
    """Through the descriptor of a file opened for reading."""
    fd = os.open(path, os.O_RDONLY)
    os.close(os.open(f"/proc/self/fd/{fd}", os.O_RDWR))


@canary
def special_files_in_output() -> str:
    """What the host would have to be careful with afterwards."""
    return first(
        [
            lambda: got("symlink", os.symlink, "/etc/passwd", "output/symlink"),
            lambda: got("fifo", os.mkfifo, "output/fifo"),
            lambda: got("device", os.mknod, "output/device", 0o020666, os.makedev(1, 1)),
            lambda: got("hard link", make_hard_link),
            lambda: got("socket", bind_socket, "output/socket"),
        ]
    )


def bind_socket(path: str) -> None:
    """A unix socket with a path."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)


def make_hard_link() -> None:
    """A second name for a file of our own."""
    with open("output/one", "w"):
        os.link("output/one", "output/two")


@canary
def connect_to_tcp_on_loopback() -> str:
    """A listener of the host's."""

    def connect(family: int, host: str) -> None:
        with socket.socket(family, socket.SOCK_STREAM) as caller:
            caller.settimeout(0.2)
            caller.connect((host, AIMS["tcp_port"]))

    hosts = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")]
    return first([partial(got, one[1], connect, *one) for one in hosts])


@canary
def connect_to_a_unix_socket() -> str:
    """One with a path, and one with an abstract name."""

    def connect(address: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(address)

    return first([partial(got, repr(a), connect, a) for a in (AIMS["unix"], AIMS["abstract"])])


@canary
def open_raw_and_netlink_sockets() -> str:
    """Sockets that speak to the kernel or to the wire."""
    kinds = [(socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_INET, 3)]
    return first([partial(got, str(kind), open_socket, *kind) for kind in kinds])


def open_socket(family: int, kind: int) -> None:
    """Any socket at all."""
    socket.socket(family, kind).close()


def processes() -> list[str]:
    """The numbers in /proc, where there is one."""
    return [name for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc") else []


@canary
def see_host_processes() -> str:
    """Count them, and look for the secret in their environments."""
    found = [f"{len(processes())} processes"] if len(processes()) > 3 else [""]
    paths = [f"/proc/{pid}/{what}" for pid in processes() for what in ("environ", "cmdline")]
    own = {f"/proc/{os.getpid()}/environ", f"/proc/{os.getpid()}/cmdline"}
    return found[0] or first([partial(opens, path) for path in paths if path not in own])


@canary
def kill_a_host_process() -> str:
    """By the number that it has on the host."""
    return got("kill works", os.kill, AIMS["victim"], signal.SIGKILL)


@canary
def secrets_in_the_environment() -> str:
    """Names that look like one."""
    wanted = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CANARY")
    return next((name for name in os.environ if any(word in name.upper() for word in wanted)), "")


@canary
def power_and_new_namespaces() -> str:
    """System calls that the filter must refuse, and users that we must not be."""
    libc = ctypes.CDLL(None, use_errno=True)
    calls: dict[str, Callable[[], int]] = {
        "root": lambda: 0 if 0 in (os.getuid(), os.geteuid(), *os.getgroups(), os.getgid()) else -1,
        "setuid": lambda: libc.setuid(0),
        "ptrace": lambda: attach_to_child(libc),
        "unshare": lambda: libc.unshare(0x10000000),
        "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "remount input": lambda: libc.mount(None, b"/session/input", None, 4096 | 32, None),
        "clone": lambda: clone_namespace(libc),
        "keyctl": lambda: libc.syscall({"x86_64": 250}.get(os.uname().machine, 219), 0, 0, 0, 0, 0),
        "bpf": lambda: libc.syscall({"x86_64": 321}.get(os.uname().machine, 280), 0, None, 0),
        "io_uring": lambda: libc.syscall(425, 1, ctypes.create_string_buffer(256)),
        "memfd": lambda: libc.syscall({"x86_64": 319}.get(os.uname().machine, 279), b"m", 0),
    }
    return ", ".join(name for name, call in calls.items() if call() >= 0)


def attach_to_child(libc: ctypes.CDLL) -> int:
    """Debug another process, one of our own: even that is refused."""
    child = fork_waiting_child()
    attached: int = libc.ptrace(16, child, None, None)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return attached


def clone_namespace(libc: ctypes.CDLL) -> int:
    """A child in a new user namespace."""
    number = {"x86_64": 56}.get(os.uname().machine, 220)
    pid: int = libc.syscall(number, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    return pid


@canary
def more_processes_than_allowed() -> str:
    """Fork until refused."""
    children: list[int] = []
    try:
        while len(children) <= AIMS["processes"]:
            children.append(fork_waiting_child())
        return f"{len(children)} children"
    except BlockingIOError:
        return ""
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def fork_waiting_child() -> int:
    """Its pid; it waits until killed."""
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    return child


@canary
def more_memory_than_allowed() -> str:
    """One mapping above the limit."""
    try:
        mmap.mmap(-1, AIMS["memory_bytes"] + mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (MemoryError, OSError):
        return ""
    return "the mapping was granted"


@canary
def more_disk_than_allowed() -> str:
    """A file too large, written and sparse, and too much in /tmp."""
    return first(
        [
            lambda: got("output", overfill, "output/large", AIMS["file_bytes"]),
            lambda: got("sparse", lambda: os.truncate("output/large", AIMS["file_bytes"] + 1)),
            lambda: got("/tmp", fill_scratch),
        ]
    )


def overfill(path: str, size: int) -> None:
    """One byte more than `size`."""
    with open(path, "wb", buffering=0) as file:
        written = file.write(b"\0" * size)
        file.write(b"\0" * (size - written + 1))


def fill_scratch() -> None:
    """One file more than /tmp has room for."""
    names = [f"/tmp/raro-canary-{number}" for number in range(AIMS["scratch_bytes"] // AIMS["file_bytes"] + 1)]
    try:
        for name in names:
            Path(name).write_bytes(b"\0" * AIMS["file_bytes"])
    finally:
        for name in names:
            Path(name).unlink(missing_ok=True)


@canary
def processor_time_is_limited() -> str:
    """Asked for only: spending it would take a second."""
    return "no limit" if resource.getrlimit(resource.RLIMIT_CPU)[1] == resource.RLIM_INFINITY else ""


@canary
def ordinary_work_is_possible() -> str:
    """Not an attack: a tier that lets nothing be done is no use either."""
    with open("input/blob", "rb") as given, open("output/made", "wb") as made:
        made.write(given.read())
    os.makedirs("output/folder", exist_ok=True)
    os.rename("output/made", "output/folder/made")
    with open("/tmp/scratch", "w") as scratch:
        scratch.write("x")
    return "" if os.read(os.open("/dev/urandom", os.O_RDONLY), 1) else "no random bytes"


def attempt(attack: Attack) -> tuple[bool, str]:
    """Whether the tier held, and what was seen."""
    try:
        found = attack()
    except Exception as error:  # noqa: BLE001 - whatever an attack dies of, the others must go on
        return False, f"{type(error).__name__}: {error}"
    return not found, found or "kept out"


ORDER = sorted(CANARIES, key=lambda name: name != "ordinary work is possible")
sys.stdout.write(json.dumps([[name, *attempt(CANARIES[name])] for name in ORDER]) + "\n")
