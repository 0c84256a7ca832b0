"""What the folder trees should hold, and what was done about it: the words between `trees` and its callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LibraryEntry:
    """The current version of one library file."""

    client_id: str
    filename: str
    sha256: str


@dataclass(frozen=True)
class ArtifactEntry:
    """The current version of one artifact, by its path within the run."""

    path: str
    sha256: str


@dataclass(frozen=True)
class RunTree:
    """One run's folder. `metadata` becomes metadata.json; None leaves it out."""

    client_id: str
    run_id: str
    artifacts: tuple[ArtifactEntry, ...]
    metadata: Mapping[str, object] | None = None


@dataclass(frozen=True)
class ExpectedTrees:
    """Everything that should be on disk, of all clients."""

    library: tuple[LibraryEntry, ...] = ()
    runs: tuple[RunTree, ...] = ()


@dataclass
class TreeReport:
    """What was, or with a dry run would be, done; paths as in `library/public/a.csv`, sorted by nothing."""

    created: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Put there by a person; kept for pick-up."""
    set_aside: list[str] = field(default_factory=list)
    """Stood where a file of the tree belongs, and cannot be picked up; renamed. The new path."""
    blob_missing: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether the tree was as expected; files waiting for pick-up do not count."""
        return not (self.created or self.replaced or self.removed or self.set_aside or self.blob_missing)

    def add(self, other: TreeReport) -> None:
        """Takes the other's findings in."""
        for name in ("created", "replaced", "removed", "left", "set_aside", "blob_missing"):
            getattr(self, name).extend(getattr(other, name))
