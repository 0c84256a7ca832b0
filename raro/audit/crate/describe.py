"""The package's description: RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the terms of W3C PROV; pure.

It says nothing that the events do not say: whoever has the events makes the same description again and compares.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from raro.audit.crate.layout import METADATA, PROOF, Part, artifact_parts, input_parts
from raro.audit.crate.story import Decided, FileVersion, Saved, Story, Turn, origin_of_input, people
from raro.events.envelope import rfc3339
from raro.events.shapes import InputFile

Entity = dict[str, Any]
RO_CRATE = "https://w3id.org/ro/crate/1.1"
_CONTEXT = [f"{RO_CRATE}/context", {"prov": "http://www.w3.org/ns/prov#"}]
_STATUS = {"completed": "CompletedActionStatus", "failed": "FailedActionStatus", "stopped": "FailedActionStatus"}
_LICENCE = "No licence is stated: the files belong to those who gave and made them."
_RARO = {
    "@id": "#raro",
    "@type": "SoftwareApplication",
    "name": "RARO",
    "description": "kept the files and the log of events that this package proves",
}


@dataclass(frozen=True, slots=True)
class _Scene:
    """The run, and where its artifacts (by path) and inputs (by name) lie, or would lie, in the package."""

    story: Story
    artifacts: Mapping[str, Part]
    inputs: Mapping[str, Part]

    def input_id(self, name: str) -> str:
        """One id for an input wherever it is named, also where its bytes are not in the package."""
        found = self.inputs.get(name)
        return _place(found.place) if found else f"#input/{_quoted(name)}"

    def source_id(self, source: str) -> str:
        """What an agent was seen to read: an input, or another agent's output."""
        kind, _, name = source.partition(":")
        if kind == "agent":
            return f"#agent/{_quoted(name)}"
        return self.input_id(source.removeprefix("input/"))


def describe(story: Story, inputs: Collection[str]) -> bytes:
    """The bytes of ro-crate-metadata.json for a package that has the bytes of these inputs."""
    scene = _Scene(story, artifact_parts(story), input_parts(story))
    given = [part for name, part in scene.inputs.items() if name in inputs]
    graph = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": RO_CRATE},
            "about": {"@id": "./"},
        },
        _root(story, [*scene.artifacts.values(), *given]),
        {
            "@id": PROOF,
            "@type": "File",
            "name": "The run's events and their proofs",
            "description": "Check the package offline with `raro audit check FILE.zip`.",
            "encodingFormat": "application/json",
        },
        _RARO,
        _run(scene),
        *(_person(actor) for actor in people(story)),
        *(_agent(agent_id, model) for agent_id, model in sorted(story.models.items())),
        *(_input(scene, one, included=one.name in inputs) for one in story.inputs),
        *(_turn(scene, turn) for turn in story.turns),
        *(_file(scene, path, version) for path, version in story.kept.items()),
        *(_saved(scene, one) for one in story.saved),
        *(_decided(one) for one in story.decided),
    ]
    text = json.dumps({"@context": _CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1)
    return text.encode("utf-8", errors="replace")


def _root(story: Story, parts: list[Part]) -> Entity:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": story.name or f"Run {story.run_id}",
        "description": story.directive or f"What run {story.run_id} was given and what it made.",
        "datePublished": _moment(story.ended_at or story.last_at),
        "license": _LICENCE,
        "identifier": story.run_id,
        "hasPart": [_ref(_place(part.place)) for part in parts] + [_ref(PROOF)],
        "mentions": [_ref(_run_id(story))],
    }


def _run(scene: _Scene) -> Entity:
    story = scene.story
    used = [_ref(scene.input_id(one.name)) for one in story.inputs]
    return _without_nothing(
        {
            "@id": _run_id(story),
            "@type": ["CreateAction", "prov:Activity"],
            "name": story.name or f"Run {story.run_id}",
            "description": story.directive,
            "agent": _actor(story.started_by),
            "instrument": _ref("#raro"),
            "startTime": _moment(story.started_at),
            "endTime": _moment(story.ended_at),
            "actionStatus": _ref(f"http://schema.org/{_STATUS.get(story.status, 'ActiveActionStatus')}"),
            "object": used,
            "result": [_ref(_place(part.place)) for part in scene.artifacts.values()],
            "prov:used": used,
        }
    )


def _person(actor: str) -> Entity:
    name = actor.partition(":")[2]
    return {"@id": f"#{_quoted(actor)}", "@type": ["Person", "prov:Person"], "name": name, "identifier": actor}


