"""Agents' output schemas: is a schema sound, and does an answer fit it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_FENCED = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)
_SHOWN_CHARS = 300


def schema_fault(schema: Any) -> str | None:
    """Why this is no JSON Schema (draft 2020-12) that answers can be held to; None when it is one, or is absent."""
    if schema is None:
        return None
    if not isinstance(schema, Mapping):
        return f"it is a {type(schema).__name__}, not an object"
    # Only here, and below: it takes a tenth of a start to load, and most agents are asked for no schema.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError, re.error) as error:
        return str(getattr(error, "message", error))[:_SHOWN_CHARS]
    return None


def schema_refusal(schema: Any, answer: str) -> str | None:
    """Why an answer does not fit; None when it does or nothing is asked. A fence around the JSON is allowed.

    References outside the schema are not followed.
    """
    if not isinstance(schema, Mapping) or not schema:
        return None
    fenced = _FENCED.match(answer)
    try:
        value = json.loads(fenced.group(1) if fenced else answer)
    except (ValueError, RecursionError) as error:
        return f"it is no JSON ({error})"[:_SHOWN_CHARS]
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError as Misfit
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    try:
        Draft202012Validator(dict(schema), registry=Registry()).validate(value)
    except Misfit as error:
        return f"{error.json_path}: {error.message}"[:_SHOWN_CHARS]
    except (Unresolvable, RecursionError, re.error) as error:
        return f"the schema cannot be applied: {error}"[:_SHOWN_CHARS]
    return None
