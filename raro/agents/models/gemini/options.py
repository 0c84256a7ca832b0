"""What an operator may choose about Gemini, and which model and thinking an agent's tier means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from raro.events.shapes import AgentSpec

_DEFAULT_TIERS: Mapping[str, str] = {
    "fast": "gemini-3.8-flash",
    "reasoning": "gemini-3.8-flash",
    "thinking": "gemini-3.1-pro-preview",
}
_TIER_THINKING = {"fast": "low", "reasoning": "medium", "thinking": "high"}
_LEVELS = {"none": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
# Gemini 2.5 takes a budget in tokens where Gemini 3 and later take a level.
_BUDGETS = {"none": 0, "low": 1024, "medium": 8192, "high": 24_576}


@dataclass(frozen=True)
class GeminiOptions:
    """The key, the models of the tiers, and how long and how often to try.

    `cache_bytes`: attachments of this size together are put into a context cache; 0 never caches.
    """

    api_key: str = field(repr=False)
    tiers: Mapping[str, str] = field(default_factory=lambda: dict(_DEFAULT_TIERS))
    timeout_s: float = 300.0
    tries: int = 4
    longest_wait_s: float = 60.0
    cache_bytes: int = 400_000

    def model_of(self, spec: AgentSpec) -> str:
        """The model's id: the tier's, or the one that the agent names."""
        return self.tiers.get(spec.model, spec.model)

    def thinking_of(self, spec: AgentSpec) -> Mapping[str, Any] | None:
        """The thinking configuration as the API takes it; None leaves it to the model."""
        level = spec.thinking or _TIER_THINKING.get(spec.model)
        if level is None:
            return None
        if self.model_of(spec).startswith("gemini-2"):
            return {"thinkingBudget": _BUDGETS[level]}
        return {"thinkingLevel": _LEVELS[level]}
