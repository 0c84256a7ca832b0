"""One question to a language model outside of a run: a plan, a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Asker(Protocol):
    """A language model that answers one question in a given shape."""

    async def ask(self, system: str, prompt: str, schema: Mapping[str, Any]) -> Any:
        """The answer, parsed from JSON that was to fit `schema`; whether it does is open. Raises ModelFailed."""
