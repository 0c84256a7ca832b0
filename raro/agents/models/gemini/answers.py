"""Reads Gemini's streamed answer: chunks joined to one content, kept as it came, and what it means for the turn loop.

Nothing here does input or output. Thought signatures stay on the part that carried them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from raro.agents.conversation import Answer, ModelFailed
from raro.agents.models.gemini.prices import cost_usd
from raro.events.shapes import ToolCall

MAX_CHARS = 2_000_000
MAX_CALLS = 64
_CALL_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_BLOCKED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "OTHER"}
)
# The model itself says that asking again may help.
_BROKEN = frozenset(
    {"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "FINISH_REASON_UNSPECIFIED"}
)


class AskAgain(Exception):
    """The answer cannot be used, another one may; `code` and the message are for when none can."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Gathered:
    """An answer as it comes in."""

    parts: list[dict[str, Any]] = field(default_factory=list)
    finish: str = ""
    blocked: str = ""
    usage: Mapping[str, Any] = field(default_factory=dict)
    chars: int = 0

    def take(self, chunk: Mapping[str, Any]) -> str:
        """One chunk of the API's JSON; the text that people may see of it. Raises ModelFailed when it never ends."""
        self.usage = chunk.get("usageMetadata") or self.usage
        self.blocked = str((chunk.get("promptFeedback") or {}).get("blockReason") or self.blocked)
        candidate = next(iter(chunk.get("candidates") or ()), None)
        if candidate is None:
            return ""
        self.finish = str(candidate.get("finishReason") or self.finish)
        said = [self._take_part(dict(part)) for part in (candidate.get("content") or {}).get("parts") or ()]
        return "".join(said)

    def _take_part(self, part: dict[str, Any]) -> str:
        text = part.get("text")
        self.chars += len(text) if isinstance(text, str) else len(json.dumps(part.get("functionCall")))
        if self.chars > MAX_CHARS:
            raise ModelFailed(
                "answer_too_long", f"the model's answer has more than {MAX_CHARS:,} characters; ask for less at once."
            )
        last = self.parts[-1] if self.parts else None
        if last is not None and _joins(last, part):
            last["text"] += part["text"]
        else:
            self.parts.append(part)
        return text if isinstance(text, str) and not part.get("thought") else ""


def answer_of(gathered: Gathered, turn: int, model: str, request: bytes) -> Answer:
    """What the answer means. Raises ModelFailed, or AskAgain when another answer may do."""
    if gathered.blocked:
        raise ModelFailed(
            "blocked",
            f"Gemini refused the prompt ({gathered.blocked}). Change the directive or the files, and try again.",
        )
    parts = [_scrubbed(part) for part in gathered.parts]
    calls = _calls(parts, turn)
    text = "".join(str(part.get("text") or "") for part in parts if not part.get("thought"))
    _check_finish(gathered.finish, text, bool(calls))
    usage = gathered.usage
    tokens_in, cached = _count(usage, "promptTokenCount"), _count(usage, "cachedContentTokenCount")
    tokens_in += _count(usage, "toolUsePromptTokenCount")
    thought = _count(usage, "thoughtsTokenCount")
    tokens_out = _count(usage, "candidatesTokenCount") + thought
    content = json.dumps({"role": "model", "parts": parts}, separators=(",", ":")).encode()
    return Answer(
        text=text if gathered.finish != "MAX_TOKENS" else f"{text}\n\n[cut: the model reached its longest answer]",
        tool_calls=calls,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        thought_signature=_last_signature(parts),
        tokens_thought=thought,
        tokens_cached=cached,
        cost_usd=cost_usd(model, tokens_in, tokens_out, cached),
        finish=gathered.finish,
        content=content,
        request=request,
    )


def _check_finish(finish: str, text: str, has_calls: bool) -> None:
    if finish in _BLOCKED and not (text and finish == "OTHER"):
        raise ModelFailed(
            "blocked", f"Gemini broke its answer off ({finish}). Change the directive or the files, and try again."
        )
    if finish in _BROKEN and not has_calls:
        raise AskAgain("malformed_call", f"the model's tool call could not be read ({finish}), several times over.")
    if finish == "MAX_TOKENS" and not text and not has_calls:
        raise ModelFailed(
            "max_tokens",
            "the model used its whole answer up by thinking. Give it less to do, or a lower thinking level.",
        )
    if not finish:
        raise AskAgain("answer_cut", "the model's answer broke off in the middle, several times over.")
    if not text.strip() and not has_calls:
        raise AskAgain("empty_answer", f"the model answered nothing ({finish}), several times over.")


def _calls(parts: list[dict[str, Any]], turn: int) -> tuple[ToolCall, ...]:
    wanted = [part["functionCall"] for part in parts if isinstance(part.get("functionCall"), dict)]
    if len(wanted) > MAX_CALLS:
        raise AskAgain("too_many_calls", f"the model made {len(wanted)} tool calls at once; {MAX_CALLS} are taken.")
    calls: list[ToolCall] = []
    taken: set[str] = set()
    for number, call in enumerate(wanted, start=1):
        own = str(call.get("id") or "")
        call_id = own if _CALL_ID.fullmatch(own) and own not in taken else f"call-{turn}-{number}"
        taken.add(call_id)
        args = call.get("args")
        calls.append(
            ToolCall(
                call_id=call_id,
                name=str(call.get("name") or "unnamed")[:100],
                args=args if isinstance(args, dict) else {},
            )
        )
    return tuple(calls)


def _joins(last: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    """Plain text goes on in the part before it; whatever carries anything else stays a part of its own."""
    plain = {"text", "thought"}
    return (
        last.keys() <= plain
        and part.keys() <= plain
        and isinstance(part.get("text"), str)
        and isinstance(last.get("text"), str)
        and bool(last.get("thought")) == bool(part.get("thought"))
    )


def _last_signature(parts: list[dict[str, Any]]) -> str | None:
    signatures = [part["thoughtSignature"] for part in parts if part.get("thoughtSignature")]
    return str(signatures[-1]) if signatures else None


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) and 0 <= value < 2**40 else 0


def _scrubbed(value: Any) -> Any:
    """Half of a surrogate pair is valid JSON and no valid text: neither the log nor the API could take it."""
    if isinstance(value, str):
        return value.encode("utf-8", errors="replace").decode()
    if isinstance(value, dict):
        return {str(_scrubbed(key)): _scrubbed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return value
