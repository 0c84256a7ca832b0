"""POST /runtime/policy/compile with a language model behind it: over the wire, by way of a loopback peer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import staged
from tests.peers.gemini import Fault, GeminiPeer, Reaction, said

RULE = '[[rule]]\nid = "ask-large"\ntrigger = "FileGenerated"\naction = "request_approval"\nwhen.size_over = "10 MB"\n'
TAKEN = RULE.replace("ask-large", "no-deletion")
POLICY = "/runtime/policy"

Compiler = Callable[..., AbstractAsyncContextManager[tuple[httpx.AsyncClient, GeminiPeer]]]


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    """A served application whose model answers what it is told to, and the peer that plays it."""

    @asynccontextmanager
    async def serving(*answers: Reaction) -> AsyncIterator[tuple[httpx.AsyncClient, GeminiPeer]]:
        peer = GeminiPeer(lambda body, number: answers[min(number, len(answers)) - 1])
        async with peer.standing():
            monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", peer.url)
            monkeypatch.setenv("GEMINI_API_KEY", "a-key")
            async with staged(tmp_path / "storage", gemini_tries=1) as stage, stage.client("ada") as client:
                yield client, peer

    return serving


def _answer(toml: str) -> Reaction:
    return said(json.dumps({"toml": toml}))


async def test_a_sentence_becomes_a_rule_that_is_in_force_when_a_person_says_so(compiler: Compiler) -> None:
    async with compiler(_answer(RULE)) as (client, peer):
        body = {"sentence": "ask me about large files"}
        made = await client.post(f"{POLICY}/compile", json=body, headers={"Idempotency-Key": "k"})
        again = await client.post(f"{POLICY}/compile", json=body, headers={"Idempotency-Key": "k"})
        assert (made.status_code, made.json()) == (201, again.json())
        assert len(peer.asked) == 1
        state = (await client.get(POLICY)).json()
        assert (state["can_propose"], [row["rule"]["id"] for row in state["proposals"]]) == (True, ["ask-large"])
        assert "ask-large" not in [rule["id"] for rule in state["rules"]]
        await client.post(f"{POLICY}/proposals/{made.json()['proposal_id']}/accept")
        state = (await client.get(POLICY)).json()
        assert [rule["active"] for rule in state["rules"] if rule["id"] == "ask-large"] == [True]


async def test_the_model_is_told_its_mistake_and_then_believed(compiler: Compiler) -> None:
    async with compiler(_answer(TAKEN), _answer(RULE)) as (client, peer):
        made = await client.post(f"{POLICY}/compile", json={"sentence": "x"})
        assert (made.status_code, made.json()["toml"]) == (201, RULE)
        assert "there is a rule 'no-deletion' already" in json.dumps(peer.asked[1]["contents"])


async def test_a_model_that_makes_no_rule_is_refused_with_what_it_made(compiler: Compiler) -> None:
    async with compiler(_answer(TAKEN)) as (client, peer):
        refused = await client.post(f"{POLICY}/compile", json={"sentence": "x"})
        assert (refused.status_code, refused.json()["code"], len(peer.asked)) == (422, "no_rule_made", 2)
        assert (refused.json()["toml"], refused.json()["faults"][0]["line"]) == (TAKEN.strip(), 2)
        assert (await client.get(POLICY)).json()["proposals"] == []


async def test_a_model_that_is_away_is_told_as_such(compiler: Compiler) -> None:
    async with compiler(Fault(500, "out of order")) as (client, _):
        refused = await client.post(f"{POLICY}/compile", json={"sentence": "x"})
        assert (refused.status_code, refused.json()["code"]) == (503, "model_unavailable")
