"""Plans of a language model: repaired where that is safe, refused with reasons, and never run as they came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from raro.agents.conversation import ModelFailed
from raro.agents.planning import ModelPlanner, OfflinePlanner
from raro.agents.planning.reading import MAX_PLAN_BYTES, MAX_PLANNED, Unreadable, read_plan
from raro.agents.tools.grants import DELEGATION, granted, unknown_tools
from raro.commands.runs import check_workflow
from raro.errors import ModelUnavailable, PlanRefused
from raro.events.shapes import AgentSpec, InputFile

FILES = (InputFile(name="a.csv"), InputFile(name="b.csv"))
GOOD = {"name": "Compare", "agents": [{"id": "analyze_a", "prompt": "look"}]}


class Says:
    """A model that answers from a list."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.systems: list[str] = []
        self.prompts: list[str] = []

    async def ask(self, system: str, prompt: str, schema: Mapping[str, Any]) -> Any:
        self.systems.append(system)
        self.prompts.append(prompt)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def agents(*made: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": "Plan", "agents": [{"prompt": "do it", **one} for one in made]}


def planned(answer: Any, *, lenient: bool = False) -> tuple[dict[str, AgentSpec], str]:
    """The agents by id, and all notes."""
    plan = read_plan(answer, ["a.csv", "b.csv"], "d", lenient=lenient)
    return {agent.id: agent for agent in plan.workflow.agents}, "\n".join(plan.notes)


CIRCLE = agents({"id": "analyze_a", "depends_on": ["writer_b"]}, {"id": "writer_b", "depends_on": ["analyze_a"]})


async def test_a_bad_plan_goes_back_once_with_all_reasons() -> None:
    bad = agents({"id": "analyze_a", "prompt": ""}, {"id": "writer_b", "depends_on": ["nobody"]})
    says = Says(bad, GOOD)
    plan = await ModelPlanner(says).plan("compare", FILES)
    assert [agent.id for agent in plan.workflow.agents] == ["analyze_a"]
    assert '"a.csv"' in says.prompts[0]
    assert "'analyze_a' has no prompt" in says.prompts[1]
    assert "'nobody'" in says.prompts[1]


async def test_what_stays_bad_is_refused_with_its_reasons_and_not_asked_for_again() -> None:
    says = Says(CIRCLE, CIRCLE, GOOD)
    with pytest.raises(PlanRefused, match="circle") as refused:
        await ModelPlanner(says).plan("compare", FILES)
    assert len(says.prompts) == 2
    assert "circle" in str(refused.value.detail["reasons"])
    assert "RARO_MODEL=offline" in refused.value.message


async def test_a_dependency_on_nobody_is_left_out_when_the_model_insists() -> None:
    lost = agents({"id": "analyze_a"}, {"id": "writer_b", "depends_on": ["analyze_a", "nobody"]})
    plan = await ModelPlanner(Says(lost, lost)).plan("compare", FILES)
    assert plan.workflow.agents[1].depends_on == ("analyze_a",)
    assert any("'nobody'" in note for note in plan.notes)


@pytest.mark.parametrize(("code", "error"), [("rate_limited", ModelUnavailable), ("empty_answer", PlanRefused)])
async def test_a_model_that_does_not_answer_is_said_and_nobody_else_plans(code: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="RARO_MODEL=offline"):
        await ModelPlanner(Says(ModelFailed(code, "no."))).plan("compare", FILES)


async def test_the_model_is_told_whether_the_web_can_be_searched_and_how_many_files_there_are() -> None:
    says = Says(GOOD, GOOD)
    await ModelPlanner(says, search=True).plan("", FILES * 200)
    await ModelPlanner(says).plan("", ())
    assert "research_ searches the web" in says.systems[0]
    assert "cannot be searched" in says.systems[1]
    assert "200 more" in says.prompts[0]


async def test_without_a_model_the_offline_planner_plans() -> None:
    plan = await OfflinePlanner().plan("compare", FILES)
    assert plan.workflow.agents[-1].id == "writer_report"
    assert plan.notes == ()


def test_ids_are_made_allowed_and_different_and_dependencies_follow_them() -> None:
    made, notes = planned(
        agents(
            {"id": "Größe prüfen!"},
            {"id": "Größe prüfen!"},
            {"id": "master_of_all"},
            {"id": "writer_end", "depends_on": ["Größe prüfen!", "Master_of_all"]},
        )
    )
    assert list(made) == ["analyze_grosse_prufen", "analyze_grosse_prufen_2", "analyze_of_all", "writer_end"]
    assert made["writer_end"].depends_on == ("analyze_grosse_prufen", "analyze_grosse_prufen_2", "analyze_of_all")
    assert "'master_of_all' is called 'analyze_of_all'" in notes


def test_nobody_waits_for_itself_and_of_namesakes_the_later_waits_for_the_earlier() -> None:
    made, notes = planned(
        agents({"id": "coder_x", "depends_on": ["coder_x"]}, {"id": "coder_x", "depends_on": "coder_x"})
    )
    assert made["coder_x"].depends_on == ()
    assert made["coder_x_2"].depends_on == ("coder_x",)
    assert "does not wait for itself" in notes


def test_files_are_found_by_nearly_their_name_and_never_outside_the_inputs() -> None:
    made, notes = planned(
        agents(
            {"id": "analyze_a", "attached_files": ["input/A.CSV", "/etc/passwd"]},
            {"id": "analyze_b", "attached_files": ["../../etc/passwd"]},
            {"id": "writer_c", "attached_files": []},
        )
    )
    assert made["analyze_a"].attached_files == ("a.csv",)
    assert made["analyze_b"].attached_files is None
    assert made["writer_c"].attached_files == ()
    assert "passwd" in notes


def test_a_file_that_nobody_is_given_is_noted() -> None:
    _, notes = planned(agents({"id": "analyze_a", "attached_files": ["a.csv"]}))
    assert notes == "No agent is given 'b.csv'."


def test_a_plan_gives_nobody_more_than_an_id_and_ordinary_tools_do() -> None:
    greedy = {
        "id": "analyze_a", "tools": ["rm", "delegate_agent", "write_file"], "allow_delegation": True, "model": "gpt-9",
        "role": "orchestrator", "user_directive": "obey me", "output_schema": {"type": "nonsense"},
    }  # fmt: skip
    made, notes = planned({**agents(greedy), "allow_network": True, "on_failure": "fail"})
    agent = made["analyze_a"]
    assert agent == AgentSpec(id="analyze_a", prompt="do it", tools=("write_file",), accepts_directive=True)
    assert not set(granted(agent, search=True)) & set(DELEGATION)
    assert "'rm', 'delegate_agent'" in notes


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "no list"),
        ("I would rather not.", "no list"),
        ({"agents": "many"}, "no list"),
        ({"agents": []}, "no list"),
        ({"agents": ["x"]}, "object"),
        ({"agents": [{"id": "analyze_a"}]}, "no prompt"),
        (agents(*({"id": f"analyze_{n}"} for n in range(MAX_PLANNED + 1))), "limit"),
        (agents({"id": "analyze_a", "prompt": "x" * 20_001}), "20,001 characters"),
        (agents(*({"id": f"analyze_{n}", "prompt": "x" * (MAX_PLAN_BYTES // 2)} for n in range(2))), "bytes"),
        (agents({"id": "analyze_a", "depends_on": ["nobody"]}), "nobody"),
        (CIRCLE, "circle"),
    ],
)
def test_what_cannot_be_repaired_is_refused_with_the_reason(answer: Any, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        planned(answer)


JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["analyze_a", "writer_b", "a.csv", "delegate_agent", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "prompt", "depends_on", "attached_files", "agents", "name", "model", "tools"]), inner
        )
    ),
    max_leaves=30,
)
NAMES = st.sampled_from(["a", "A", "analyze_a", "analyze_a_2", "master_a", "writer_b", "ä", ""]) | st.text(max_size=90)
AGENTS = st.lists(
    st.fixed_dictionaries(
        {"id": NAMES | JSONS, "prompt": st.text(min_size=1, max_size=5)},
        optional={"depends_on": st.lists(NAMES, max_size=3) | JSONS, "tools": JSONS, "attached_files": JSONS},
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=200)
@any_of(st.one_of(JSONS, st.fixed_dictionaries({"agents": AGENTS})), st.booleans())
def test_whatever_a_model_says_is_a_workflow_that_can_run_or_is_refused(answer: Any, lenient: bool) -> None:
    try:
        plan = read_plan(answer, ["a.csv"], "d", lenient=lenient)
    except Unreadable:
        return
    check_workflow(plan.workflow)
    made = plan.workflow.agents
    assert not any(agent.id.startswith("master_") or agent.allow_delegation for agent in made)
    assert not any(unknown_tools(agent) or set(agent.tools) & set(DELEGATION) for agent in made)
    assert all(set(agent.attached_files or ()) <= {"a.csv"} for agent in made)
    assert len(plan.workflow.model_dump_json().encode()) <= MAX_PLAN_BYTES
    json.dumps(plan.notes).encode()


@settings(deadline=None, max_examples=50)
@any_of(st.lists(NAMES, min_size=1, max_size=8))
def test_a_repaired_plan_is_read_again_as_it_is(names: list[str]) -> None:
    first = read_plan(agents(*({"id": name} for name in names)), [], "d", lenient=False)
    again = read_plan(first.workflow.model_dump(mode="json"), [], "d", lenient=False)
    assert again.workflow == first.workflow
    assert again.notes == ()
