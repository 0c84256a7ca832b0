"""Pay once, outside the sandbox, for what each fresh interpreter would pay again: fonts and bytecode.

matplotlib builds its list of fonts for seconds, and packages installed without bytecode would be compiled
in every run, because nothing inside can write beside them. `python -m raro.sandboxes.warm` pays when RARO is
installed; every new storage then begins with a copy.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import os
import shutil
import sys
from pathlib import Path

from raro import processes
from raro.sandboxes import layout

PACKAGES = ("numpy", "pandas", "matplotlib", "duckdb", "pyarrow")
SCRIPT = """
import os, sys
os.umask(0o022)
import numpy, pandas, matplotlib.pyplot as plt, duckdb, pyarrow, pyarrow.parquet
plt.figure().text(0, 0, "fonts").figure.savefig(os.devnull, format="png")
"""
WARM_TIMEOUT_S = 120.0
_DONE = "warm"


async def warm_caches(cache: Path) -> Path | None:
    """The folder of matplotlib's font cache, made in `cache` when it is not there yet; None when that fails.

    Code runs without it too, only slower to its first chart.
    """
    folder = (cache / "mpl" / _fingerprint()).resolve()
    installed = installed_caches() / folder.name
    if (folder / _DONE).exists():
        return folder
    if not (installed / _DONE).exists():
        return folder if await _filled(folder) else None
    try:
        shutil.copytree(installed, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(_DONE))
        (folder / _DONE).touch()
    except OSError:
        return None
    return folder


def installed_caches() -> Path:
    """Where the environment that RARO is installed in keeps what was built with it."""
    return Path(sys.prefix, "share", "raro", "mpl")


async def install() -> bool:
    """Build the cache that new storages copy; False when that fails."""
    return await _filled(installed_caches() / _fingerprint())


async def _filled(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not await _build(folder):
            return False
        (folder / _DONE).touch()
    except OSError:
        return False
    return True


async def _build(folder: Path) -> bool:
    environment = {
        # HOME: fonts that only this user has are not there inside.
        "HOME": str(folder),
        "MPLCONFIGDIR": str(folder),
        "MPLBACKEND": "Agg",
        "PATH": os.environ.get("PATH", os.defpath),
    }
    process = await processes.start((sys.executable, "-I", "-c", SCRIPT), env=environment)
    try:
        async with asyncio.timeout(WARM_TIMEOUT_S):
            return await process.wait() == 0
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _fingerprint() -> str:
    versions = [f"{name}={importlib.metadata.version(name)}" for name in PACKAGES]
    text = " ".join([sys.version, *layout.package_folders(), *versions])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(install()) else "raro: matplotlib's font cache could not be built")
