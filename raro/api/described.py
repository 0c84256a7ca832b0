"""What /openapi.json says of all routes alike: said once, where FastAPI would build a model for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from raro.api.operations import router as operations
from raro.api.problems import Problem
from raro.api.session import HEADER, KEY_HEADER

_CLIENT = "the client; `public` when absent"
_KEY = "makes repeating this command safe"


class DescribedAPI(FastAPI):
    """The application with a whole description of itself."""

    def openapi(self) -> dict[str, Any]:
        """OpenAPI 3.1, made when it is first asked for."""
        if self.openapi_schema is None:
            described = super().openapi()
            described["components"]["schemas"][Problem.__name__] = Problem.model_json_schema()
            for method, operation in _operations(described):
                if not set(operation["tags"]) & set(operations.tags):
                    operation["parameters"] = [*operation.get("parameters", ()), *_headers(method)]
            self.openapi_schema = described
        return self.openapi_schema


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations_of_path in described["paths"].values():
        yield from operations_of_path.items()


def _headers(method: str) -> list[dict[str, Any]]:
    """What a client's requests may carry; only a command needs a key."""
    headers = [(HEADER, _CLIENT)] if method == "get" else [(KEY_HEADER, _KEY), (HEADER, _CLIENT)]
    return [
        {"in": "header", "name": name, "required": False, "description": text, "schema": {"type": "string"}}
        for name, text in headers
    ]
