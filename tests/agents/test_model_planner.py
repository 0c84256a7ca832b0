"""Plans of a language model: repaired where that is safe, refused with reasons, and never run as they came."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from raro.agents.conversation import ModelFailed
from raro.agents.model_planner import MAX_PLANNED, Planner, workflow_of
from raro.agents.tools.grants import unknown_tools
from raro.domain.graph import check_graph
from raro.errors import BadWorkflow, ModelUnavailable, PlanRefused
from raro.events.shapes import InputFile

FILES = (InputFile(name="a.csv"), InputFile(name="b.csv"))
GOOD = {"name": "Compare", "agents": [{"id": "analyze_a", "prompt": "look"}]}


class Says:
    """A model that answers from a list."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.prompts: list[str] = []

    async def ask(self, system: str, prompt: str, schema: Mapping[str, Any]) -> Any:
        self.prompts.append(prompt)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_good_plan_is_taken_and_a_bad_one_goes_back_once_with_the_reason() -> None:
    first = {"id": "analyze_a", "prompt": "x", "depends_on": ["writer_b"]}
    circle = {"agents": [first, {"id": "writer_b", "prompt": "y", "depends_on": ["analyze_a"]}]}
    says = Says(circle, GOOD)
    workflow = await Planner(lambda: says).plan("compare", FILES)
    assert [agent.id for agent in workflow.agents] == ["analyze_a"]
    assert "circle" in says.prompts[1]
    assert "a.csv" in says.prompts[0]
    with pytest.raises(PlanRefused, match="circle"):
        await Planner(lambda: Says(circle, circle)).plan("compare", FILES)


async def test_a_model_that_does_not_answer_is_said() -> None:
    with pytest.raises(ModelUnavailable, match="RARO_MODEL=offline"):
        await Planner(lambda: Says(ModelFailed("rate_limited", "slow down"))).plan("compare", FILES)


async def test_without_a_model_the_offline_planner_plans() -> None:
    workflow = await Planner(lambda: None).plan("compare", FILES)
    assert workflow.agents[-1].id == "writer_report"


def test_what_is_mechanical_is_repaired() -> None:
    answer = {
        "name": "x" * 500,
        "agents": [
            {"id": "Größe prüfen!", "prompt": "look", "attached_files": ["a.csv", "/etc/passwd"], "model": "gpt-9"},
            {"id": "Größe prüfen!", "prompt": "again", "depends_on": ["Größe prüfen!"], "tools": ["rm", "write_file"]},
            {"id": "master_of_all", "prompt": "rule"},
        ],
    }
    workflow = workflow_of(answer, ["a.csv"], "")
    ids = [agent.id for agent in workflow.agents]
    assert len(set(ids)) == 3
    assert all(agent_id.startswith("analyze_") for agent_id in ids)
    assert workflow.agents[0].attached_files == ("a.csv",)
    assert workflow.agents[0].model == "fast"
    assert workflow.agents[1].tools == ("write_file",)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "no list"),
        ({"agents": "many"}, "no list"),
        ({"agents": ["x"]}, "object"),
        ({"agents": [{"id": "analyze_a"}]}, "no prompt"),
        ({"agents": [{"id": f"analyze_{n}", "prompt": "x"} for n in range(MAX_PLANNED + 1)]}, "limit"),
        ({"agents": [{"id": "analyze_a", "prompt": "x", "depends_on": ["nobody"]}]}, "nobody"),
    ],
)
def test_what_cannot_be_repaired_is_refused_with_the_reason(answer: Any, words: str) -> None:
    with pytest.raises(BadWorkflow) as refused:
        workflow_of(answer, ["a.csv"], "d")
    assert words in refused.value.message


JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["analyze_a", "writer_b", "a.csv"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "prompt", "depends_on", "attached_files", "agents", "name", "model", "tools"]), inner
        )
    ),
    max_leaves=30,
)
AGENTS = st.lists(
    st.fixed_dictionaries({"id": st.text(max_size=90), "prompt": st.text(max_size=5)}, optional={"depends_on": JSONS}),
    max_size=5,
)


@settings(deadline=None, max_examples=150)
@any_of(st.one_of(JSONS, st.fixed_dictionaries({"agents": AGENTS})))
def test_whatever_a_model_says_is_a_workflow_that_can_run_or_is_refused(answer: Any) -> None:
    json.dumps(answer)
    try:
        workflow = workflow_of(answer, ["a.csv"], "d")
    except BadWorkflow:
        return
    check_graph(workflow)
    names: Sequence[str] = [agent.id for agent in workflow.agents]
    assert not any(name.startswith("master_") for name in names)
    assert not any(unknown_tools(agent) for agent in workflow.agents)
    workflow.model_dump_json().encode()
