"""Gemini as a model of the turn loop, and as one that answers single questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from raro.agents.conversation import Answer, Briefing, ModelFailed, TurnRequest
from raro.agents.models.gemini.answers import AskAgain, Gathered, answer_of
from raro.agents.models.gemini.attachments import PROVIDER, Attachments
from raro.agents.models.gemini.requests import contents_of, declarations_of, user
from raro.agents.models.gemini.service import GeminiService, Refused
from raro.events.shapes import AgentSpec

_AGAIN = "\n[the answer broke off; asking again]\n"


class GeminiModel:
    """One agent's Gemini; keeps nothing between turns."""

    def __init__(self, service: GeminiService, spec: AgentSpec, blob_path: Callable[[str], Path]) -> None:
        self._service = service
        self._attachments = Attachments(service, blob_path)
        self._thinking = service.options.thinking_of(spec)
        self.name = service.options.model_of(spec)

    async def answer(self, request: TurnRequest) -> Answer:
        """The next answer, streamed to `request.on_text` as it comes. Raises ModelFailed."""
        contents, config = await self._prompt(request)
        sent = json.dumps({"model": self.name, "contents": contents, "config": config}, ensure_ascii=True).encode()
        turn = len(request.history) + 1

        async def ask() -> Answer:
            gathered = Gathered()
            async with aclosing(self._service.chunks(self.name, contents, config)) as chunks:
                async for chunk in chunks:
                    if said := gathered.take(chunk):
                        request.on_text(said.encode("utf-8", errors="replace").decode())
            return answer_of(gathered, turn, self.name, sent)

        try:
            return await self._service.tried(ask, between=lambda: request.on_text(_AGAIN))
        except Refused as refused:
            raise refused.failed from None

    async def _prompt(self, request: TurnRequest) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Contents and configuration; a beginning that the API keeps for us is only named."""
        briefing = request.assignment.briefing
        attached = [await self._attachments.part(item, request.uploads) for item in briefing.attachments]
        contents = contents_of(briefing, request.history, attached, PROVIDER)
        config: dict[str, Any] = {"thinkingConfig": dict(self._thinking)} if self._thinking else {}
        lasting = _lasting(briefing)
        if attached and self._is_large(briefing):
            beginning = {**lasting, "contents": contents[:1]}
            if name := await self._attachments.cached(self.name, beginning, request.uploads):
                return contents[1:], {**config, "cachedContent": name}
        return contents, {**config, **lasting}

    def _is_large(self, briefing: Briefing) -> bool:
        least = self._service.options.cache_bytes
        return bool(least) and sum(item.size_bytes for item in briefing.attachments) >= least


class GeminiAsker:
    """Answers single questions in JSON."""

    def __init__(self, service: GeminiService) -> None:
        self._service = service

    async def ask(self, system: str, prompt: str, schema: Mapping[str, Any]) -> Any:
        """The answer, parsed. Raises ModelFailed."""
        model = self._service.options.tiers["reasoning"]
        config = {
            "systemInstruction": user(system),
            "responseMimeType": "application/json",
            "responseJsonSchema": dict(schema),
        }

        async def ask() -> Any:
            gathered = Gathered()
            async with aclosing(self._service.chunks(model, [user(prompt)], config)) as chunks:
                async for chunk in chunks:
                    gathered.take(chunk)
            text = answer_of(gathered, 1, model, b"").text
            try:
                return json.loads(text)
            except (ValueError, RecursionError) as error:
                raise AskAgain("malformed_answer", f"the model's answer is no JSON ({error}).") from None

        try:
            return await self._service.tried(ask)
        except Refused as refused:
            raise refused.failed from None


def _lasting(briefing: Briefing) -> dict[str, Any]:
    """What is the same for all turns beside the contents."""
    made: dict[str, Any] = {"systemInstruction": user(briefing.system)} if briefing.system else {}
    if briefing.tools:
        made["tools"] = [{"functionDeclarations": declarations_of(briefing.tools)}]
    return made


__all__ = ["GeminiAsker", "GeminiModel", "ModelFailed"]
