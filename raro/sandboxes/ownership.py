"""Who code runs as. Started by a normal user: that user. Started by root: a user of its own, with no rights.

The kernel does not hold root to a number of processes, and root owns the blobs that inputs are links to, so
root's code is given a user id out of a range that no system assigns (see `BASE`); no account is needed.
"""

from __future__ import annotations

import hashlib
import os
import stat

from raro.sandboxes.sandbox import Workspace

BASE = 0x7052_0000
"""1,884,422,144: within 1,879,048,192–2,147,483,647, which systemd's table leaves unused:
https://systemd.io/UIDS-GIDS/"""
COUNT = 0x10000


def uid_for(workspace: Workspace) -> int | None:
    """The user to drop to, the same whenever the run's sandbox is opened again; None: no need to drop."""
    if os.geteuid() != 0:
        return None
    digest = hashlib.sha256(workspace.run_id.encode()).digest()
    return BASE + int.from_bytes(digest[:4], "big") % COUNT


def hand_over(workspace: Workspace, uid: int | None) -> None:
    """Let that user list input/ and change all of output/, files that the host put there included.

    Only between two runs of code: nothing else changes output/ then. No link is followed.
    """
    if uid is None:
        return
    for _, _, _, folder in os.fwalk(workspace.input, follow_symlinks=False):
        os.fchmod(folder, stat.S_IMODE(os.fstat(folder).st_mode) | 0o555)
    for _, _, names, folder in os.fwalk(workspace.output, follow_symlinks=False):
        if os.fstat(folder).st_uid != uid:
            os.fchown(folder, uid, uid)
        for name in names:
            _hand_over_file(name, folder, uid)


def _hand_over_file(name: str, folder: int, uid: int) -> None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    # More than one link may mean a blob: its owner must stay.
    if found.st_uid != uid and stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
        os.chown(name, uid, uid, dir_fd=folder, follow_symlinks=False)
