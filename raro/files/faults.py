"""What the operating system says when storage fails, said in RARO's words."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from raro.errors import StorageFault, StorageFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def storage_faults(doing: str) -> Iterator[None]:
    """Turns an OSError inside into StorageFull or StorageFault; `doing` completes "could not …".

    Raises:
        StorageFull: no space or quota is left.
        StorageFault: anything else the file system refused.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(
                f"could not {doing}: no space is left on the storage's disk; free some and try again",
                reason=error.strerror,
            ) from error
        raise StorageFault(
            f"could not {doing}: {error.strerror or error}; check the storage folder and its disk",
            reason=error.strerror or str(error),
        ) from error
