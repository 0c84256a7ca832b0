"""The documentation names what there is: settings, packages, files, commands."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from raro.cli.app import COMMANDS
from raro.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def described_settings() -> dict[str, str]:
    """Variable → default, from the table in docs/operations.md."""
    text = (ROOT / "docs/operations.md").read_text()
    return dict(re.findall(r"^\| `(RARO_\w+|\w+_API_KEY)` \| (.*?) \| .+ \|$", text, re.MULTILINE))


def real_settings() -> dict[str, str]:
    defaults = {_variable(name, field): field.default for name, field in Settings.model_fields.items()}
    return {name: "unset" if value in (None, PydanticUndefined) else str(value) for name, value in defaults.items()}


def _variable(name: str, field: FieldInfo) -> str:
    """A key that other programs know keeps the name that they know it by."""
    if isinstance(field.validation_alias, AliasChoices):
        return str(field.validation_alias.choices[0])
    return f"{Settings.model_config['env_prefix']}{name.upper()}"


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


def test_every_package_of_the_console_has_a_reason() -> None:
    package = json.loads((ROOT / "web/package.json").read_text())
    reasons = (ROOT / "docs/dependencies.md").read_text()
    names = {*package["dependencies"], *package["devDependencies"]}
    assert {name for name in names if f"`{name}`" not in reasons} == set()


def test_the_console_is_of_the_same_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert json.loads((ROOT / "web/package.json").read_text())["version"] == project["project"]["version"]


def test_the_lock_of_the_console_names_no_place() -> None:
    packages = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [page.name[:3] for page in (ROOT / "docs/decisions").glob("*.md")]
    assert sorted(set(numbers)) == sorted(numbers)


def test_decisions_that_the_code_names_exist() -> None:
    numbers = {page.name[:3] for page in (ROOT / "docs/decisions").glob("*.md")}
    sources = [path.read_text() for path in (ROOT / "raro").rglob("*.py")]
    named = {number for source in sources for number in re.findall(r"docs/decisions/(\d{3})", source)}
    assert named - numbers == set()


def test_commands_in_the_documentation_exist() -> None:
    named = {name for page in PAGES for name in re.findall(r"(?:`|^\$ )raro ([a-z]+)", page.read_text(), re.MULTILINE)}
    assert named - COMMANDS.keys() == set()


def test_the_readme_names_every_stage() -> None:
    tree = (ROOT / "README.md").read_text().split("## The tree")[1]
    stages = [path.name for path in (ROOT / "raro").iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    assert [stage for stage in stages if f"{stage}/" not in tree] == []
