"""Every package that is installed is held to a hash, and no file says where packages come from."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("constraints.txt", "constraints-runtime.txt", "constraints-uv.txt", "constraints-node.txt")


def pinned(file: str) -> dict[str, set[str]]:
    """Package → `version; marker` of each of its entries."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==(.+?) *\\$", (ROOT / file).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def named(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;! ]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("file", FILES)
def test_every_entry_has_a_hash(file: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / file).read_text().strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("file", [*FILES, "pyproject.toml", "Makefile", "scripts/setup", "Dockerfile"])
def test_no_index_is_named(file: str) -> None:
    text = (ROOT / file).read_text()
    assert re.findall(r"(?:--(?:extra-|default-)?(?:index|find)|https?://)\S*", text) == []


def test_everything_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = named(project["project"]["dependencies"])
    assert runtime - pinned("constraints-runtime.txt").keys() == set()
    assert (runtime | named(project["dependency-groups"]["dev"])) - pinned("constraints.txt").keys() == set()


def test_the_image_runs_what_the_tests_ran() -> None:
    everything, runtime = pinned("constraints.txt"), pinned("constraints-runtime.txt")
    assert {name: versions for name, versions in runtime.items() if everything.get(name) != versions} == {}


def test_the_image_has_no_development_tools() -> None:
    assert {"pytest", "mypy", "ruff", "hypothesis"} & pinned("constraints-runtime.txt").keys() == set()
