"""Build the file system that code sees, out of bind mounts on an empty tmpfs, and make it the root.

Steps are (kind, source, target), in order. Kinds: `symlink`; `read` and `write`, which bind the source;
`scratch`, a tmpfs of as many bytes as the source says; `proc`; `devices`.
"""

from __future__ import annotations

import os
import struct

from raro.sandboxes.inside import kernel

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
MOUNT_SETATTR = 442
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV = 1, 2, 4

BASE = "/tmp"
"""Any folder that exists everywhere; only our own mount namespace sees what is put on it."""
DEVICES = ("null", "zero", "full", "random", "urandom")
INODES_PER_SCRATCH = 20_000

Step = tuple[str, str, str]


def build_root(steps: list[Step]) -> None:
    """Replace the root of this mount namespace by one made of `steps`; it is read-only where no step writes.

    Raises:
        OSError: the kernel refuses a step, or lacks mount_setattr (Linux 5.12).
    """
    kernel.mount("none", "/", None, MS_REC | MS_PRIVATE)
    sources = _open_sources(steps)
    kernel.mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
    for kind, source, target in steps:
        if kind == "devices":
            _make_devices(sources, BASE + target)
        else:
            _take(kind, sources.get(source, source), BASE + target)
    os.chdir(BASE)
    kernel.syscall(PIVOT_ROOT[os.uname().machine], b".\0", b".\0")
    kernel.umount(".", MNT_DETACH)
    os.chdir("/")
    _set_attributes("/", ATTR_RDONLY, recursive=False)


def _open_sources(steps: list[Step]) -> dict[str, str]:
    # Held open, because sources may lie below BASE, which the new root is about to cover.
    binds = [source for kind, source, _ in steps if kind in ("read", "write")]
    binds += [f"/dev/{name}" for name in DEVICES]
    return {source: f"/proc/self/fd/{os.open(source, os.O_PATH | os.O_CLOEXEC)}" for source in binds}


def _take(kind: str, source: str, target: str) -> None:
    if kind == "symlink":
        os.symlink(source, target)
    elif kind in ("read", "write"):
        _bind(source, target)
        read_only = ATTR_RDONLY if kind == "read" else 0
        _set_attributes(target, read_only | ATTR_NOSUID | ATTR_NODEV, recursive=True)
    else:
        os.makedirs(target, exist_ok=True)
        if kind == "proc":
            _mount_proc(target)
        elif kind == "scratch":
            options = f"mode=1777,size={source},nr_inodes={INODES_PER_SCRATCH}"
            kernel.mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, options)


def _make_devices(sources: dict[str, str], folder: str) -> None:
    os.makedirs(folder)
    for name in DEVICES:
        _bind(sources[f"/dev/{name}"], f"{folder}/{name}")
    os.symlink("/proc/self/fd", f"{folder}/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{folder}/{name}")


def _bind(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.mount(source, target, None, MS_BIND | MS_REC)


def _mount_proc(target: str) -> None:
    try:
        kernel.mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    except PermissionError:
        return  # in containers that mask their /proc; code does without one, which hides more


def _set_attributes(path: str, attributes: int, *, recursive: bool) -> None:
    # struct mount_attr: set, clear, propagation, user namespace
    packed = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    kernel.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(path) + b"\0", flags, packed, len(packed))
