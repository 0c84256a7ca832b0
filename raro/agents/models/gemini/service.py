"""Talks to the Gemini API through google-genai: streamed answers, with retries, time limits and errors in our words.

The SDK's own retries stay off: they ignore what the server says about when to come back. It takes more than a second to
import, so it is loaded with the first request. Nothing that is said here ever holds the key.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from raro.agents.conversation import ModelFailed
from raro.agents.models.gemini.answers import AskAgain
from raro.agents.models.gemini.options import GeminiOptions

if TYPE_CHECKING:
    from google.genai.client import AsyncClient

T = TypeVar("T")
_FIRST_WAIT_S = 0.5
_MESSAGE_CHARS = 500
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")
_ADVICE: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "Gemini refused the request"),
    401: ("bad_key", "Gemini refused the key; check GEMINI_API_KEY"),
    403: ("bad_key", "Gemini refused the key or its rights; check GEMINI_API_KEY"),
    404: ("unknown_model", "Gemini does not know this model; check RARO_GEMINI_FAST, _REASONING and _THINKING"),
    413: ("request_too_large", "the request is too large for Gemini; give the agent less"),
    429: ("rate_limited", "Gemini's quota is used up; wait, or raise it"),
}


class Refused(Exception):
    """The API said no for good: its HTTP status, and the error that says so."""

    def __init__(self, status: int, failed: ModelFailed) -> None:
        super().__init__(str(failed))
        self.status = status
        self.failed = failed


class _Away(Exception):
    """It may work in a moment; `wait_s` is what the server asked for."""

    def __init__(self, failed: ModelFailed, wait_s: float | None = None) -> None:
        super().__init__(str(failed))
        self.failed = failed
        self.wait_s = wait_s


class GeminiService:
    """One connection pool to the API, opened with the first request."""

    def __init__(self, options: GeminiOptions) -> None:
        self.options = options
        self._client: AsyncClient | None = None
        self._opening = asyncio.Lock()

    async def client(self) -> AsyncClient:
        """The SDK's client."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(_connect, self.options)
            return self._client

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def tried(self, what: Callable[[], Awaitable[T]], *, between: Callable[[], None] = lambda: None) -> T:
        """Do it until it succeeds, a bounded number of times; `between` is told before each further try.

        Raises Refused when the API says no for good, ModelFailed when it never came to an answer.
        """
        failed = ModelFailed("model_unavailable", "Gemini was not asked")
        for attempt in range(self.options.tries):
            if attempt:
                between()
            try:
                async with asyncio.timeout(self.options.timeout_s):
                    return await self._translated(what)
            except _Away as away:
                failed, wait_s = away.failed, away.wait_s
            except AskAgain as again:
                failed, wait_s = ModelFailed(again.code, str(again)), 0.0
            except TimeoutError:
                failed = ModelFailed("model_timeout", f"Gemini gave no answer within {self.options.timeout_s:g} s.")
                wait_s = None
            if attempt + 1 < self.options.tries:
                await self._wait(attempt, wait_s, failed)
        raise failed

    async def _wait(self, attempt: int, asked_s: float | None, failed: ModelFailed) -> None:
        if asked_s is not None and asked_s > self.options.longest_wait_s:
            raise ModelFailed(failed.code, f"{failed} It asks to wait {asked_s:g} s, which is too long.")
        backoff_s = _FIRST_WAIT_S * 2**attempt * random.uniform(0.8, 1.2)
        await asyncio.sleep(min(backoff_s if asked_s is None else asked_s, self.options.longest_wait_s))

    async def _translated(self, what: Callable[[], Awaitable[T]]) -> T:
        """The SDK's and the transport's many errors as the few that matter."""
        import httpx
        import httpx2
        from google.genai import errors
        from pydantic import ValidationError

        try:
            return await what()
        except errors.APIError as error:
            raise _told(error) from None
        except (httpx.HTTPError, httpx2.HTTPError, OSError) as error:
            raise _Away(
                ModelFailed("model_unavailable", f"Gemini cannot be reached ({type(error).__name__}: {error}).")
            ) from None
        except (ValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
            shown = str(error).splitlines()[0][:_MESSAGE_CHARS] if str(error) else type(error).__name__
            raise AskAgain("malformed_answer", f"Gemini's answer could not be read ({shown}).") from None

    async def chunks(
        self, model: str, contents: list[Any], config: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The chunks of a streamed answer, in the API's own JSON."""
        from google.genai import types

        client = await self.client()
        settled = types.GenerateContentConfig.model_validate(
            {**config, "automaticFunctionCalling": {"disable": True}, "automaticContinuation": False}
        )
        parsed: list[Any] = [types.Content.model_validate(content) for content in contents]
        stream = await client.models.generate_content_stream(model=model, contents=parsed, config=settled)
        async with aclosing(stream) as answers:  # type: ignore[type-var]  # an async generator behind its interface
            async for chunk in answers:
                yield chunk.model_dump(mode="json", by_alias=True, exclude_none=True)


def _connect(options: GeminiOptions) -> AsyncClient:
    from google import genai
    from google.genai import types

    retry = types.HttpRetryOptions(attempts=1)
    http = types.HttpOptions(timeout=int(options.timeout_s * 1000), retry_options=retry)
    return genai.Client(api_key=options.api_key, vertexai=False, http_options=http).aio


def _told(error: Any) -> Exception:
    """An API error as Refused, or as something that may pass."""
    status = error.code if isinstance(error.code, int) else 500
    said = str(error.message or "")[:_MESSAGE_CHARS] or "no reason given"
    code, advice = _ADVICE.get(status, ("model_error", "Gemini failed"))
    if status == 400 and "api key" in said.lower():
        code, advice = _ADVICE[401]
    failed = ModelFailed(code, f"{advice} ({status}: {said}).")
    if status in (408, 429) or status >= 500:
        failed = ModelFailed(code if status == 429 else "model_unavailable", str(failed))
        return _Away(failed, _retry_delay(error.details))
    return Refused(status, failed)


def _retry_delay(details: Any) -> float | None:
    """Seconds that a google.rpc.RetryInfo asks to wait."""
    found = _DURATION.search(json.dumps(_infos(details), default=str))
    return float(found.group(1)) if found else None


def _infos(details: Any) -> list[Any]:
    inner = details.get("error", details) if isinstance(details, dict) else {}
    listed = inner.get("details", []) if isinstance(inner, dict) else []
    return [
        info.get("retryDelay")
        for info in (listed if isinstance(listed, list) else [])
        if isinstance(info, dict) and "retryDelay" in info
    ]
