"""Pay once, outside the sandbox, for what each fresh interpreter would pay again: fonts and bytecode.

matplotlib builds its list of fonts for seconds, and packages installed without bytecode would be compiled
in every run, because nothing inside can write beside them.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import os
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


async def warm_caches(cache: Path) -> Path | None:
    """The folder of matplotlib's font cache, built in `cache` when it is not there yet; None when that fails.

    Code runs without it too, only slower to its first chart.
    """
    folder = (cache / "mpl" / _fingerprint()).resolve()
    done = folder / "warm"
    if done.exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if not await _build(folder):
        return None
    done.touch()
    return folder


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
