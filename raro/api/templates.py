"""/runtime/templates: workflows to begin from and prepared runs; the same for everybody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from raro.agents.templates import Scenario, Template, scenarios, templates
from raro.api.answers import Answer
from raro.api.problems import DOCUMENTED
from raro.api.session import CallerIs

router = APIRouter(prefix="/runtime", tags=["runs"], responses=DOCUMENTED)


class TemplateListing(Answer):
    """Graphs to begin from, and runs that only need their files."""

    templates: list[Template]
    scenarios: list[Scenario]


@router.get("/templates", operation_id="list_templates", response_model=TemplateListing)
async def list_templates(caller: CallerIs) -> Any:
    """Workflow templates and prepared scenarios; each workflow is what POST /runtime/start takes."""
    return {"templates": templates(), "scenarios": scenarios()}
