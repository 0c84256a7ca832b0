"""Searches the web through Tavily's REST API. The key goes into the request's header and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

MAX_RESULTS = 10
_TIMEOUT_S = 30.0
_MAX_BYTES = 4_000_000
_CODES: Mapping[int, tuple[str, str]] = {
    400: ("bad_query", "the search service refused the query"),
    401: ("bad_key", "the search service refused its key; the operator must check TAVILY_API_KEY"),
    403: ("bad_key", "the search service refused its key; the operator must check TAVILY_API_KEY"),
    429: ("rate_limited", "too many searches; wait before the next one"),
    432: ("quota_used_up", "the search plan's quota is used up"),
    433: ("quota_used_up", "the search plan's quota is used up"),
}


class SearchFailed(Exception):
    """No results came; `code` is stable, the message is for the agent."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Found:
    """One page: its title, address, and what of it fits the query."""

    title: str
    url: str
    text: str


@dataclass(frozen=True)
class Search:
    """The search service at `url`."""

    key: str = field(repr=False)
    url: str

    def __post_init__(self) -> None:
        """Load the HTTP client now: who has a key will need it, and all others start without it."""
        import httpx  # noqa: F401

    async def find(self, query: str, limit: int) -> list[Found]:
        """Pages for a query, best first. Raises SearchFailed."""
        import httpx

        body = {"query": query, "max_results": limit, "search_depth": "basic"}
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
                answer = await self._ask(client, body)
        except httpx.HTTPError as error:
            message = f"the search service cannot be reached ({type(error).__name__})."
            raise SearchFailed("search_unavailable", message) from None
        return _read(answer, limit)

    async def _ask(self, client: httpx.AsyncClient, body: Mapping[str, Any]) -> bytes:
        headers = {"Authorization": f"Bearer {self.key}"}
        address = f"{self.url.rstrip('/')}/search"
        async with client.stream("POST", address, json=body, headers=headers) as answer:
            data = b""
            async for chunk in answer.aiter_bytes():
                data += chunk
                if len(data) > _MAX_BYTES:
                    raise SearchFailed("bad_answer", f"the search service sent more than {_MAX_BYTES:,} bytes.")
            if answer.status_code != 200:
                raise _failed(answer.status_code)
            return data


def _failed(status: int) -> SearchFailed:
    code, advice = _CODES.get(status, ("search_unavailable", "the search service failed"))
    return SearchFailed(code, f"{advice} ({status}).")


def _read(data: bytes, limit: int) -> list[Found]:
    try:
        answer = json.loads(data)
        listed = answer["results"]
        return [_found(item) for item in listed if str(item.get("url", "")).startswith(("http://", "https://"))][:limit]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SearchFailed("bad_answer", "the search service's answer could not be read.") from None


def _found(item: Mapping[str, Any]) -> Found:
    title, url, text = (_text(item.get(name)) for name in ("title", "url", "content"))
    return Found(" ".join(title.split())[:300], url[:2000], text[:4000])


def _text(value: Any) -> str:
    """Half of a surrogate pair is valid JSON and no valid text."""
    return str(value or "").encode("utf-8", errors="replace").decode()
