"""Scripts: turns are played by how far the conversation is, and a file with a mistake says where it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from raro.agents.conversation import Answer, Assignment, ModelFailed, PastTurn, TurnRequest
from raro.agents.models import GeminiOptions, Minds
from raro.agents.models.script import Script
from raro.agents.planning import ModelPlanner, OfflinePlanner
from raro.errors import StartFailed
from raro.events.shapes import AgentSpec

PLAY = """
name: demo
agents:
  analyze_*:
    - text: I look.
      tool_calls:
        - name: list_files
        - {name: read_file, args: {path: a.csv}, id: own}
      tokens_in: 3
      cost_usd: 0.5
    - {text: done, final: true, thought_signature: c2ln}
  analyze_x:
    - fail: {code: blocked, message: refused}
"""


def script(tmp_path: Path, text: str = PLAY) -> Script:
    path = tmp_path / "play.yaml"
    path.write_text(text)
    return Script.load(path)


async def answer(played: Script, agent_id: str, turns: int = 0) -> Answer:
    spec = AgentSpec(id=agent_id)
    history = tuple(PastTurn(Answer("before")) for _ in range(turns))
    return await played.model_of(spec).answer(TurnRequest(Assignment(spec, "d"), history))


async def test_a_turn_is_played_by_how_many_came_before(tmp_path: Path) -> None:
    played = script(tmp_path)
    first, second = await answer(played, "analyze_y"), await answer(played, "analyze_y", 1)
    assert [(call.name, call.call_id, call.args) for call in first.tool_calls] == [
        ("list_files", "call-1-1", {}),
        ("read_file", "own", {"path": "a.csv"}),
    ]
    assert (first.tokens_in, first.cost_usd, first.ends) == (3, 0.5, False)
    assert (second.text, second.ends, second.thought_signature) == ("done", True, "c2ln")
    assert played.name == "script:demo"


@pytest.mark.parametrize(("agent_id", "turns", "code"), [("analyze_x", 0, "blocked"), ("coder_z", 0, "not_in_script")])
async def test_an_exact_name_counts_first_and_an_unknown_one_fails(
    tmp_path: Path, agent_id: str, turns: int, code: str
) -> None:
    with pytest.raises(ModelFailed) as failed:
        await answer(script(tmp_path), agent_id, turns)
    assert failed.value.code == code


async def test_a_script_that_is_played_out_says_how_long_it_was(tmp_path: Path) -> None:
    with pytest.raises(ModelFailed, match="2 turns") as failed:
        await answer(script(tmp_path), "analyze_y", 2)
    assert failed.value.code == "script_ended"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("agents: {a: [{txt: x}]}", "agents.a.0.txt (line 1)"),
        ("agents:\n  a:\n    - text: ok\n    - tokens_in: -1\n", "line 4"),
        ("name: x\n", "agents"),
        ("agents: [\n", "no YAML"),
        ("- 1\n", "cannot be played"),
        ("agents: {a: [{tool_calls: [{name: x, id: 'no good'}]}]}", "id"),
        ("agents:\n  a: []\n  b: []\n  a: []\n", "line 4"),
        ("agents: {a: [{tool_calls: [{name: x, args: {y: .nan}}]}]}", "agents.a.0.tool_calls.0.args"),
        ("agents: {a: [{tool_calls: [{name: x, args: {y: !!binary aGk=}}]}]}", "agents.a.0.tool_calls.0.args"),
        ("agents: {a: [{tool_calls: [{name: x, args: {y: " + "[" * 5000 + "]" * 5000 + "}}]}]}", "args.y"),
        ("agents: {}\nworkflow: {agents: [{id: a, depends_on: [b]}]}", "'b'"),
        ("agents: {}\nworkflow:\n  agents:\n    - id: a b\n", "line 4"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(StartFailed) as failed:
        script(tmp_path, text)
    assert words in failed.value.message
    assert len(failed.value.message) < 1000


async def test_arguments_are_json_whatever_yaml_would_make_of_them(tmp_path: Path) -> None:
    text = "agents: {a: [{tool_calls: [{name: x, args: {day: 2024-01-01, at: 2024-01-01T10:00:00Z, n: 1.5}}]}]}"
    (call,) = (await answer(script(tmp_path, text), "a")).tool_calls
    assert call.args == {"day": "2024-01-01", "at": "2024-01-01T10:00:00Z", "n": 1.5}


async def test_a_text_comes_bit_by_bit_and_whole(tmp_path: Path) -> None:
    played = script(tmp_path, yaml.safe_dump({"agents": {"a": [{"text": " one  two\nthree ", "delay_s": 0.01}]}}))
    heard: list[str] = []
    spec = AgentSpec(id="a")
    said = await played.model_of(spec).answer(TurnRequest(Assignment(spec, "d"), (), on_text=heard.append))
    assert "".join(heard) == said.text == " one  two\nthree "
    assert len(heard) == 4


async def test_a_script_with_a_workflow_plans_everything_as_that(tmp_path: Path) -> None:
    path = tmp_path / "play.yaml"
    path.write_text("workflow: {name: Kept, agents: [{id: analyze_a, prompt: look}]}\nagents: {}\n")
    planned = await Minds(f"script:{path}", None, Path).planner(search=False).plan("anything", [])
    assert [agent.id for agent in planned.workflow.agents] == ["analyze_a"]
    path.write_text(PLAY)
    assert isinstance(Minds(f"script:{path}", None, Path).planner(search=False), OfflinePlanner)


@pytest.mark.parametrize("choice", ["script:/nowhere.yaml", "gpt", "gemini"])
def test_a_choice_that_cannot_be_had_is_said_at_the_start(choice: str) -> None:
    with pytest.raises(StartFailed, match="RARO_MODEL"):
        Minds(choice, None, Path)


async def test_auto_is_gemini_with_a_key_and_the_offline_analyst_without() -> None:
    spec = AgentSpec(id="analyze_x", model="fast")
    with_key = Minds("auto", GeminiOptions("key"), Path)
    assert with_key.of(spec).name == "gemini-3.8-flash"
    assert with_key.asker is not None
    assert isinstance(with_key.planner(search=False), ModelPlanner)
    await with_key.close()
    without = Minds("auto", None, Path)
    assert (without.of(spec).name, without.asker, without.name) == ("offline-analyst", None, "offline-analyst")
    assert Minds("offline", GeminiOptions("key"), Path).of(spec).name == "offline-analyst"
