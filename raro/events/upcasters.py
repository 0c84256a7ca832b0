"""Upcasters: one step per superseded type, chained until the current version is reached.

A change of an event's meaning is a new version of its type. Its upcaster turns the older data into the
newer form on reading, so that everything after the reader knows one form only. The log keeps what was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Upcast:
    """One step: the type it leads to and the change of `data`."""

    to_type: str
    change: Callable[[Data], Data]


class Upcasters:
    """The chains of all superseded types, by the type they start from."""

    def __init__(self, steps: Mapping[str, Upcast]) -> None:
        """Take the steps; raises ValueError when they lead in a circle."""
        self._steps = dict(steps)
        self._marks = tuple(f'"{name}"'.encode() for name in self._steps)
        for name in self._steps:
            self._refuse_circle(name)

    @property
    def change_anything(self) -> bool:
        """Whether there are any steps."""
        return bool(self._steps)

    def upcast(self, body: bytes) -> bytes:
        """The body in its current version; the same object when it is current already."""
        if not self._marks:
            return body
        head = body[:512]
        if not any(mark in head for mark in self._marks):
            return body
        envelope = json.loads(body)
        while (step := self._steps.get(envelope["type"])) is not None:
            envelope["data"] = step.change(dict(envelope.get("data") or {}))
            envelope["type"] = step.to_type
        return json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()

    def _refuse_circle(self, start: str) -> None:
        seen = {start}
        name = self._steps[start].to_type
        while name in self._steps:
            if name in seen:
                raise ValueError(f"upcasters lead in a circle from {start}")
            seen.add(name)
            name = self._steps[name].to_type


CURRENT = Upcasters({})
