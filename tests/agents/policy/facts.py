"""Facts that tests judge, with what does not matter left out."""

from __future__ import annotations

from typing import Any

from raro.agents.policy import CallFacts, FailureFacts, FileFacts, Rules, rules_of
from raro.agents.policy.reading import default_entries
from raro.files.content_types import HEAD_BYTES, content_type

EVERY_DEFAULT = ", ".join(f'"{entry.id}"' for entry in default_entries())
NO_DEFAULTS = f"switched_off = [{EVERY_DEFAULT}]\n"


def only(text: str) -> Rules:
    """The rules of a text, without the defaults."""
    return rules_of(NO_DEFAULTS + text)


def call(tool: str, agent: str = "coder_it", calls_before: int = 0, **args: Any) -> CallFacts:
    """A call of a tool."""
    return CallFacts("acme", "run_1", agent, tool, args, 1, calls_before, 0, 0.0)


def file(path: str, data: bytes = b"text", agent: str = "coder_it", files_before: int = 0) -> FileFacts:
    """A file of these bytes."""
    head = data[:HEAD_BYTES]
    return FileFacts("acme", "run_1", agent, path, len(data), content_type(path, head), head, files_before, 0, 0.0)


def failure(code: str = "internal", message: str = "it broke", attempt: int = 1) -> FailureFacts:
    """An agent's failure."""
    return FailureFacts("acme", "run_1", "coder_it", code, message, attempt, 0, 0.0)
