"""kill -9 of the worker right after any event: nothing is paid for twice, nothing happens twice, and the conversation
goes on with the bytes that it would have had.

Three agents: two work side by side, the third merges. Each call of theirs leaves a mark in a file, so that an effect
that happened twice would show.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from raro.commands.aggregates import Caller
from raro.commands.runs import StartRequest
from raro.domain.run import Run
from raro.embedded.servers import Servers
from raro.events.shapes import AgentSpec, WorkflowConfig
from raro.settings import Settings
from raro.wiring.core import Core, core
from tests.journeys.guillotine import Guillotine, worker
from tests.peers.gemini import GeminiPeer, Json, Reaction, called, said

ACME = Caller("acme")
MARK = "with open('output/log.txt', 'a') as log: log.write('{agent} was here\\n')"
WORKFLOW = WorkflowConfig(
    agents=(
        AgentSpec(id="analyze_a", prompt="a"),
        AgentSpec(id="analyze_b", prompt="b"),
        AgentSpec(id="writer_c", prompt="c", depends_on=("analyze_a", "analyze_b")),
    )
)


def answers(body: Json, number: int) -> Reaction:
    """What each agent's model says, by who asks and how far its conversation is."""
    agent = next(
        name for name in ("analyze_a", "analyze_b", "writer_c") if f"You are {name}," in str(body["systemInstruction"])
    )
    turn = turn_of(agent, body)
    if agent == "writer_c":
        work = ("write_file", {"path": "report.md", "content": "# Both"})
    else:
        work = ("execute_python", {"code": MARK.format(agent=agent)})
    match turn:
        case 0:
            return called(work, text=f"{agent} begins", signature="c2lnbmF0dXJl")
        case 1:
            return called(("list_files", {}), signature="bW9yZQ==")
        case _:
            return said(f"{agent} is done", signature="ZW5k")


def agent_of(body: Json) -> str:
    """Who asks."""
    who = str(body["systemInstruction"])
    return next(name for name in ("analyze_a", "analyze_b", "writer_c") if f"You are {name}," in who)


def turn_of(agent: str, body: Json) -> int:
    """How many turns an agent has had; the merging one's conversation begins with its parents' answers."""
    said_before = [content for content in body["contents"] if content["role"] == "model"]
    return len(said_before) - (2 if agent == "writer_c" else 0)


@dataclass
class Stage:
    """Servers, a peer that counts, and the guillotine between worker and log."""

    core: Core
    peer: GeminiPeer
    guillotine: Guillotine
    storage: Path
    environment: dict[str, str]
    recorded_before: list[int] = field(default_factory=list)
    deaths: int = 0

    async def begin(self) -> str:
        return (await self.core.runs.start(ACME, StartRequest(WORKFLOW, "do it"))).run_id

    async def run(self, run_id: str) -> Run:
        """Workers follow each other until the run has ended; its last state."""
        while not (state := await self.state(run_id)).ended:
            async with worker(self.guillotine, self.storage, self.environment) as dead:
                while not dead.is_set() and not (state := await self.state(run_id)).ended:
                    await asyncio.sleep(0.05)
                self.deaths += dead.is_set()
        return state

    async def state(self, run_id: str) -> Run:
        return (await self.core.run_states.load("acme", run_id)).state


@pytest.fixture
async def stage(servers: Servers, tmp_path: Path) -> AsyncIterator[Stage]:
    async with _stage(servers, tmp_path) as built:
        yield built


@asynccontextmanager
async def _stage(servers: Servers, tmp_path: Path) -> AsyncIterator[Stage]:
    credentials = servers.nats_credentials
    assert credentials is not None
    address = urlsplit(servers.nats_url)
    assert address.hostname
    assert address.port
    login = f"{credentials.user}:{credentials.password}"
    storage = tmp_path / "shared"
    settings = Settings(
        storage=storage, nats_url=f"nats://{login}@{address.netloc.rpartition('@')[2]}", redis_url=servers.redis_url
    )
    guillotine = Guillotine(address.hostname, address.port)
    recorded_before: list[int] = []

    def timed(body: Json, number: int) -> Reaction:
        recorded_before.append(len(guillotine.sent))
        return answers(body, number)

    async with core(settings, None) as built, GeminiPeer(timed).standing() as peer, guillotine.standing():
        environment = {
            "RARO_NATS_URL": f"nats://{login}@127.0.0.1:{guillotine.port}",
            "RARO_REDIS_URL": servers.redis_url or "",
            "RARO_ACK_WAIT_S": "2",
            "GEMINI_API_KEY": "key",
            "GOOGLE_GEMINI_BASE_URL": peer.url,
            "RARO_LOG_LEVEL": "error",
        }
        yield Stage(built, peer, guillotine, storage, environment, recorded_before)


def check(stage: Stage, run: Run) -> None:
    """Everything is there once, and was asked for once."""
    assert run.status == "completed", run
    for agent_id, agent in run.agents.items():
        assert [turn.completed.turn for turn in agent.turns] == [1, 2, 3], agent_id
        assert [len(turn.returned) for turn in agent.turns] == [1, 1, 0], agent_id
    made = {path: artifact.versions[-1].artifact.sha256 for path, artifact in run.artifacts.items()}
    assert set(made) == {"log.txt", "report.md"}
    for agent_id in ("analyze_a", "analyze_b"):
        log = stage.core.blobs.path(run.agents[agent_id].generated["log.txt"].sha256).read_text()
        assert log == f"{agent_id} was here\n"


def distinct(peer: GeminiPeer) -> Counter[bytes]:
    """How often each request was sent."""
    return Counter(peer.raw)


