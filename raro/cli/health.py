"""`/health` of a running server as the doctor's findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from raro.cli.checks import Finding


def from_health(health: Mapping[str, Any]) -> list[Finding]:
    """One finding for each part that the server names."""
    return [_finding(name, part) for name, part in health["parts"].items()]


def _finding(name: str, part: Mapping[str, Any]) -> Finding:
    facts = {key: value for key, value in part.items() if key not in ("state", "detail", "advice")}
    return Finding(name, part["state"], str(part.get("detail", "")), str(part.get("advice", "")), facts)
