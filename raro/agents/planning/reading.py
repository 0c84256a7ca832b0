"""Reads a plan out of whatever a language model answered. Pure.

Repaired, and said so in notes: ids (other characters, a missing prefix, `master_`, one used twice), names of files and
dependencies written a little differently, what is not there or not a plan's to give (models, tools). Not guessed at:
a missing prompt, a circle, too many agents, too much text. A dependency on nobody is a fault while the model can still
say whom it meant, and left out when it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from raro.agents.planning.offline import slug
from raro.agents.planning.planner import Planned
from raro.agents.tools.grants import BY_PREFIX, DELEGATION, KNOWN
from raro.domain.graph import check_graph
from raro.errors import BadWorkflow
from raro.events.shapes import AGENT_ID, AgentSpec, WorkflowConfig

MAX_PLANNED = 20
# With the longest directive and some dozens of inputs this still fits into the event that starts a run.
MAX_PLAN_BYTES = 32_000
_PROMPT_CHARS = 20_000
_SAID = 50
_SHOWN_CHARS = 60
_TIERS = ("fast", "reasoning", "thinking")
_PREFIXES = tuple(prefix for prefix in BY_PREFIX if prefix != "master_")
_TOOLS = KNOWN - set(DELEGATION)


class Unreadable(Exception):
    """The answer is no plan that can run; every reason is a sentence for the model and for people."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = tuple(reasons[:_SAID])


@dataclass
class _Findings:
    """What was repaired, and what cannot be."""

    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_plan(answer: Any, files: Sequence[str], directive: str, *, lenient: bool) -> Planned:
    """The workflow that an answer means; `lenient`: leave out dependencies on agents that are not there.

    Raises Unreadable with all reasons.
    """
    listed = _listed(answer)
    found = _Findings()
    wishes = [_line(item.get("id")) for item in listed]
    ids = _ids(wishes, found)
    known = _Names(wishes, ids)
    agents = [
        _Reader(item, agent_id, found).agent(known, files, lenient) for item, agent_id in zip(listed, ids, strict=True)
    ]
    if found.faults:
        raise Unreadable(found.faults)
    name = _line(answer.get("name")) if isinstance(answer, Mapping) else ""
    title = (name or " ".join(directive.split()))[:80] or "Planned work"
    workflow = WorkflowConfig(id=slug(title) or "workflow", name=title, agents=tuple(agents))
    _check(workflow)
    _note_ungiven(workflow, files, found)
    return Planned(workflow, tuple(found.notes[:_SAID]))


def _listed(answer: Any) -> list[Mapping[str, Any]]:
    listed = answer.get("agents") if isinstance(answer, Mapping) else answer
    if not isinstance(listed, list) or not listed:
        raise Unreadable(["The answer has no list of agents."])
    if len(listed) > MAX_PLANNED:
        raise Unreadable([f"It has {len(listed):,} agents; {MAX_PLANNED} is the limit."])
    if not all(isinstance(item, Mapping) for item in listed):
        raise Unreadable(["Every agent must be an object with an id and a prompt."])
    return listed


def _check(workflow: WorkflowConfig) -> None:
    try:
        check_graph(workflow)
    except BadWorkflow as bad:
        raise Unreadable([bad.message[:1].upper() + bad.message[1:]]) from None
    size = len(workflow.model_dump_json().encode())
    if size > MAX_PLAN_BYTES:
        raise Unreadable([f"The plan has {size:,} bytes; {MAX_PLAN_BYTES:,} is the limit. Shorten the prompts."])


def _note_ungiven(workflow: WorkflowConfig, files: Sequence[str], found: _Findings) -> None:
    given = [agent.attached_files for agent in workflow.agents]
    if all(names is not None for names in given):
        ungiven = [name for name in files if not any(name in (names or ()) for names in given)]
        if ungiven:
            found.notes.append(f"No agent is given {_shown(ungiven)}.")


def _ids(wishes: Sequence[str], found: _Findings) -> list[str]:
    """Ids that are allowed and differ from each other."""
    ids: list[str] = []
    for wish in wishes:
        base = _allowed(wish)
        free = (base, *(f"{base[:60]}_{number}" for number in range(2, MAX_PLANNED + 2)))
        ids.append(next(candidate for candidate in free if candidate not in ids))
        if ids[-1] != wish:
            found.notes.append(f"Agent {_quoted(wish)} is called {ids[-1]!r}.")
    return ids


def _allowed(wish: str) -> str:
    if re.fullmatch(AGENT_ID, wish) and wish.startswith(_PREFIXES):
        return wish
    base = slug(wish.removeprefix("master_")) or "part"
    return base if base.startswith(_PREFIXES) else f"analyze_{base}"


