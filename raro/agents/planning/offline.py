"""Plans by rules: splits a directive over the files it is about. Pure: the same request gives the same workflow."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from raro.agents.planning.planner import Planned
from raro.events.shapes import AgentSpec, InputFile, WorkflowConfig

MAX_ANALYSTS = 6
_SLUG_LENGTH = 40
_FORMATS = frozenset(
    [
        ".csv",
        ".tsv",
        ".tab",
        ".parquet",
        ".pq",
        ".json",
        ".jsonl",
        ".ndjson",
        ".xlsx",
        ".xls",
        ".txt",
        ".md",
        ".log",
        ".gz",
        ".zst",
        ".bz2",
        ".xz",
        ".zip",
    ]
)


class OfflinePlanner:
    """Plans where no language model is asked."""

    async def plan(self, directive: str, inputs: Sequence[InputFile]) -> Planned:
        """Never refused."""
        return Planned(plan(directive, inputs))


def plan(directive: str, inputs: Sequence[InputFile]) -> WorkflowConfig:
    """Analysts side by side, one per group of related files, and a writer that merges what they found.

    Without files one agent says what is needed.
    """
    if not inputs:
        agents = [AgentSpec(id="research_request", prompt="Say what is needed to carry out the directive.")]
    else:
        analysts = _analysts([item.name for item in inputs])
        agents = [*analysts, _writer(analysts)]
    title = " ".join(directive.split())[:80] or "Look at the files"
    return WorkflowConfig(id=slug(title) or "workflow", name=title, agents=tuple(agents))


def _analysts(names: Sequence[str]) -> list[AgentSpec]:
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(_stem(name), []).append(name)
    bundles = list(groups.items())
    while len(bundles) > MAX_ANALYSTS:
        # The two smallest groups share an analyst; ties go by name, so the plan is always the same.
        bundles.sort(key=lambda bundle: (len(bundle[1]), bundle[0]))
        (first, one), (_, two), *rest = bundles
        bundles = [*rest, (first, one + two)]
    taken: set[str] = set()
    return [_analyst(stem, files, taken) for stem, files in sorted(bundles)]


def _analyst(stem: str, files: list[str], taken: set[str]) -> AgentSpec:
    base = f"analyze_{slug(stem) or 'file'}"
    agent_id = next(name for name in (base, *(f"{base}_{number}" for number in range(2, 999))) if name not in taken)
    taken.add(agent_id)
    return AgentSpec(
        id=agent_id,
        prompt="Profile the files, draw what matters, answer what the directive asks about them.",
        accepts_directive=True,
        attached_files=tuple(files),
    )


def _writer(analysts: Sequence[AgentSpec]) -> AgentSpec:
    return AgentSpec(
        id="writer_report",
        depends_on=tuple(agent.id for agent in analysts),
        prompt="Merge what the analysts found into one report.",
        accepts_directive=True,
        attached_files=(),
    )


def _stem(name: str) -> str:
    """The name without endings that only say how the file is written; `report.2024.csv` is not `report.2025.csv`."""
    path = PurePosixPath(name)
    while path.suffix.lower() in _FORMATS:
        path = path.with_suffix("")
    return path.name


def slug(text: str) -> str:
    """ASCII letters, digits and underscores, for ids and folder names; empty when nothing of it is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_SLUG_LENGTH].strip("_")
