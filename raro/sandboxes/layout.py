"""What code in a sandbox sees: the interpreter, its packages, the session, and nothing else of the machine.

The interpreter is shown under /opt/raro, because the folder it lives in may be one that only its owner may
enter (a pyenv below /root). Leaves mounting to the tiers.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from raro.sandboxes.sandbox import Limits, MiB, Workspace

Step = tuple[str, str, str]
"""(kind, source, target) as in `inside/mounts.py`."""

SESSION = "/session"
TEMPORARY = "/tmp"
NEUTRAL = "/opt/raro"
INSIDE = Path(__file__).parent / "inside"
FONTS = f"{NEUTRAL}/fonts"
SHARED_MEMORY_BYTES = 64 * MiB
MOST_LIBRARY_THREADS = 4

SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/etc/alternatives", "/etc/mime.types")


@dataclass(frozen=True)
class Interpreter:
    """Where Python and its packages are inside, and the steps that bring them there."""

    executable: str
    library: str
    packages: tuple[str, ...]
    steps: tuple[Step, ...]

    def command(self, script: str) -> list[str]:
        """Start one of `inside`'s scripts; no code and no secret is ever on the command line."""
        path = f"{self.library}/raro/sandboxes/inside/{script}.py"
        return [self.executable, "-I", "-S", "-B", "-X", "utf8", path]


@cache
def interpreter_inside() -> Interpreter:
    """This very interpreter as seen from inside a sandbox."""
    prefix = os.path.realpath(sys.base_prefix)
    executable = os.path.relpath(base_executable(), prefix)
    seen_prefix = prefix if _is_system(prefix) else f"{NEUTRAL}/python"
    steps = [] if _is_system(prefix) else [("read", prefix, seen_prefix)]
    packages = []
    for number, folder in enumerate(package_folders()):
        seen = folder if _is_system(folder) else f"{NEUTRAL}/packages/{number}"
        packages.append(seen)
        steps += [] if _is_system(folder) else [("read", folder, seen)]
    steps.append(("read", str(INSIDE), f"{NEUTRAL}/lib/raro/sandboxes/inside"))
    return Interpreter(f"{seen_prefix}/{executable}", f"{NEUTRAL}/lib", tuple(packages), tuple(steps))


@cache
def interpreter_outside() -> Interpreter:
    """This very interpreter where it is."""
    return Interpreter(base_executable(), str(INSIDE.parents[2]), package_folders(), ())


def base_executable() -> str:
    """The interpreter behind the virtual environment, links resolved."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return os.path.realpath(Path(sys.base_prefix) / "bin" / name)


def package_folders() -> tuple[str, ...]:
    """The folders that packages are imported from, links resolved, without repetition."""
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return tuple(dict.fromkeys(os.path.realpath(folder) for folder in folders if os.path.isdir(folder)))


def steps(workspace: Workspace, limits: Limits, font_cache: Path | None) -> list[Step]:
    """Everything to mount for one run of code, in order."""
    return [
        ("read", "/usr", "/usr"),
        *_system_steps(),
        ("proc", "", "/proc"),
        ("devices", "", "/dev"),
        ("scratch", str(SHARED_MEMORY_BYTES), "/dev/shm"),
        ("scratch", str(limits.scratch_bytes), TEMPORARY),
        *interpreter_inside().steps,
        *([("read", str(font_cache), FONTS)] if font_cache else []),
        ("read", str(workspace.input.resolve()), f"{SESSION}/input"),
        ("write", str(workspace.output.resolve()), f"{SESSION}/output"),
    ]


def environment(interpreter: Interpreter, session: str, temporary: str) -> dict[str, str]:
    """The whole environment of the code; nothing of the host's is passed on."""
    threads = str(min(MOST_LIBRARY_THREADS, os.cpu_count() or 1))
    counts = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": temporary,
        "TMPDIR": temporary,
        "USER": "raro",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{temporary}/.matplotlib",
        "MALLOC_ARENA_MAX": "2",
        "LD_LIBRARY_PATH": f"{NEUTRAL}/python/lib",
        "PYTHONPATH": ":".join(interpreter.packages),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "RARO_INPUT": f"{session}/input",
        "RARO_OUTPUT": f"{session}/output",
        **dict.fromkeys(counts, threads),
    }


def _system_steps() -> list[Step]:
    found: list[Step] = []
    for folder in SYSTEM_FOLDERS:
        if os.path.islink(folder):
            found.append(("symlink", os.readlink(folder), folder))
        elif os.path.isdir(folder):
            found.append(("read", folder, folder))
    return found + [("read", os.path.realpath(file), file) for file in SYSTEM_FILES if os.path.exists(file)]


def _is_system(path: str) -> bool:
    return path == "/usr" or path.startswith("/usr/")
