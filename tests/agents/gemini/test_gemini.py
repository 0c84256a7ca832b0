"""Gemini over the wire, against a loopback peer that answers, fails and misbehaves as the API can."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from raro.agents.conversation import (
    Answer,
    Assignment,
    Attachment,
    Briefing,
    ModelFailed,
    Parent,
    PastTurn,
    ToolOutcome,
    ToolSpec,
    TurnRequest,
    Upload,
)
from raro.agents.models.gemini import GeminiAsker, GeminiModel, GeminiOptions
from raro.agents.models.gemini.prices import cost_usd
from raro.agents.models.gemini.service import GeminiService
from raro.agents.recording import recorded_turn
from raro.events.shapes import AgentSpec
from raro.files.blobs import BlobStore
from tests.peers.gemini import Chunks, Fault, GeminiPeer, Json, Reaction, Silence, called, chunk, said

KEY = "a-key-that-nobody-may-see"
LIST = ToolSpec("list_files", "Lists.", {"type": "object", "properties": {"deep": {"type": "boolean"}}})
BRIEFING = Briefing("You are analyze_x.", "Look at it.", (LIST,))
SIGNATURE = base64.urlsafe_b64encode(bytes(range(200, 256)) * 3).decode()


class Kept:
    """Uploads as a run remembers them."""

    def __init__(self) -> None:
        self.uploads: dict[tuple[str, str], Upload] = {}

    async def find(self, provider: str, kind: str, key: str) -> Upload | None:
        return self.uploads.get((kind, key))

    async def record(self, upload: Upload) -> None:
        self.uploads[upload.kind, upload.key] = upload


class Stand:
    """A peer, a service that talks to it, and what a model of it needs."""

    def __init__(self, peer: GeminiPeer, service: GeminiService, blobs: Path) -> None:
        self.peer, self.service, self.blobs = peer, service, blobs
        self.heard: list[str] = []
        self.uploads = Kept()

    async def ask(self, *history: PastTurn, briefing: Briefing = BRIEFING, **spec: Any) -> Answer:
        agent = AgentSpec(id="analyze_x", **spec)
        model = GeminiModel(self.service, agent, lambda sha256: self.blobs / sha256)
        request = TurnRequest(
            Assignment(agent, "d", briefing=briefing), history, self.heard.append, uploads=self.uploads
        )
        return await model.answer(request)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    @asynccontextmanager
    async def make(answers: Callable[[Json, int], Reaction] | Reaction, **options: Any) -> AsyncIterator[Stand]:
        react = answers if callable(answers) else lambda body, number: answers
        async with GeminiPeer(react).standing() as peer:
            monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", peer.url)
            service = GeminiService(
                GeminiOptions(KEY, **{"timeout_s": 20, "longest_wait_s": 0.05, "tries": 3, **options})
            )
            yield Stand(peer, service, tmp_path)
            await service.close()

    return make


def after(answer: Answer, **outcomes: ToolOutcome) -> PastTurn:
    return PastTurn(
        answer, {call.call_id: outcomes.get(call.call_id, ToolOutcome(True, "ok")) for call in answer.tool_calls}
    )


async def test_text_streams_and_is_counted_and_priced(stand: Any) -> None:
    async with stand(said("All is well.", tokens=(1000, 200))) as here:
        answer = await here.ask()
    assert answer.text == "All is well."
    assert "".join(here.heard) == answer.text
    assert len(here.heard) == 2
    assert (answer.tokens_in, answer.tokens_out, answer.ends) == (1000, 200, True)
    assert answer.cost_usd == pytest.approx((1000 * 0.75 + 200 * 3.75) / 1e6)
    assert here.peer.calls == ["POST /v1/models/gemini-3.8-flash:streamGenerateContent"]


async def test_a_signature_comes_back_bit_for_bit_with_the_call_that_carried_it(stand: Any) -> None:
    reactions = [called(("list_files", {"deep": True}), signature=SIGNATURE), said("done")]
    async with stand(lambda body, number: reactions[number - 1]) as here:
        first = await here.ask()
        assert first.thought_signature is not None
        assert base64.urlsafe_b64decode(first.thought_signature) == base64.urlsafe_b64decode(SIGNATURE)
        await here.ask(after(first))
    model, results = here.peer.asked[1]["contents"][1:]
    (part,) = model["parts"]
    assert base64.urlsafe_b64decode(part["thoughtSignature"]) == base64.urlsafe_b64decode(SIGNATURE)
    assert part["functionCall"] == {"id": "fc-list_files-0", "name": "list_files", "args": {"deep": True}}
    assert results["role"] == "user"
    assert results["parts"][0]["functionResponse"] == {
        "id": "fc-list_files-0",
        "name": "list_files",
        "response": {"output": "ok"},
    }


async def test_what_is_sent_after_a_restart_is_the_same_bytes(stand: Any, tmp_path: Path) -> None:
    reactions = [called(("list_files", {"ü": "\u2028"}), text="hm", signature=SIGNATURE)] + [said("done")] * 2
    async with stand(lambda body, number: reactions[number - 1]) as here:
        first = await here.ask()
        await here.ask(after(first))
        recorded = await recorded_turn(BlobStore(tmp_path / "b"), "analyze_x", 1, "m", first, 3)
        again = Answer(first.text, recorded.tool_calls, content=first.content)
        await here.ask(after(again))
    assert here.peer.raw[1] == here.peer.raw[2]


async def test_parallel_calls_and_their_failures_go_back_in_order_under_their_own_ids(stand: Any) -> None:
    reactions = [called(("list_files", {}), ("list_files", {"deep": True}), ids=False), said("done")]
    async with stand(lambda body, number: reactions[number - 1]) as here:
        first = await here.ask()
        assert [call.call_id for call in first.tool_calls] == ["call-1-1", "call-1-2"]
        await here.ask(after(first, **{"call-1-2": ToolOutcome(False, "no such folder", "missing")}))
    responses = [part["functionResponse"] for part in here.peer.asked[1]["contents"][2]["parts"]]
    assert [response["response"] for response in responses] == [
        {"output": "ok"},
        {"error": "no such folder", "code": "missing"},
    ]
    assert all("id" not in response for response in responses)


async def test_remarks_and_a_persons_answers_are_part_of_the_conversation(stand: Any) -> None:
    by_person = PastTurn(Answer("I did it by hand.", answered_by="user:ada"), remarks=("You made no files.",))
    async with stand(said("done")) as here:
        await here.ask(by_person)
    assert here.peer.asked[0]["contents"][1:] == [
        {"role": "model", "parts": [{"text": "I did it by hand."}]},
        {"role": "user", "parts": [{"text": "You made no files."}]},
    ]


async def test_a_parents_last_answer_is_passed_on_with_its_signature(stand: Any) -> None:
    content = {"role": "model", "parts": [{"text": "I found 3."}, {"text": "", "thoughtSignature": SIGNATURE}]}
    parents = (
        Parent("analyze_a", "gemini-3.8-flash", json.dumps(content).encode()),
        Parent("other", "offline-analyst", json.dumps(content).encode()),
    )
    async with stand(said("done")) as here:
        await here.ask(briefing=Briefing("s", "go", parents=parents))
    introduced, passed_on, opening = here.peer.asked[0]["contents"]
    assert "analyze_a" in introduced["parts"][0]["text"]
    signature = passed_on["parts"][1]["thoughtSignature"]
    assert base64.urlsafe_b64decode(signature) == base64.urlsafe_b64decode(SIGNATURE)
    assert opening["parts"] == [{"text": "go"}]


@pytest.mark.parametrize(
    ("spec", "model", "thinking"),
    [
        ({"model": "fast"}, "gemini-3.8-flash", "LOW"),
        ({"model": "thinking"}, "gemini-3.1-pro-preview", "HIGH"),
        ({"model": "fast", "thinking": "none"}, "gemini-3.8-flash", "MINIMAL"),
        ({"model": "gemini-2.5-pro", "thinking": "medium"}, "gemini-2.5-pro", 8192),
        ({"model": "gemini-9-ultra"}, "gemini-9-ultra", None),
    ],
)
async def test_tiers_and_thinking_levels_mean_models_and_budgets(
    stand: Any, spec: dict[str, Any], model: str, thinking: Any
) -> None:
    async with stand(said("done")) as here:
        answer = await here.ask(**spec)
    assert here.peer.calls == [f"POST /v1/models/{model}:streamGenerateContent"]
    config = here.peer.asked[0].get("generationConfig", {}).get("thinkingConfig", {})
    assert next(iter(config.values()), None) == thinking
    assert (answer.cost_usd is None) == (model == "gemini-9-ultra")


async def test_thoughts_are_kept_and_counted_and_not_shown(stand: Any) -> None:
    parts: list[Json] = [{"text": "Let me see", "thought": True}, {"text": "It is 4."}]
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 40, "cachedContentTokenCount": 4}
    async with stand(Chunks([chunk(parts, usageMetadata=usage)])) as here:
        answer = await here.ask()
    assert (answer.text, here.heard) == ("It is 4.", ["It is 4."])
    assert (answer.tokens_out, answer.tokens_thought, answer.tokens_cached) == (43, 40, 4)
    assert answer.content is not None
    assert json.loads(answer.content)["parts"][0] == {"text": "Let me see", "thought": True}


BLOCKED = Chunks([{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 3}}])
NO_CONTENT = Chunks([{"candidates": [{"finishReason": "SAFETY", "index": 0}]}])


@pytest.mark.parametrize(
    ("reaction", "code", "asked"),
    [
        (BLOCKED, "blocked", 1),
        (NO_CONTENT, "blocked", 1),
        (Chunks([chunk([{"text": "x"}], "RECITATION")]), "blocked", 1),
        (Chunks([chunk([], "MAX_TOKENS")]), "max_tokens", 1),
        (Chunks([chunk([], "MALFORMED_FUNCTION_CALL")]), "malformed_call", 3),
        (Chunks([chunk([{"text": "  "}])]), "empty_answer", 3),
        (Chunks([]), "answer_cut", 3),
        (Chunks([chunk([{"text": "so far"}], None)], cut=True), "*", 3),
        (Chunks([chunk([{"functionCall": {"name": "x", "args": {}}}] * 65)]), "too_many_calls", 3),
        (Chunks([chunk([{"text": "x" * 1_100_000}], None), chunk([{"text": "x" * 1_100_000}])]), "answer_too_long", 1),
        (Chunks([chunk([{"functionCall": {"name": "x", "args": ["no", "object"]}}])]), "malformed_answer", 3),
        (Fault(400, "bad field"), "bad_request", 1),
        (Fault(400, "API key not valid. Please pass a valid API key."), "bad_key", 1),
        (Fault(403, "denied"), "bad_key", 1),
        (Fault(404, "no such model"), "unknown_model", 1),
        (Fault(413, "too large"), "request_too_large", 1),
        (Fault(429, "slow down"), "rate_limited", 3),
        (Fault(500, "oops"), "model_unavailable", 3),
        (Fault(503, body=b"<html>bad gateway</html>"), "model_unavailable", 3),
        (Fault(400, body=b"not json"), "bad_request", 1),
    ],
)
async def test_whatever_goes_wrong_has_a_code_and_is_tried_as_often_as_it_helps(
    stand: Any, reaction: Reaction, code: str, asked: int
) -> None:
    async with stand(reaction) as here:
        with pytest.raises(ModelFailed) as failed:
            await here.ask()
    assert failed.value.code in ({"answer_cut", "model_unavailable"} if code == "*" else {code})
    assert len(here.peer.asked) == asked
    assert KEY not in str(failed.value)


async def test_a_longest_answer_is_used_and_says_that_it_was_cut(stand: Any) -> None:
    async with stand(Chunks([chunk([{"text": "Part one"}], "MAX_TOKENS")])) as here:
        answer = await here.ask()
    assert answer.text.startswith("Part one")
    assert "cut" in answer.text


async def test_an_answer_after_failures_is_taken(stand: Any) -> None:
    reactions = [Fault(503), Chunks([chunk([{"text": "hal"}], None)], cut=True), said("whole")]
    async with stand(lambda body, number: reactions[number - 1]) as here:
        assert (await here.ask()).text == "whole"
    assert here.peer.raw[0] == here.peer.raw[1] == here.peer.raw[2]


async def test_the_wait_that_the_server_asks_for_is_kept(stand: Any) -> None:
    reactions = [Fault(429, retry_s="0.7s"), said("done")]
    async with stand(lambda body, number: reactions[number - 1], longest_wait_s=5) as here:
        began = asyncio.get_running_loop().time()
        await here.ask()
        assert asyncio.get_running_loop().time() - began >= 0.7


async def test_a_wait_that_is_too_long_is_said_instead_of_kept(stand: Any) -> None:
    async with stand(Fault(429, retry_s="3600s")) as here:
        with pytest.raises(ModelFailed, match="3600"):
            await here.ask()
    assert len(here.peer.asked) == 1


async def test_silence_is_a_timeout_and_cancelling_ends_the_request(stand: Any) -> None:
    async with stand(Silence(60), timeout_s=0.3, tries=2) as here:
        with pytest.raises(ModelFailed) as failed:
            await here.ask()
        assert failed.value.code == "model_timeout"
    async with stand(Silence(60)) as here:
        asking = asyncio.create_task(here.ask())
        while not here.peer.asked:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_nobody_there_is_said_and_not_a_crash(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(said("x")) as here:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
        with pytest.raises(ModelFailed) as failed:
            await here.ask()
    assert failed.value.code == "model_unavailable"


async def test_half_a_character_is_neither_stored_nor_sent(stand: Any, tmp_path: Path) -> None:
    parts: list[Json] = [
        {"text": "a\ud800b"},
        {"functionCall": {"name": "list\udfff_files", "args": {"\udc00": "\ud801"}}},
    ]
    reactions = [Chunks([chunk(parts)]), said("done")]
    async with stand(lambda body, number: reactions[number - 1]) as here:
        first = await here.ask()
        first.text.encode()
        (await recorded_turn(BlobStore(tmp_path / "b"), "a", 1, "m", first, 1)).model_dump_json().encode()
        await here.ask(after(first))
    assert len(here.peer.asked) == 2


PICTURE = Attachment("plan.png", "a" * 64, 5, "image/png")


async def test_a_file_is_put_there_once_and_named_by_every_turn(stand: Any, tmp_path: Path) -> None:
    (tmp_path / PICTURE.sha256).write_bytes(b"\x89PNG!")
    async with stand(said("done")) as here:
        here.peer.processing = 2
        briefing = Briefing("s", "go", attachments=(PICTURE,))
        for _ in range(2):
            await here.ask(briefing=briefing)
    assert here.peer.files == {"files/1": b"\x89PNG!"}
    shown = json.dumps(here.peer.asked[0]["contents"][0]["parts"])
    assert "image/png" in shown
    assert "/files/1" in shown
    assert here.peer.raw[0] == here.peer.raw[1]


async def test_a_file_that_the_api_refuses_is_named_and_not_tried_again(stand: Any, tmp_path: Path) -> None:
    (tmp_path / PICTURE.sha256).write_bytes(b"x")
    async with stand(said("done")) as here:
        here.peer.upload_fault = Fault(400, "unsupported")
        for _ in range(2):
            await here.ask(briefing=Briefing("s", "go", attachments=(PICTURE,)))
    assert sum(call.startswith("POST /upload") for call in here.peer.calls) == 1
    assert "plan.png" in here.peer.asked[1]["contents"][0]["parts"][0]["text"]


async def test_large_inputs_are_cached_once_and_only_named_afterwards(stand: Any, tmp_path: Path) -> None:
    (tmp_path / PICTURE.sha256).write_bytes(b"x")
    async with stand(said("done"), cache_bytes=4) as here:
        for _ in range(2):
            await here.ask(briefing=Briefing("s", "go", (LIST,), attachments=(PICTURE,)))
    (cache,) = here.peer.caches
    assert "fileData" in json.dumps(cache["contents"])
    assert "systemInstruction" in cache
    for asked in here.peer.asked:
        assert asked["cachedContent"] == "cachedContents/1"
        assert asked.keys().isdisjoint({"systemInstruction", "tools"})
        assert asked["contents"] == [{"role": "user", "parts": [{"text": "go"}]}]


async def test_without_a_cache_the_prompt_is_sent_whole_every_time(stand: Any, tmp_path: Path) -> None:
    (tmp_path / PICTURE.sha256).write_bytes(b"x")
    async with stand(said("done"), cache_bytes=4) as here:
        here.peer.cache_fault = Fault(400, "too small")
        for _ in range(2):
            await here.ask(briefing=Briefing("s", "go", attachments=(PICTURE,)))
    assert here.peer.raw[0] == here.peer.raw[1]
    assert "cachedContent" not in here.peer.asked[0]
    assert sum("cachedContents" in call for call in here.peer.calls) == 1


async def test_the_request_is_shown_without_the_key(stand: Any) -> None:
    async with stand(said("done")) as here:
        answer = await here.ask()
    assert here.peer.keys == {KEY}
    assert answer.request is not None
    assert KEY.encode() not in answer.request
    assert json.loads(answer.request)["contents"] == here.peer.asked[0]["contents"]
    assert KEY not in repr(here.service.options)


async def test_a_single_question_is_answered_in_json_or_fails(stand: Any) -> None:
    async with stand(said('{"name": "x"}')) as here:
        assert await GeminiAsker(here.service).ask("s", "p", {"type": "object"}) == {"name": "x"}
    assert here.peer.asked[0]["generationConfig"]["responseMimeType"] == "application/json"
    async with stand(said("no json")) as here:
        with pytest.raises(ModelFailed) as failed:
            await GeminiAsker(here.service).ask("s", "p", {})
    assert failed.value.code == "malformed_answer"


def test_long_prompts_and_cached_tokens_have_prices_of_their_own() -> None:
    assert cost_usd("gemini-2.5-pro", 300_000, 0, 0) == pytest.approx(0.75)
    assert cost_usd("gemini-2.5-pro", 100_000, 1000, 100_000) == pytest.approx(0.0125 + 0.01)
    assert cost_usd("made-up", 1, 1, 0) is None
