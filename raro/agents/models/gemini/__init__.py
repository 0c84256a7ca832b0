"""Gemini, through google-genai; what is sent and how answers are read is in docs/gemini.md."""

from raro.agents.models.gemini.model import GeminiAsker, GeminiModel
from raro.agents.models.gemini.options import GeminiOptions

__all__ = ["GeminiAsker", "GeminiModel", "GeminiOptions"]
