"""The turn loop: nothing paid for twice, nothing carried out twice, an honest end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from raro.agents.turn import (
    MAX_TURNS,
    Answer,
    Assignment,
    PastTurn,
    ToolOutcome,
    TurnRequest,
    run_turns,
)
from raro.events.shapes import AgentSpec, ToolCall


@dataclass
class Script:
    """A model that answers from a list, one entry a turn."""

    answers: Sequence[Answer]
    asked: list[int] = field(default_factory=list)
    name: str = "script"

    async def answer(self, request: TurnRequest) -> Answer:
        self.asked.append(len(request.history) + 1)
        return self.answers[len(request.history)]


@dataclass
class Echo:
    """Tools that say what they were asked."""

    called: list[str] = field(default_factory=list)

    async def call(self, call: ToolCall) -> ToolOutcome:
        self.called.append(call.call_id)
        return ToolOutcome(True, f"did {call.call_id}")


@dataclass
class Notebook:
    """A journal in memory; `dies_at` ends the worker right after that record."""

    turns: list[PastTurn] = field(default_factory=list)
    files: int = 0
    dies_at: str = ""

    async def history(self) -> Sequence[PastTurn]:
        return list(self.turns)

    async def begin_turn(self, turn: int) -> None:
        self._note(f"begin {turn}")

    async def turn_completed(self, turn: int, answer: Answer, latency_ms: int) -> None:
        self.turns.append(PastTurn(answer))
        self._note(f"turn {turn}")

    async def tool_called(self, turn: int, call: ToolCall) -> None:
        self._note(f"called {call.call_id}")

    async def tool_returned(self, turn: int, call: ToolCall, outcome: ToolOutcome, latency_ms: int) -> ToolOutcome:
        past = self.turns[turn - 1]
        self.turns[turn - 1] = replace(past, outcomes={**past.outcomes, call.call_id: outcome})
        self._note(f"returned {call.call_id}")
        return outcome

    async def files_made(self) -> int:
        return self.files

    def _note(self, what: str) -> None:
        if what == self.dies_at:
            raise KilledError


class KilledError(Exception):
    """The worker died here."""


def calls(*names: str) -> Answer:
    return Answer("on it", tuple(ToolCall(call_id=name, name="list_files") for name in names))


DONE = Answer("all done", final=True)
WORK = Assignment(AgentSpec(id="research_x"), "do it")
STEPS = ("begin 1", "turn 1", "called a", "returned a", "called b", "returned b", "begin 2", "turn 2")


async def test_a_worker_that_died_anywhere_is_followed_without_repeating_a_turn() -> None:
    for step in STEPS:
        notebook, model, tools = Notebook(dies_at=step), Script([calls("a", "b"), DONE]), Echo()
        try:
            await run_turns(model, WORK, tools, notebook)
        except KilledError:
            notebook.dies_at = ""
        result = await run_turns(model, WORK, tools, notebook)
        assert result.output == "all done"
        assert sorted(model.asked) == sorted(set(model.asked)), step
        assert tools.called.count("a") == 1 or step == "called a"
        assert [len(past.outcomes) for past in notebook.turns] == [2, 0]


async def test_a_call_that_began_and_did_not_return_is_carried_out_again() -> None:
    notebook, tools = Notebook(dies_at="called b"), Echo()
    model = Script([calls("a", "b"), DONE])
    try:
        await run_turns(model, WORK, tools, notebook)
    except KilledError:
        notebook.dies_at = ""
    await run_turns(model, WORK, tools, notebook)
    assert tools.called == ["a", "b"]


async def test_an_agent_ends_after_ten_turns_and_says_so() -> None:
    notebook = Notebook()
    result = await run_turns(Script([calls(f"c{n}") for n in range(99)]), WORK, Echo(), notebook)
    assert result.turns == MAX_TURNS
    assert "ended after 10 turns" in result.output


async def test_an_agent_that_made_no_files_is_called_out() -> None:
    maker = replace(WORK, agent=AgentSpec(id="coder_x"))
    assert "made none" in (await run_turns(Script([DONE]), maker, Echo(), Notebook())).output
    assert "made none" not in (await run_turns(Script([DONE]), maker, Echo(), Notebook(files=1))).output
    assert "made none" not in (await run_turns(Script([DONE]), WORK, Echo(), Notebook())).output