async def test_who_was_taken_over_does_not_sign_off_what_another_took_up(stage: Stage) -> None:
    """A worker freezes, another takes up its agents; the first wakes; whoever has them now, both are killed."""
    run_id = await stage.begin()
    stage.peer.mute = True

    async def taken(times: int) -> None:
        async with asyncio.timeout(60):
            while True:
                agents = (await stage.state(run_id)).agents
                if all(agents[name].epoch >= times for name in ("analyze_a", "analyze_b")):
                    return
                await asyncio.sleep(0.01)

    async with worker(stage.guillotine, stage.storage, stage.environment):
        first = stage.guillotine.pid
        assert first
        await taken(1)
        os.kill(first, signal.SIGSTOP)
        async with worker(stage.guillotine, stage.storage, stage.environment):
            await taken(2)
            os.kill(first, signal.SIGCONT)
            # Long enough to learn of it; the model answers nobody, so nobody can be done.
            await asyncio.sleep(4)
            assert {agent.epoch for agent in (await stage.state(run_id)).agents.values()} - {0, 1}
    stage.peer.mute = False
    async with asyncio.timeout(90):
        check(stage, await stage.run(run_id))


@pytest.mark.soak
async def test_a_worker_that_dies_after_every_single_event_gets_the_run_to_its_end(stage: Stage) -> None:
    """The hardest case: each worker lives for one event, so every boundary of the run is one where it died."""
    run_id = await stage.begin()
    seen: set[tuple[str, ...]] = set()

    def falls(subject: str, body: bytes) -> bool:
        """Once for each fact: a worker that follows takes the agent anew and begins the open call anew, every time."""
        if f".run.{run_id}." not in subject:
            return False
        data = data_of(body)
        named = tuple(str(data.get(name)) for name in ("agent_id", "turn", "call_id", "path"))
        fact = (subject.rpartition(".")[2], *named)
        new = fact not in seen
        seen.add(fact)
        return new

    stage.guillotine.falls = falls
    run = await stage.run(run_id)
    check(stage, run)
    assert stage.deaths >= 25
    await _no_answer_was_asked_for_again(stage, run)


@pytest.mark.parametrize(
    "event",
    [
        "agent_briefed",
        "agent_turn_completed",
        "tool_called",
        "tool_returned",
        "file_generated",
        "agent_finished",
    ],
)
async def test_one_death_after_each_kind_of_event_changes_nothing_of_the_conversation(stage: Stage, event: str) -> None:
    run_id = await stage.begin()
    fallen: list[str] = []

    def falls(subject: str, body: bytes) -> bool:
        hit = subject.endswith(f"{run_id}.{event}") and not fallen
        fallen.extend([subject] if hit else [])
        return hit

    stage.guillotine.falls = falls
    run = await stage.run(run_id)
    check(stage, run)
    assert fallen
    await _no_answer_was_asked_for_again(stage, run)


async def test_a_run_that_was_killed_sends_the_bytes_of_one_that_was_not(stage: Stage) -> None:
    await stage.run(await stage.begin())
    expected = distinct(stage.peer)
    stage.peer.raw.clear()
    run_id = await stage.begin()
    turns: list[str] = []

    def falls(subject: str, body: bytes) -> bool:
        turns.extend([subject] if subject.endswith(("agent_turn_completed", "tool_returned")) else [])
        return bool(turns) and turns[-1] is subject and len(turns) % 3 == 0

    stage.guillotine.falls = falls
    check(stage, await stage.run(run_id))
    assert stage.deaths >= 3
    assert distinct(stage.peer).keys() == expected.keys()


async def _no_answer_was_asked_for_again(stage: Stage, run: Run) -> None:
    """A turn is asked for again only while its answer is not on the log, and then with the same bytes."""
    requests = [turn.completed.request for agent in run.agents.values() for turn in agent.turns]
    assert len({request.sha256 for request in requests if request}) == 9
    assert len(distinct(stage.peer)) == 9, "a conversation went on with other bytes"
    for asked, before in zip(stage.peer.asked, stage.recorded_before, strict=True):
        agent = agent_of(asked)
        turn = turn_of(agent, asked) + 1
        assert (agent, turn) not in set(recorded_turns(stage, before)), f"turn {turn} of {agent} was paid for twice"


def recorded_turns(stage: Stage, before: int) -> Iterator[tuple[str, int]]:
    """The turns among the first events that were published."""
    for subject, body in stage.guillotine.sent[:before]:
        if subject.endswith(".agent_turn_completed"):
            data = data_of(body)
            yield data["agent_id"], data["turn"]


def data_of(body: bytes) -> dict[str, Any]:
    """The payload of a published event, headers or not."""
    found: dict[str, Any] = json.loads(body[body.index(b'{"specversion"') :])["data"]
    return found


@pytest.mark.soak
async def test_a_run_that_is_killed_a_hundred_times_at_any_moment_comes_to_its_end(stage: Stage) -> None:
    """Deaths by the clock, wherever the worker is: between events, in a call, in the middle of a batch."""
    for seed in range(25):
        random.seed(seed)
        run_id = await stage.begin()
        deaths = 0
        while not (await stage.state(run_id)).ended:
            async with worker(stage.guillotine, stage.storage, stage.environment) as dead:
                if deaths < 4:
                    await asyncio.sleep(random.uniform(0.8, 2.5))
                    deaths += 1
                else:
                    while not dead.is_set() and not (await stage.state(run_id)).ended:
                        await asyncio.sleep(0.05)
        check(stage, await stage.state(run_id))
