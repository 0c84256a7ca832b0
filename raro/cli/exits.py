"""Exit codes, a contract with scripts; the table is in docs/cli.md."""

from __future__ import annotations

from enum import IntEnum

from raro.errors import (
    ArchiveDamaged,
    AuditDamaged,
    BadRequest,
    Conflict,
    Gone,
    LogDamaged,
    NotFound,
    RangeNotSatisfiable,
    RaroError,
    StorageFault,
    StorageInUse,
    StorageNotEmpty,
    TooLarge,
    Unavailable,
    Unprocessable,
)


class ExitCode(IntEnum):
    """What a command's end means."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    UNREACHABLE = 5
    DAMAGE = 6
    STOPPED = 7
    INTERRUPTED = 130
    PIPE_CLOSED = 141


# The first class that fits decides.
_CODES: tuple[tuple[type[RaroError], ExitCode], ...] = (
    (NotFound, ExitCode.NOT_FOUND),
    (Gone, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.CONFLICT),
    (StorageInUse, ExitCode.CONFLICT),
    (StorageNotEmpty, ExitCode.CONFLICT),
    (Unavailable, ExitCode.UNREACHABLE),
    (LogDamaged, ExitCode.DAMAGE),
    (ArchiveDamaged, ExitCode.DAMAGE),
    (AuditDamaged, ExitCode.DAMAGE),
    (StorageFault, ExitCode.DAMAGE),
    (BadRequest, ExitCode.USAGE),
    (Unprocessable, ExitCode.USAGE),
    (TooLarge, ExitCode.USAGE),
    (RangeNotSatisfiable, ExitCode.USAGE),
)


def exit_code(error: RaroError) -> ExitCode:
    """The exit code an error ends the command with."""
    return next((code for cls, code in _CODES if isinstance(error, cls)), ExitCode.FAILURE)


def run_exit_code(status: str) -> ExitCode:
    """What the end of a run makes of the command that waited for it."""
    return {"completed": ExitCode.OK, "stopped": ExitCode.STOPPED}.get(status, ExitCode.FAILURE)
