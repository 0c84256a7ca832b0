"""The models that answer agents' turns."""

from raro.agents.asking import Asker
from raro.agents.models.gemini import GeminiOptions
from raro.agents.models.minds import Minds
from raro.agents.models.offline.analyst import OfflineAnalyst

__all__ = ["Asker", "GeminiOptions", "Minds", "OfflineAnalyst"]
