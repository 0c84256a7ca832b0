"""Who is asking: the client header or cookie, the idempotency key, the trace."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from raro.api.services import Services, services
from raro.commands.aggregates import Caller
from raro.errors import BadClientId, BadRequest
from raro.files.names import checked_client_id

HEADER = "x-raro-client-id"
KEY_HEADER = "idempotency-key"
COOKIE = "raro_client"
PUBLIC = "public"
_READS = frozenset({"GET", "HEAD"})
_KEY_LENGTH = 255
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


ServicesAre = Annotated[Services, Depends(services)]


def client_id_of(request: Request) -> str:
    """The client: from the header, else the cookie, else `public`. Raises BadClientId."""
    given = request.headers.getlist(HEADER)
    if len(given) > 1:
        raise BadClientId("X-RARO-CLIENT-ID was sent more than once; send it once.")
    name = given[0] if given else request.cookies.get(COOKIE, PUBLIC)
    return checked_client_id(name)


async def caller_of(request: Request, services: ServicesAre) -> Caller:
    """Who asks. A read begins once the views show every command that was answered before.

    Raises BadClientId, BadRequest for a key that is empty or too long, ViewsUnavailable.
    """
    idempotency_key = request.headers.get(KEY_HEADER)
    if idempotency_key is not None and not 0 < len(idempotency_key) <= _KEY_LENGTH:
        raise BadRequest(f"Idempotency-Key must have 1 to {_KEY_LENGTH} characters.")
    client_id = client_id_of(request)
    if request.method in _READS:
        await services.level()
    return Caller(client_id, f"user:{client_id}", idempotency_key, _trace_of(request))


def _trace_of(request: Request) -> str | None:
    given = request.headers.get("traceparent", "")
    # W3C Trace Context: what is malformed is ignored, not refused.
    return given if _TRACEPARENT.fullmatch(given) else None


CallerIs = Annotated[Caller, Depends(caller_of)]
