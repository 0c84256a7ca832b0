"""Workflows to begin from, and prepared runs: JSON files beside this one, each as `raro run FILE` takes it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import ConfigDict

from raro.events.shapes import Shape, WorkflowConfig

TEMPLATES = ("generalist", "deep_research", "dev_studio")
SCENARIOS = ("financial_audit", "competitor_recon", "legacy_refactor")


class Template(Shape):
    """A graph to begin from; the directive and the files are the person's."""

    id: str
    name: str
    description: str
    workflow: WorkflowConfig


class Scenario(Shape):
    """A run that only needs its files, which `examples/` has, to be in the library."""

    id: str
    name: str
    directive: str
    attached_files: tuple[str, ...]
    workflow: WorkflowConfig


class _File(WorkflowConfig):
    """A file as it is written; a key that means nothing is a mistake in it."""

    model_config = ConfigDict(extra="forbid")

    description: str = ""
    directive: str = ""

    def workflow(self) -> WorkflowConfig:
        """The part that is the workflow."""
        return WorkflowConfig.model_validate(self.model_dump(include=set(WorkflowConfig.model_fields)))


@cache
def templates() -> tuple[Template, ...]:
    """Every template, in the order to show them."""
    found = (_read("workflows", name) for name in TEMPLATES)
    return tuple(
        Template(id=file.id, name=file.name, description=file.description, workflow=file.workflow()) for file in found
    )


@cache
def scenarios() -> tuple[Scenario, ...]:
    """Every scenario, in the order to show them."""
    found = (_read("scenarios", name) for name in SCENARIOS)
    return tuple(
        Scenario(
            id=file.id,
            name=file.name,
            directive=file.directive,
            attached_files=file.attached_files or (),
            workflow=file.workflow(),
        )
        for file in found
    )


def _read(folder: str, name: str) -> _File:
    return _File.model_validate_json((files(__name__) / folder / f"{name}.json").read_bytes())