class _Names:
    """Whom a name in `depends_on` means: an id as it was written or as it became, or nearly so."""

    def __init__(self, wishes: Sequence[str], ids: Sequence[str]) -> None:
        self._keys = [{wish, agent_id, slug(wish) or wish} for wish, agent_id in zip(wishes, ids, strict=True)]
        self._ids = ids

    def meant(self, name: str, by: str) -> list[str]:
        """The agents of that name, without the one that asks; of those who share its name only the ones before it."""
        own = self._ids.index(by)
        found = [number for number, keys in enumerate(self._keys) if {name, slug(name)} & keys]
        return [self._ids[number] for number in found if (number < own if own in found else True)]

    def has(self, name: str) -> bool:
        """Whether there is such an agent at all."""
        return any({name, slug(name)} & keys for keys in self._keys)


@dataclass(frozen=True)
class _Reader:
    """Reads one agent."""

    item: Mapping[str, Any]
    agent_id: str
    found: _Findings

    def agent(self, known: _Names, files: Sequence[str], lenient: bool) -> AgentSpec:
        """The agent as far as it can be read; what is missing is among the faults."""
        return AgentSpec(
            id=self.agent_id,
            model=self._model(),
            tools=self._tools(),
            depends_on=self._parents(known, lenient),
            prompt=self._prompt(),
            accepts_directive=True,
            attached_files=self._files(files),
        )

    def _prompt(self) -> str:
        prompt = _text(self.item.get("prompt"))
        if not prompt:
            self.found.faults.append(f"Agent {self.agent_id!r} has no prompt.")
        if len(prompt) > _PROMPT_CHARS:
            self.found.faults.append(
                f"The prompt of agent {self.agent_id!r} has {len(prompt):,} characters; {_PROMPT_CHARS:,} is the limit."
            )
        return prompt[:_PROMPT_CHARS]

    def _parents(self, known: _Names, lenient: bool) -> tuple[str, ...]:
        wanted = _names(self.item.get("depends_on"))
        if unknown := [name for name in wanted if not known.has(name)]:
            said = f"Agent {self.agent_id!r} depends on {_shown(unknown)}, which the plan does not have"
            if lenient:
                self.found.notes.append(f"{said}: left out.")
            else:
                self.found.faults.append(f"{said}.")
        parents = [parent for name in wanted for parent in known.meant(name, self.agent_id)]
        if any(known.has(name) and not known.meant(name, self.agent_id) for name in wanted):
            self.found.notes.append(f"Agent {self.agent_id!r} does not wait for itself.")
        return tuple(dict.fromkeys(parents))

    def _files(self, files: Sequence[str]) -> tuple[str, ...] | None:
        wanted = self.item.get("attached_files")
        if wanted is None:
            return None
        by_key = {_file_key(name): name for name in reversed(files)}
        named = {name: name if name in files else by_key.get(_file_key(name)) for name in _names(wanted)}
        given = tuple(dict.fromkeys(name for name in named.values() if name is not None))
        if unknown := [name for name, file in named.items() if file is None]:
            instead = "" if given else " and is given all files instead"
            self.found.notes.append(f"Agent {self.agent_id!r} wanted {_shown(unknown)}, which is no input{instead}.")
            return given or None
        return given

    def _model(self) -> str:
        model = self.item.get("model")
        if model is not None and model not in _TIERS:
            self.found.notes.append(f"Agent {self.agent_id!r} has the model fast; the plan named none that there is.")
        return model if isinstance(model, str) and model in _TIERS else "fast"

    def _tools(self) -> tuple[str, ...]:
        wanted = _names(self.item.get("tools"))
        if refused := [name for name in wanted if name not in _TOOLS]:
            self.found.notes.append(f"Agent {self.agent_id!r} does not get {_shown(refused)}: not a plan's to give.")
        return tuple(dict.fromkeys(name for name in wanted if name in _TOOLS))


def _file_key(name: str) -> str:
    return name.strip().removeprefix("./").removeprefix("input/").casefold()


def _names(value: Any) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [_text(item) for item in listed if isinstance(item, str)]


def _line(value: Any) -> str:
    return " ".join(_text(value).split())


def _text(value: Any) -> str:
    """Half of a surrogate pair is valid JSON and no valid text."""
    text = value if isinstance(value, str) else ""
    return text.encode("utf-8", errors="replace").decode().strip()


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…")


def _shown(names: Iterable[str]) -> str:
    listed = [_quoted(name) for name in names]
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5:,} more" if len(listed) > 5 else "")
