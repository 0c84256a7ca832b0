"""What is kept of a conversation: answers, outcomes and briefings as events and blobs, and back again.

An event has 64 KiB at most: long texts, large arguments and whatever is sent back bit for bit are blobs beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from raro.agents.conversation import (
    Answer,
    Attachment,
    Briefing,
    Parent,
    PastTurn,
    ToolOutcome,
    ToolSpec,
)
from raro.domain.agent import Turn
from raro.events.catalogue import AgentTurnCompleted, ToolReturned
from raro.events.shapes import BlobRef, ToolCall
from raro.files.blobs import BlobStore

INLINE_BYTES = 12_000
_CALLS_BYTES = 32_000
_READS_BYTES = 8_000
_BEGINNING_BYTES = 2000
_SIGNATURE_BYTES = 4000


async def keep(blobs: BlobStore, data: bytes | None) -> BlobRef | None:
    """The bytes as a blob; None of nothing."""
    if data is None:
        return None
    blob = await blobs.put_bytes(data)
    return BlobRef(sha256=blob.sha256, size_bytes=blob.size_bytes)


async def inline(blobs: BlobStore, text: str) -> tuple[str, BlobRef | None]:
    """The text itself when it is short, else its beginning and a blob."""
    data = text.encode("utf-8", errors="replace")
    if len(data) <= INLINE_BYTES:
        return data.decode(), None
    return data[:_BEGINNING_BYTES].decode(errors="ignore"), await keep(blobs, data)


async def whole(blobs: BlobStore, text: str, blob: BlobRef | None) -> str:
    """The text that `inline` took apart."""
    return (await blobs.read(blob.sha256)).decode() if blob else text


async def recorded_turn(
    blobs: BlobStore, agent_id: str, turn: int, model: str, answer: Answer, latency_ms: int
) -> AgentTurnCompleted:
    """An answer as its event."""
    text, text_blob = await inline(blobs, answer.text)
    calls = [await _small(blobs, call, len(answer.tool_calls)) for call in answer.tool_calls]
    signature = answer.thought_signature
    return AgentTurnCompleted(
        agent_id=agent_id,
        turn=turn,
        model=model,
        text=text,
        text_blob=text_blob,
        tool_calls=tuple(calls),
        # A longer one is whole in `content`; here it is for people and for the original system's clients.
        thought_signature=signature if signature and len(signature) <= _SIGNATURE_BYTES else None,
        tokens_in=answer.tokens_in,
        tokens_out=answer.tokens_out,
        tokens_thought=answer.tokens_thought,
        tokens_cached=answer.tokens_cached,
        cost_usd=answer.cost_usd,
        latency_ms=latency_ms,
        final=answer.final,
        finish=answer.finish[:100],
        content=await keep(blobs, answer.content),
        request=await keep(blobs, answer.request),
        answered_by=answer.answered_by,
    )


async def answer_of(blobs: BlobStore, done: AgentTurnCompleted) -> Answer:
    """The answer that an event recorded; what was sent for it is left where it is."""
    return Answer(
        text=await whole(blobs, done.text, done.text_blob),
        tool_calls=done.tool_calls,
        final=done.final,
        tokens_in=done.tokens_in,
        tokens_out=done.tokens_out,
        thought_signature=done.thought_signature,
        tokens_thought=done.tokens_thought,
        tokens_cached=done.tokens_cached,
        cost_usd=done.cost_usd,
        finish=done.finish,
        content=await blobs.read(done.content.sha256) if done.content else None,
        answered_by=done.answered_by,
    )


async def past_turn(blobs: BlobStore, turn: Turn) -> PastTurn:
    """A recorded turn with its recorded outcomes and remarks."""
    outcomes = {call_id: await _outcome(blobs, returned) for call_id, returned in turn.returned.items()}
    return PastTurn(await answer_of(blobs, turn.completed), outcomes, turn.remarks, turn.checks)


async def whole_call(blobs: BlobStore, call: ToolCall) -> ToolCall:
    """The call with its arguments, also when they were too large for the event."""
    if call.args_blob is None:
        return call
    args: dict[str, Any] = json.loads(await blobs.read(call.args_blob.sha256))
    return call.model_copy(update={"args": args, "args_blob": None})


def fitting(reads: Sequence[str]) -> tuple[str, ...]:
    """As many names as fit beside a result."""
    kept: list[str] = []
    left = _READS_BYTES
    for name in reads:
        left -= len(name.encode()) + 4
        if left < 0:
            break
        kept.append(name)
    return tuple(kept)


def briefing_to_json(briefing: Briefing) -> bytes:
    """The briefing as it is kept: keys sorted, so that the same briefing is the same bytes."""
    made = asdict(briefing)
    made["parents"] = [
        {"agent_id": parent.agent_id, "model": parent.model, "content": parent.content.decode()}
        for parent in briefing.parents
    ]
    return json.dumps(made, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")


def briefing_from_json(data: bytes) -> Briefing:
    """The briefing that was kept."""
    made: Mapping[str, Any] = json.loads(data)
    return Briefing(
        system=made["system"],
        opening=made["opening"],
        tools=tuple(ToolSpec(**tool) for tool in made["tools"]),
        attachments=tuple(Attachment(**item) for item in made["attachments"]),
        parents=tuple(
            Parent(parent["agent_id"], parent["model"], parent["content"].encode()) for parent in made["parents"]
        ),
    )


async def _outcome(blobs: BlobStore, returned: ToolReturned) -> ToolOutcome:
    text = await whole(blobs, returned.result, returned.result_blob)
    return ToolOutcome(returned.ok, text, returned.code, returned.reads)


async def _small(blobs: BlobStore, call: ToolCall, calls: int) -> ToolCall:
    data = json.dumps(call.args, ensure_ascii=False).encode("utf-8", errors="replace")
    if len(data) <= _CALLS_BYTES // calls:
        return call
    return call.model_copy(update={"args": {}, "args_blob": await keep(blobs, data)})
