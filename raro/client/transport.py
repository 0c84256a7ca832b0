"""One HTTP connection pool to one server as one client: headers, repeats, errors.

What the requests mean is the business of `library`, `runs`, `artifacts` and `events`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from raro.client.problems import error_from
from raro.errors import BadAnswer, BadName, ServerUnreachable

CLIENT_HEADER = "X-RARO-CLIENT-ID"
_TRIES = 3
# Nothing, or nothing certain, reached the server; a request that is safe to repeat is sent again.
_BROKEN = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, httpx.CloseError)

Params = Mapping[str, str | int | float | bool | None]


class Transport:
    """Sends requests to `base_url` as `client_id` (None: the server's `public`)."""

    def __init__(self, base_url: str, client_id: str | None, *, api_key: str | None, timeout_s: float) -> None:
        headers = {CLIENT_HEADER: client_id} if client_id is not None else {}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self.base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            headers=headers,
            timeout=timeout_s,
            # Proxies of the environment are for the internet; RARO's server is named by its own address.
            trust_env=False,
            # Without TLS there is nothing to verify, and to read the authorities' certificates takes 20 to 50 ms.
            verify=self.base_url.lower().startswith("https:"),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = None,
        timeout_s: float | None = None,
    ) -> Any:
        """Send a small request, give the JSON answer; `timeout_s` where the server may think longer than usual.

        A POST carries an Idempotency-Key, so that repeating it after a broken connection does it once.

        Raises:
            ServerUnreachable: nobody answers there, or not in time.
            RaroError: the server's problem, as the class of its code.
        """
        return self._json(await self._answered(method, path, params, body, timeout_s))

    async def file(self, method: str, path: str, *, params: Params | None = None, body: object = None) -> bytes:
        """Send a small request whose answer is a file that fits into memory. Raises as `call` does."""
        response = await self._answered(method, path, params, body)
        if response.is_error:
            raise error_from(response)
        return response.content

    async def _answered(
        self, method: str, path: str, params: Params | None, body: object, timeout_s: float | None = None
    ) -> httpx.Response:
        headers = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        for attempt in range(_TRIES):
            try:
                return await self._http.request(
                    method,
                    path,
                    params=_given(params),
                    json=body,
                    headers=headers,
                    timeout=timeout_s or httpx.USE_CLIENT_DEFAULT,
                )
            except _BROKEN as error:
                if attempt == _TRIES - 1:
                    raise self._unreachable(error) from error
                await asyncio.sleep(0.1 * 2**attempt)
            except httpx.TransportError as error:
                raise self._unreachable(error) from error
        raise AssertionError("unreachable")

    async def send(self, method: str, path: str, body: AsyncIterable[bytes], headers: Mapping[str, str]) -> Any:
        """Stream a body to the server once, give the JSON answer. Raises as `call` does."""
        try:
            # A 2 GB body has no deadline as a whole; each single read and write has one.
            return self._json(await self._http.request(method, path, content=body, headers=dict(headers)))
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    @asynccontextmanager
    async def receive(
        self,
        path: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout_s: float | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Open a streamed answer that is not an error.

        Broken connections while reading raise httpx.TransportError: the caller knows how to go on.

        Raises:
            ServerUnreachable: the server cannot be connected to.
            RaroError: the server's problem.
        """
        timeout = self._http.timeout
        if read_timeout_s is not None:
            timeout = httpx.Timeout(timeout.connect, read=read_timeout_s)
        request = self._http.build_request("GET", path, params=_given(params), headers=headers, timeout=timeout)
        try:
            response = await self._http.send(request, stream=True)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        try:
            if response.is_error:
                await response.aread()
                raise error_from(response)
            yield response
        finally:
            await response.aclose()

    def _json(self, response: httpx.Response) -> Any:
        if response.is_error:
            raise error_from(response)
        if not response.content:
            return {}
        try:
            return response.json()
        except ValueError as error:
            raise BadAnswer(
                f"{self.base_url} answered with something that is not JSON: is it a RARO server? "
                "Check --server or RARO_SERVER."
            ) from error

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        if isinstance(error, httpx.TimeoutException):
            return ServerUnreachable(
                f"the server at {self.base_url} did not answer in time. Check it with `raro doctor`.", url=self.base_url
            )
        return ServerUnreachable(
            f"no RARO server answers at {self.base_url} ({error or type(error).__name__}). "
            "Start one with `raro up`, or name another with --server or RARO_SERVER.",
            url=self.base_url,
        )


def segment(name: str) -> str:
    """One path segment, quoted whole: a slash in it stays part of the name. Raises BadName as `below` does."""
    _check(name, (name,))
    return quote(name, safe="")


def below(path: str) -> str:
    """A path of several segments, each quoted.

    Raises BadName for a segment that is empty or dots (in an address it would lead to another route), or not UTF-8.
    """
    _check(path, path.split("/"))
    return quote(path, safe="/")


def _check(name: str, segments: Sequence[str]) -> None:
    if not {"", ".", ".."}.isdisjoint(segments):
        raise BadName(f"the name {name[:200]!r} has a segment that is empty, '.' or '..'. Name the file directly.")
    if any("\ud800" <= character <= "\udfff" for character in name):
        raise BadName(f"the name {name[:200]!r} is not UTF-8. Rename the file.")


def _given(params: Params | None) -> dict[str, str | int | float | bool]:
    return {name: value for name, value in (params or {}).items() if value is not None}
