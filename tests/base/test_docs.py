"""The documentation names what there is: settings, packages, files, commands."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from raro.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def described_settings() -> dict[str, str]:
    """Variable → default, from the table in docs/operations.md."""
    text = (ROOT / "docs/operations.md").read_text()
    return dict(re.findall(r"^\| `(RARO_\w+)` \| (.*?) \| .+ \|$", text, re.MULTILINE))


def real_settings() -> dict[str, str]:
    prefix = Settings.model_config["env_prefix"]
    defaults = {f"{prefix}{name.upper()}": field.default for name, field in Settings.model_fields.items()}
    return {name: "unset" if value in (None, PydanticUndefined) else str(value) for name, value in defaults.items()}


def test_every_setting_is_described_with_its_default() -> None:
    assert described_settings() == real_settings()


def test_every_setting_has_a_help_text() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_every_package_has_a_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked_for = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=;! ]", requirement)[0].lower() for requirement in asked_for}
    reasons = (ROOT / "docs/dependencies.md").read_text()
    assert {name for name in names if f"`{name}`" not in reasons} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_decisions_are_numbered_without_gaps_or_doubles() -> None:
    numbers = sorted(int(page.name[:3]) for page in (ROOT / "docs/decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_readme_names_every_stage() -> None:
    tree = (ROOT / "README.md").read_text().split("## The tree")[1]
    stages = [path.name for path in (ROOT / "raro").iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    assert [stage for stage in stages if f"{stage}/" not in tree] == []
