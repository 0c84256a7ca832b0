"""Templates and scenarios are files that run as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raro.agents import templates
from raro.agents.tools.grants import granted
from raro.commands.runs import check_workflow

HERE = Path(templates.__file__).parent
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(("folder", "listed"), [("workflows", templates.TEMPLATES), ("scenarios", templates.SCENARIOS)])
def test_every_file_is_listed_under_its_id(folder: str, listed: tuple[str, ...]) -> None:
    assert {path.stem for path in (HERE / folder).glob("*.json")} == set(listed)
    shown = templates.templates() if folder == "workflows" else templates.scenarios()
    assert [one.id for one in shown] == [one.workflow.id for one in shown] == list(listed)


def test_every_workflow_can_be_started_and_its_makers_have_their_tools() -> None:
    prepared = [one.workflow for one in templates.templates()] + [one.workflow for one in templates.scenarios()]
    for workflow in prepared:
        check_workflow(workflow)
        assert all(agent.prompt for agent in workflow.agents)
        assert any("write_file" in granted(agent) for agent in workflow.agents)
        assert any(agent.accepts_directive for agent in workflow.agents)


def test_a_scenario_names_only_files_that_come_with_it() -> None:
    for scenario in templates.scenarios():
        named = {name for agent in scenario.workflow.agents for name in agent.attached_files or ()}
        assert named <= set(scenario.attached_files)
        assert scenario.workflow.attached_files == scenario.attached_files
        assert all((EXAMPLES / name).is_file() for name in scenario.attached_files)


def test_the_examples_folder_shows_the_same_scenarios() -> None:
    for name in templates.SCENARIOS:
        shown = json.loads((EXAMPLES / "scenarios" / f"{name}.json").read_bytes())
        assert shown == json.loads((HERE / "scenarios" / f"{name}.json").read_bytes())
