"""Files and folders that only this user may read: server configurations with their passwords."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path


def private_folder(path: Path) -> Path:
    """The folder, made with its parents if need be, closed to other users."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file of mode 0600, whole or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def socket_folder(owner: Path) -> Path:
    """A private folder with a short path for the sockets of `owner`, the same at every call.

    A socket's path must fit in 108 bytes (unix(7)), which a storage folder's own need not.
    """
    mark = hashlib.sha256(os.fsencode(owner.resolve())).hexdigest()[:12]
    runtime = Path(f"/run/user/{os.getuid()}")
    for base in (runtime, Path("/tmp")):
        folder = base / f"raro-{os.getuid()}-{mark}"
        if os.access(base, os.W_OK | os.X_OK) and _is_private(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="raro-"))


def _is_private(folder: Path) -> bool:
    # Anybody can make anything of any name in /tmp first: what is not ours is not used.
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
