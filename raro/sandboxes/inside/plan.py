"""What the host tells the inside, as length-prefixed blocks on standard input, before the code itself.

marshal, because both ends are the same interpreter and json costs 7 ms to import. Nothing that comes out
of a sandbox is ever read this way.
"""

from __future__ import annotations

import marshal
import os
from typing import Any, TypedDict, cast

LENGTH_BYTES = 4
READY = b"\n"
"""Sent back once confined: what goes wrong before it is the sandbox's fault, after it the code's."""


class Confinement(TypedDict):
    """How `main` confines itself before it runs code."""

    uid: int | None
    rlimits: list[tuple[int, int, int]]
    landlock: dict[str, int] | None
    seccomp: bool
    result_fd: int
    life_fd: int
    folder: str
    packages: list[str]
    font_cache: str | None


class Namespaces(TypedDict):
    """What `launch` builds around `main`, where there is no bubblewrap."""

    uid: int | None
    user_namespace: bool
    steps: list[tuple[str, str, str]]
    info_fd: int
    life_fd: int
    command: list[str]


def to_block(plan: Confinement | Namespaces) -> bytes:
    """The plan as it goes down the pipe."""
    data = marshal.dumps(dict(plan))
    return len(data).to_bytes(LENGTH_BYTES, "little") + data


def read_block(fd: int) -> Any:
    """The next plan on `fd`; takes not a byte more than it."""
    size = int.from_bytes(_exactly(fd, LENGTH_BYTES), "little")
    return cast(Any, marshal.loads(_exactly(fd, size)))


def read_rest(fd: int) -> bytes:
    """Everything up to the end."""
    chunks = []
    while chunk := os.read(fd, 1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


def _exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = os.read(fd, size - len(data))
        if not chunk:
            raise SystemExit("the host went away before it sent its plan")
        data += chunk
    return data
