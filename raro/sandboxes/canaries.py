"""Attacks, run inside a tier by `probe`: each returns what it got hold of, or "" when it was kept out.

AIMS, set in front of this text, names what to aim at. Prints one JSON list of [name, held, detail].
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket

AIMS: dict
CANARIES = {}


def canary(attack):
    CANARIES[attack.__name__.replace("_", " ")] = attack
    return attack


def opens(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return path if AIMS["token"] in file.read(1 << 20) else ""


def got(what, action, *arguments):
    """`what` when the action works, "" when the kernel refuses it."""
    try:
        action(*arguments)
    except OSError:
        return ""
    return what


def first(attempts):
    """The first thing that an attempt got hold of."""
    for attempt in attempts:
        try:
            if found := attempt():
                return found
        except OSError:
            continue
    return ""


@canary
def read_a_file_outside():
    secret = AIMS["secret"]
    return first([lambda: opens(secret), lambda: opens(f"{os.getcwd()}/../../../../../..{secret}")])


@canary
def read_outside_through_proc():
    ways = [f"/proc/{who}/{how}" for who in ("1", "self", os.getppid()) for how in ("root", "cwd/../../../..")]
    return first([lambda way=way: opens(way + AIMS["secret"]) for way in ways])


@canary
def read_outside_through_a_symlink():
    os.makedirs("output/links", exist_ok=True)
    return first([lambda place=place: link_and_open(place) for place in ("output/links/s", "/tmp/s")])


def link_and_open(place):
    os.symlink(AIMS["secret"], place)
    try:
        return opens(place)
    finally:
        os.unlink(place)


@canary
def see_a_file_outside():
    return got("stat works", os.stat, AIMS["secret"])


@canary
def write_outside():
    places = [AIMS["folder"] + "/written", "/usr/written", "/etc/written", "/work/written", "/written", "/dev/written"]
    return first([lambda place=place: got(place, lambda: open(place, "w").close()) for place in places])


@canary
def change_input():
    blob = "input/blob"
    return first(
        [
            lambda: got("chmod", os.chmod, blob, 0o666),
            lambda: got("utime", os.utime, blob, (1, 1)),
            lambda: got("truncate", os.truncate, blob, 0),
            lambda: got("append", lambda: open(blob, "ab").close()),
            lambda: got("chown", os.chown, blob, os.getuid(), os.getgid()),
            lambda: got("xattr", os.setxattr, blob, "user.raro", b"1"),
            lambda: got("unlink", os.unlink, blob),
            lambda: got("new file", lambda: open("input/new", "w").close()),
            lambda: got("rename", os.rename, blob, "output/blob"),
            lambda: got("hard link", os.link, blob, "output/blob"),
            lambda: got("reopen", reopen_for_writing, blob),
        ]
    )


def reopen_for_writing(path):
    fd = os.open(path, os.O_RDONLY)
    os.close(os.open(f"/proc/self/fd/{fd}", os.O_RDWR))


@canary
def special_files_in_output():
    return first(
        [
            lambda: got("symlink", os.symlink, "/etc/passwd", "output/symlink"),
            lambda: got("fifo", os.mkfifo, "output/fifo"),
            lambda: got("device", os.mknod, "output/device", 0o020666, os.makedev(1, 1)),
            lambda: got("hard link", make_hard_link),
            lambda: got("socket", lambda: socket.socket(socket.AF_UNIX).bind("output/socket")),
        ]
    )


def make_hard_link():
    with open("output/one", "w"):
        os.link("output/one", "output/two")


@canary
def connect_to_tcp_on_loopback():
    def connect(family, host):
        with socket.socket(family, socket.SOCK_STREAM) as caller:
            caller.settimeout(0.2)
            caller.connect((host, AIMS["tcp_port"]))

    hosts = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")]
    return first([lambda one=one: got(one[1], connect, *one) for one in hosts])


@canary
def connect_to_a_unix_socket():
    def connect(address):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(address)

    return first([lambda a=a: got(repr(a), connect, a) for a in (AIMS["unix"], AIMS["abstract"])])


@canary
def open_raw_and_netlink_sockets():
    kinds = [(socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_INET, 3)]
    return first([lambda kind=kind: got(str(kind), lambda: socket.socket(*kind).close()) for kind in kinds])


def processes():
    return [name for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc") else []


@canary
def see_host_processes():
    found = [f"{len(processes())} processes"] if len(processes()) > 3 else [""]
    paths = [f"/proc/{pid}/{what}" for pid in processes() for what in ("environ", "cmdline")]
    own = {f"/proc/{os.getpid()}/environ", f"/proc/{os.getpid()}/cmdline"}
    return found[0] or first([lambda path=path: opens(path) for path in paths if path not in own])


@canary
def kill_a_host_process():
    return got("kill works", os.kill, AIMS["victim"], signal.SIGKILL)


@canary
def secrets_in_the_environment():
    wanted = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CANARY")
    return next((name for name in os.environ if any(word in name.upper() for word in wanted)), "")


@canary
def power_and_new_namespaces():
    libc = ctypes.CDLL(None, use_errno=True)
    calls = {
        "root": lambda: 0 if 0 in (os.getuid(), os.geteuid(), *os.getgroups(), os.getgid()) else -1,
        "setuid": lambda: libc.setuid(0),
        "ptrace": lambda: libc.ptrace(16, os.getppid(), None, None),
        "traceme": lambda: libc.ptrace(0, 0, None, None),
        "unshare": lambda: libc.unshare(0x10000000),
        "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "remount input": lambda: libc.mount(None, b"/work/input", None, 4096 | 32, None),
        "clone": lambda: clone_namespace(libc),
        "keyctl": lambda: libc.syscall({"x86_64": 250}.get(os.uname().machine, 219), 0, 0, 0, 0, 0),
        "bpf": lambda: libc.syscall({"x86_64": 321}.get(os.uname().machine, 280), 0, None, 0),
        "io_uring": lambda: libc.syscall(425, 1, ctypes.create_string_buffer(256)),
        "memfd": lambda: libc.syscall({"x86_64": 319}.get(os.uname().machine, 279), b"m", 0),
    }
    return ", ".join(name for name, call in calls.items() if call() >= 0)


def clone_namespace(libc):
    number = {"x86_64": 56}.get(os.uname().machine, 220)
    pid = libc.syscall(number, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    return pid


@canary
def more_processes_than_allowed():
    children = []
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


def fork_waiting_child():
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    return child


@canary
def more_memory_than_allowed():
    try:
        mmap.mmap(-1, AIMS["memory_bytes"] + mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (MemoryError, OSError):
        return ""
    return "the mapping was granted"


@canary
def more_disk_than_allowed():
    return first(
        [
            lambda: got("output", overfill, "output/large", AIMS["file_bytes"]),
            lambda: got("sparse", lambda: os.truncate("output/large", AIMS["file_bytes"] + 1)),
            lambda: got("/tmp", fill_scratch),
        ]
    )


def overfill(path, size):
    with open(path, "wb", buffering=0) as file:
        written = file.write(b"\0" * size)
        file.write(b"\0" * (size - written + 1))


def fill_scratch():
    for number in range(AIMS["scratch_bytes"] // AIMS["file_bytes"] + 1):
        with open(f"/tmp/{number}", "wb", buffering=0) as file:
            file.write(b"\0" * AIMS["file_bytes"])
            os.fsync(file.fileno())
    free = os.statvfs("/tmp").f_bavail
    if free == 0:
        raise OSError("full, as it must be")


@canary
def processor_time_is_limited():
    return "no limit" if resource.getrlimit(resource.RLIMIT_CPU)[1] == resource.RLIM_INFINITY else ""


@canary
def ordinary_work_is_possible():
    """Not an attack: a tier that lets nothing be done is no use either."""
    with open("input/blob", "rb") as given, open("output/made", "wb") as made:
        made.write(given.read())
    os.makedirs("output/folder", exist_ok=True)
    os.rename("output/made", "output/folder/made")
    with open("/tmp/scratch", "w") as scratch:
        scratch.write("x")
    return "" if os.read(os.open("/dev/urandom", os.O_RDONLY), 1) else "no random bytes"


def attempt(attack):
    try:
        found = attack()
    except Exception as error:
        return [False, f"{type(error).__name__}: {error}"]
    return [not found, found or "kept out"]


ORDER = sorted(CANARIES, key=lambda name: name != "ordinary work is possible")
print(json.dumps([[name, *attempt(CANARIES[name])] for name in ORDER]))
