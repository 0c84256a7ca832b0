"""The turn loop: nothing paid for twice, nothing carried out twice, an honest end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from raro.agents.checks import Remark
from raro.agents.turn import (
    MAX_TURNS,
    Answer,
    Assignment,
    ModelFailed,
    PastTurn,
    Record,
    ToolOutcome,
    ToolSpec,
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
    since: int = 0
    persons: dict[int, Answer] = field(default_factory=dict)
    refused: dict[str, ToolOutcome] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    async def recorded(self) -> Record:
        return Record(tuple(self.turns), self.since)

    async def begin_turn(self, turn: int) -> Answer | None:
        self._note(f"begin {turn}")
        if turn in self.persons:
            self.turns.append(PastTurn(self.persons[turn]))
        return self.persons.get(turn)

    async def turn_completed(self, turn: int, answer: Answer, latency_ms: int) -> Answer:
        self.turns.append(PastTurn(answer))
        self._note(f"turn {turn}")
        return answer

    async def refusals(self, turn: int, calls: Sequence[ToolCall]) -> Mapping[str, ToolOutcome]:
        return {call.call_id: self.refused[call.call_id] for call in calls if call.call_id in self.refused}

    async def called_out(self, turn: int, remark: Remark) -> None:
        past = self.turns[turn - 1]
        remarks, checks = (*past.remarks, remark.text), (*past.checks, remark.check)
        self.turns[turn - 1] = replace(past, remarks=remarks, checks=checks)
        self._note(f"out {turn}")

    def heard(self, turn: int, text: str) -> None:
        self.said.append(text)

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


SAID = Answer("all done")


def able(agent_id: str, *tools: str, **spec: object) -> Assignment:
    specs = tuple(ToolSpec(name, "", {}) for name in tools)
    return Assignment(AgentSpec.model_validate({"id": agent_id, **spec}), "do it", tools=specs)


async def test_a_maker_without_files_is_told_so_once_and_may_go_on() -> None:
    notebook, model = Notebook(), Script([SAID, SAID, SAID])
    result = await run_turns(model, able("coder_x", "write_file"), Echo(), notebook)
    assert model.asked == [1, 2]
    assert [past.checks for past in notebook.turns] == [("no_files",), ()]
    assert "made none" in result.output


async def test_a_searcher_that_did_not_search_is_told_so() -> None:
    notebook, model = Notebook(), Script([SAID, calls_of("web_search"), SAID])
    await run_turns(model, able("research_x", "web_search"), Echo(), notebook)
    assert model.asked == [1, 2, 3]
    assert notebook.turns[0].checks == ("no_search",)


async def test_a_worker_that_died_after_a_call_out_does_not_call_out_again() -> None:
    notebook, model = Notebook(dies_at="out 1"), Script([SAID, SAID])
    work = able("coder_x", "write_file")
    try:
        await run_turns(model, work, Echo(), notebook)
    except KilledError:
        notebook.dies_at = ""
    await run_turns(model, work, Echo(), notebook)
    assert model.asked == [1, 2]
    assert [past.checks for past in notebook.turns] == [("no_files",), ()]


async def test_an_answer_that_its_schema_refuses_is_called_out_and_then_fails() -> None:
    schema = {"type": "object", "required": ["total"]}
    model = Script([Answer("12"), Answer('{"sum": 1}')])
    with pytest.raises(ModelFailed, match="total") as failed:
        await run_turns(model, able("research_x", output_schema=schema), Echo(), Notebook())
    assert failed.value.code == "output_schema"
    good = Script([Answer("12"), Answer('```json\n{"total": 1}\n```')])
    result = await run_turns(good, able("research_x", output_schema=schema), Echo(), Notebook())
    assert "total" in result.output


async def test_no_data_from_upstream_is_a_failure_and_not_an_answer() -> None:
    model = Script([Answer("NO DATA FROM UPSTREAM: the ledger is empty")])
    with pytest.raises(ModelFailed, match="ledger") as failed:
        await run_turns(model, able("writer_x", "write_file"), Echo(), Notebook())
    assert failed.value.code == "no_upstream"


async def test_a_refused_call_is_told_and_not_made() -> None:
    tools = Echo()
    notebook = Notebook(refused={"b": ToolOutcome(False, "no", "denied")})
    await run_turns(Script([calls("a", "b"), DONE]), WORK, tools, notebook)
    assert tools.called == ["a"]
    assert notebook.turns[0].outcomes["b"].code == "denied"


async def test_a_person_answers_in_the_models_place_and_takes_no_turn_of_its_own() -> None:
    by_person = replace(calls("a"), answered_by="user:ada")
    notebook, model = Notebook(persons=dict.fromkeys(range(1, 30), by_person)), Script([DONE] * 40)
    notebook.persons[30] = replace(DONE, answered_by="user:ada")
    result = await run_turns(model, WORK, Echo(), notebook)
    assert model.asked == []
    assert result.turns == 30


async def test_a_retry_goes_on_where_it_failed_with_turns_of_its_own() -> None:
    failed = PastTurn(Answer("I cannot"), remarks=("A person asks you to try again.",))
    turns = [PastTurn(calls(f"c{n}"), {f"c{n}": ToolOutcome(True, "")}) for n in range(9)] + [failed]
    notebook, model = Notebook(turns=list(turns), since=10), Script([*[DONE] * 10, SAID])
    result = await run_turns(model, WORK, Echo(), notebook)
    assert model.asked == [11]
    assert result.output == "all done"


def calls_of(tool: str) -> Answer:
    return Answer("on it", (ToolCall(call_id=tool, name=tool),))
