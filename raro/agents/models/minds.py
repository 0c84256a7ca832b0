"""Which model answers for which agent: chosen once, by RARO_MODEL and the keys that are set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from raro.agents.asking import Asker
from raro.agents.conversation import Model
from raro.agents.models.gemini import GeminiAsker, GeminiModel, GeminiOptions
from raro.agents.models.gemini.service import GeminiService
from raro.agents.models.offline.analyst import OfflineAnalyst
from raro.agents.planning import ModelPlanner, OfflinePlanner, Planner
from raro.errors import StartFailed
from raro.events.shapes import AgentSpec

if TYPE_CHECKING:
    from raro.agents.models.script import Script

CHOICES = "auto, offline, gemini or script:FILE"
_SCRIPT = "script:"


class Minds:
    """The models of this process.

    `choice` is the setting: auto (Gemini with a key, else the offline analyst), offline, gemini, or script:FILE.

    Raises:
        StartFailed: no such choice, no key, or a script that cannot be played; names what to do.
    """

    def __init__(self, choice: str, gemini: GeminiOptions | None, blob_path: Callable[[str], Path]) -> None:
        self._blob_path = blob_path
        self._script = _script(choice)
        self._service: GeminiService | None = None
        if self._script is None and choice not in ("auto", "offline", "gemini"):
            raise StartFailed(f"RARO_MODEL={choice!r} is no choice; there are: {CHOICES}.")
        if choice == "gemini" and gemini is None:
            raise StartFailed("RARO_MODEL=gemini needs a key: set GEMINI_API_KEY, or RARO_MODEL=offline.")
        if choice in ("auto", "gemini") and gemini is not None:
            self._service = GeminiService(gemini)

    def of(self, spec: AgentSpec) -> Model:
        """The model of an agent."""
        if self._script is not None:
            return self._script.model_of(spec)
        if self._service is not None:
            return GeminiModel(self._service, spec, self._blob_path)
        return OfflineAnalyst()

    @property
    def asker(self) -> Asker | None:
        """Who answers single questions; None without a language model."""
        return GeminiAsker(self._service) if self._service is not None else None

    def planner(self, *, search: bool) -> Planner:
        """Who plans runs; `search`: whether agents can search the web here."""
        if self._script is not None and (planner := self._script.planner) is not None:
            return planner
        return ModelPlanner(self.asker, search=search) if self.asker is not None else OfflinePlanner()

    @property
    def name(self) -> str:
        """What answers, for people."""
        if self._script is not None:
            return self._script.name
        return "gemini" if self._service is not None else OfflineAnalyst.name

    async def close(self) -> None:
        """Close every connection."""
        if self._service is not None:
            await self._service.close()


def _script(choice: str) -> Script | None:
    if not choice.startswith(_SCRIPT):
        return None
    # Only here: it reads YAML, which takes every start longer to load than what it is for.
    from raro.agents.models.script import Script

    return Script.load(Path(choice.removeprefix(_SCRIPT)))
