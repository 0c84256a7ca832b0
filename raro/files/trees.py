"""The folder trees people look at: `library/` and `artifacts/`, kept equal to a listing by the caller.

Projections: delete them, and `reconcile` brings them back from the blobs. The files are hard links to blobs, copies
where the file system has no links between the two, and always read-only. All methods block: call them in a thread.
"""

from __future__ import annotations

from pathlib import Path

from raro.files.artifact_tree import ArtifactTree
from raro.files.blobs import BlobStore
from raro.files.library_tree import LibraryTree
from raro.files.tree_entries import ArtifactEntry, ExpectedTrees, LibraryEntry, RunTree, TreeReport

__all__ = ["ArtifactEntry", "ExpectedTrees", "LibraryEntry", "RunTree", "TreeReport", "Trees"]


class Trees:
    """Both trees below one storage folder."""

    def __init__(self, storage: Path, blobs: BlobStore) -> None:
        self.library = LibraryTree(storage / "library", blobs)
        self.artifacts = ArtifactTree(storage / "artifacts", blobs)

    def reconcile(self, expected: ExpectedTrees, *, dry_run: bool = False) -> TreeReport:
        """Makes both trees equal to `expected`; files a person dropped into the library are left for pick-up."""
        report = self.library.reconcile(expected.library, dry_run=dry_run)
        report.add(self.artifacts.reconcile(expected.runs, dry_run=dry_run))
        return report
