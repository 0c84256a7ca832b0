"""Compares storage with what the log says it should hold, and repairs what can be repaired.

The caller folds the expectation from the log; the CLI shows the report. Both functions block.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from raro.errors import StorageFault
from raro.files.blobs import Blob, BlobStore, hash_file
from raro.files.trees import ExpectedTrees, TreeReport, Trees

Progress = Callable[[int, int], None]
"""Called with (blobs checked, blobs to check)."""


@dataclass(frozen=True)
class FsckReport:
    """What differs from the log. Hashes are sorted; `trees` says what a repair would do."""

    checked: int
    missing: tuple[str, ...]
    corrupt: tuple[str, ...]
    orphans: tuple[Blob, ...]
    """On disk and unknown to the log: a put of this moment, or work for `raro gc`."""
    trees: TreeReport

    @property
    def is_clean(self) -> bool:
        """Whether nothing needs repair; orphans and files waiting for pick-up do not."""
        return not self.missing and not self.corrupt and self.trees.is_clean


@dataclass
class Repair:
    """What a repair did. `lost`: no copy with the right hash was found anywhere."""

    refilled: list[str] = field(default_factory=list)
    quarantined: list[Path] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    trees: TreeReport = field(default_factory=TreeReport)


def fsck(
    blobs: BlobStore,
    trees: Trees,
    expected_blobs: Mapping[str, int],
    expected_trees: ExpectedTrees,
    *,
    verify_hashes: bool,
    progress: Progress = lambda _done, _total: None,
) -> FsckReport:
    """Looks, and changes nothing. `expected_blobs` is sha256 → size in bytes.

    Without `verify_hashes` a blob counts as corrupt only when its size is wrong.
    """
    missing: list[str] = []
    corrupt: list[str] = []
    for number, (sha256, size_bytes) in enumerate(sorted(expected_blobs.items()), start=1):
        match _state(blobs, sha256, size_bytes, verify_hashes):
            case "missing":
                missing.append(sha256)
            case "corrupt":
                corrupt.append(sha256)
        progress(number, len(expected_blobs))
    return FsckReport(
        checked=len(expected_blobs),
        missing=tuple(missing),
        corrupt=tuple(corrupt),
        orphans=tuple(
            sorted((blob for blob in blobs.all() if blob.sha256 not in expected_blobs), key=lambda b: b.sha256)
        ),
        trees=trees.reconcile(expected_trees, dry_run=True),
    )


def repair(blobs: BlobStore, trees: Trees, report: FsckReport, expected_trees: ExpectedTrees) -> Repair:
    """Quarantines corrupt blobs, refills them and missing ones from copies in the trees, then sets the trees right.

    Until then nothing in the trees is removed: a stray file may be the last copy.

    Raises:
        StorageFull, StorageFault: the disk did not take it.
    """
    done = Repair()
    wanted = {*report.missing, *report.corrupt}
    done.quarantined = [blobs.quarantine(sha256) for sha256 in report.corrupt if blobs.exists(sha256)]
    if wanted:
        done.refilled = sorted(_refill(blobs, trees, wanted))
    done.lost = sorted(wanted - set(done.refilled))
    # A tree must not go on showing wrong bytes under a right name; what was corrupt is in quarantine.
    done.trees = trees.reconcile(_without(expected_trees, set(done.lost)))
    return done


def _state(blobs: BlobStore, sha256: str, size_bytes: int, verify_hashes: bool) -> str:
    try:
        if os.stat(blobs.path(sha256), follow_symlinks=False).st_size != size_bytes:
            return "corrupt"
        return "corrupt" if verify_hashes and not blobs.is_intact(sha256) else "intact"
    except (FileNotFoundError, StorageFault):
        return "missing"
    except OSError:
        return "corrupt"  # the disk cannot read it


def _refill(blobs: BlobStore, trees: Trees, wanted: set[str]) -> set[str]:
    """Hashes the trees' files until every wanted content is found; a blob is made of each found one."""
    found: set[str] = set()
    for path in _tree_files(trees):
        if found == wanted:
            break
        with suppress(OSError):
            sha256 = hash_file(path)
            if sha256 in wanted - found and blobs.store_file(path).sha256 == sha256:
                found.add(sha256)
    return found


def _tree_files(trees: Trees) -> Iterator[Path]:
    for root in (trees.library.root, trees.artifacts.root):
        for folder, _, names in os.walk(root, followlinks=False):
            for name in names:
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    yield path


def _without(expected: ExpectedTrees, lost: set[str]) -> ExpectedTrees:
    return ExpectedTrees(
        library=tuple(entry for entry in expected.library if entry.sha256 not in lost),
        runs=tuple(
            replace(run, artifacts=tuple(entry for entry in run.artifacts if entry.sha256 not in lost))
            for run in expected.runs
        ),
    )
