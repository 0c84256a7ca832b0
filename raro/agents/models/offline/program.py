"""The programs that the analyst runs in the sandbox: the kit's modules as text, and one call.

The sandbox has no RARO in it, so the kit goes along with every program.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

_LOOK = ("sniffing", "looking")
_ALL = ("sniffing", "loading", "looking", "profiling", "charts", "answers", "documents", "reporting")
_OWN_IMPORT = re.compile(r"^from raro\.[^\n]*import (\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_FUTURE = "from __future__ import annotations\n"


def look_program(names: Sequence[str]) -> str:
    """Prints what each input is."""
    return f"{_kit(_LOOK)}\nlook({list(names)!r})\n"


def analyse_program(names: Sequence[str], directive: str) -> str:
    """Profiles, draws, reports; prints a digest."""
    return f"{_kit(_ALL)}\nanalyse({list(names)!r}, {directive!r})\n"


@cache
def _kit(modules: tuple[str, ...]) -> str:
    folder = files("raro.agents.models.offline").joinpath("kit")
    texts = [folder.joinpath(f"{name}.py").read_text(encoding="utf-8") for name in modules]
    return _FUTURE + "\n".join(_OWN_IMPORT.sub("", text.replace(_FUTURE, "")) for text in texts)
