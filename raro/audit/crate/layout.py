"""Where things lie in a package."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from raro.audit.crate.story import Story
from raro.files.layout import disk_paths

METADATA = "ro-crate-metadata.json"
PROOF = "raro/proof.json"
FORMAT = "raro-proof/1"
ARTIFACTS, INPUTS = "artifacts/", "inputs/"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the package: the bytes that must lie at `place`."""

    place: str
    sha256: str
    size_bytes: int


def artifact_parts(story: Story) -> dict[str, Part]:
    """The place of every artifact that is there, by its path."""
    kept = story.kept
    places = disk_paths(list(kept), reserved=None)
    return {
        path: Part(ARTIFACTS + places[path], version.artifact.sha256, version.artifact.size_bytes)
        for path, version in kept.items()
    }


def input_parts(story: Story) -> dict[str, Part]:
    """The place that the bytes of every input have, where they are still there, by its name."""
    known = {given.name: given for given in story.inputs if given.sha256}
    places = disk_paths(list(known), reserved=None)
    return {
        name: Part(INPUTS + places[name], given.sha256 or "", given.size_bytes or 0) for name, given in known.items()
    }


def parts_of(story: Story, inputs: Iterable[str]) -> list[Part]:
    """Every file of a package that has the bytes of these inputs."""
    wanted = set(inputs)
    given = [part for name, part in input_parts(story).items() if name in wanted]
    return [*artifact_parts(story).values(), *given]
