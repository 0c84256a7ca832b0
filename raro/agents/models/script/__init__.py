"""Plays written or recorded turns instead of asking a model: for tests, demos and workshops."""

from raro.agents.models.script.player import Script, ScriptModel

__all__ = ["Script", "ScriptModel"]
