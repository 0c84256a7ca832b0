"""Problems (RFC 9457) and broken connections, turned into the errors of `raro.errors`.

The problem's `code` decides the class; an unknown code falls back to the nearest class for its HTTP status.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from raro.errors import BadAnswer, BadRequest, Conflict, Gone, NotFound, RaroError, TooLarge, Unavailable, Unprocessable

_BY_STATUS: dict[int, type[RaroError]] = {
    400: BadRequest,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    422: Unprocessable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
# Members of a problem that RaroError carries elsewhere.
_STANDARD = {"type", "title", "status", "detail", "instance", "code"}


def error_from(response: httpx.Response) -> RaroError:
    """The error a finished answer stands for. The response's body must have been read."""
    problem = _problem(response)
    message = str(problem.get("detail") or problem.get("title") or f"the server answered {response.status_code}")
    detail = {name: value for name, value in problem.items() if name not in _STANDARD}
    cls = _by_code().get(str(problem.get("code"))) or _BY_STATUS.get(response.status_code)
    if cls is None:
        cls = RaroError if problem else BadAnswer
    return cls(message, **detail)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _by_code() -> dict[str, type[RaroError]]:
    return {cls.code: cls for cls in _tree(RaroError)}


def _tree(cls: type[RaroError]) -> list[type[RaroError]]:
    return [cls] + [leaf for sub in cls.__subclasses__() for leaf in _tree(sub)]