def _agent(agent_id: str, model: str) -> Entity:
    return {
        "@id": f"#agent/{_quoted(agent_id)}",
        "@type": ["SoftwareApplication", "prov:SoftwareAgent"],
        "name": agent_id,
        "softwareVersion": model,
    }


def _input(scene: _Scene, given: InputFile, *, included: bool) -> Entity:
    uploaded = origin_of_input(scene.story, given)
    return _without_nothing(
        {
            "@id": scene.input_id(given.name),
            "@type": ["File", "prov:Entity"] if included else ["CreativeWork", "prov:Entity"],
            "name": given.name,
            "version": given.version,
            "sha256": given.sha256,
            "contentSize": str(given.size_bytes) if given.size_bytes is not None else None,
            "encodingFormat": given.content_type,
            "description": None if included else "The bytes are not in this package; the hash says which they were.",
            "isBasedOn": f"raro:{given.run_id}/{given.path}" if given.kind == "artifact" else None,
            "dateCreated": _moment(uploaded.time) if uploaded else None,
            "prov:wasAttributedTo": _actor(uploaded.actor) if uploaded else None,
        }
    )


def _turn(scene: _Scene, turn: Turn) -> Entity:
    made = [
        _ref(_place(scene.artifacts[path].place))
        for path, version in scene.story.kept.items()
        if (version.artifact.agent_id, version.turn) == (turn.agent_id, turn.turn)
    ]
    return _without_nothing(
        {
            "@id": _turn_id(turn.agent_id, turn.turn),
            "@type": ["CreateAction", "prov:Activity"],
            "name": f"Turn {turn.turn} of {turn.agent_id}",
            "description": f"{turn.model}, {turn.tokens_in} tokens in, {turn.tokens_out} out",
            "agent": _actor(turn.answered_by) if turn.answered_by else _ref(f"#agent/{_quoted(turn.agent_id)}"),
            "endTime": _moment(turn.time),
            "result": made,
        }
    )


def _file(scene: _Scene, path: str, version: FileVersion) -> Entity:
    artifact = version.artifact
    return _without_nothing(
        {
            "@id": _place(scene.artifacts[path].place),
            "@type": ["File", "prov:Entity"],
            "name": path,
            "version": artifact.version,
            "sha256": artifact.sha256,
            "contentSize": str(artifact.size_bytes),
            "encodingFormat": artifact.content_type,
            "dateCreated": _moment(artifact.generated_at),
            "creator": _ref(f"#agent/{_quoted(artifact.agent_id)}"),
            "prov:wasGeneratedBy": _ref(
                _turn_id(artifact.agent_id, version.turn) if version.turn else _run_id(scene.story)
            ),
            "prov:wasDerivedFrom": [_ref(scene.source_id(source)) for source in version.reads],
        }
    )


def _saved(scene: _Scene, saved: Saved) -> Entity:
    part = scene.artifacts.get(saved.path)
    return _without_nothing(
        {
            "@id": f"#saved/{_quoted(saved.filename)}/{saved.library_version}",
            "@type": ["TransferAction", "prov:Activity"],
            "name": f"{saved.path} version {saved.version} was saved as {saved.filename}",
            "agent": _actor(saved.actor),
            "endTime": _moment(saved.time),
            "object": _ref(_place(part.place)) if part else None,
            "result": f"{saved.filename} version {saved.library_version}, SHA-256 {saved.sha256}",
        }
    )


def _decided(one: Decided) -> Entity:
    return _without_nothing(
        {
            "@id": f"#decision/{_quoted(one.approval_id)}",
            "@type": ["AssessAction", "prov:Activity"],
            "name": one.decision,
            "description": one.reason,
            "agent": _actor(one.actor),
            "endTime": _moment(one.time),
            "result": one.note or None,
        }
    )


def _run_id(story: Story) -> str:
    return f"#{story.run_id}"


def _turn_id(agent_id: str, turn: int) -> str:
    return f"#turn/{_quoted(agent_id)}/{turn}"


def _actor(actor: str) -> Entity:
    return _ref(f"#{_quoted(actor)}" if actor.startswith("user:") else "#raro")


def _ref(target: str) -> Entity:
    return {"@id": target}


def _place(path: str) -> str:
    return quote(path, safe="/")


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _without_nothing(entity: Entity) -> Entity:
    return {name: value for name, value in entity.items() if value not in (None, "", [])}
