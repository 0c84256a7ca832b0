"""The models that answer agents' turns."""

from __future__ import annotations

from raro.agents.models.offline.analyst import OfflineAnalyst
from raro.agents.turn import Model
from raro.events.shapes import AgentSpec


def model_for(spec: AgentSpec) -> Model:
    """The model of an agent: the offline analyst, which needs no key."""
    return OfflineAnalyst()


__all__ = ["OfflineAnalyst", "model_for"]
