"""fsck: every kind of damage is caused for real, found, and repaired as far as bytes are left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from raro.files.blobs import Blob, BlobStore
from raro.files.fsck import FsckReport, Repair, fsck, repair
from raro.files.trees import ArtifactEntry, ExpectedTrees, LibraryEntry, RunTree, Trees


@dataclass
class Store:
    """A small, sound store and what the log would say of it."""

    blobs: BlobStore
    trees: Trees
    table: Blob
    chart: Blob
    expected: ExpectedTrees

    def check(self, *, verify_hashes: bool = True) -> FsckReport:
        sizes = {blob.sha256: blob.size_bytes for blob in (self.table, self.chart)}
        return fsck(self.blobs, self.trees, sizes, self.expected, verify_hashes=verify_hashes)

    def repair(self) -> Repair:
        return repair(self.blobs, self.trees, self.check(), self.expected)

    @property
    def library_file(self) -> Path:
        return self.trees.library.root / "public" / "table.csv"

    def overwrite(self, blob: Blob, content: bytes) -> None:
        path = self.blobs.path(blob.sha256)
        path.chmod(0o644)
        path.write_bytes(content)
        path.chmod(0o444)


@pytest.fixture
async def store(blobs: BlobStore, trees: Trees) -> Store:
    table, chart = await blobs.put_bytes(b"a,b\n1,2\n"), await blobs.put_bytes(b"chart")
    run = RunTree("public", "run-1", (ArtifactEntry("charts/ü.png", chart.sha256),), {"run_id": "run-1"})
    expected = ExpectedTrees((LibraryEntry("public", "table.csv", table.sha256),), (run,))
    trees.reconcile(expected)
    return Store(blobs, trees, table, chart, expected)


def test_a_sound_store_is_clean(store: Store) -> None:
    report = store.check()
    assert report.is_clean
    assert (report.checked, report.orphans) == (2, ())


def test_progress_is_told(store: Store) -> None:
    told: list[tuple[int, int]] = []
    sizes = {store.table.sha256: store.table.size_bytes, store.chart.sha256: store.chart.size_bytes}
    fsck(store.blobs, store.trees, sizes, store.expected, verify_hashes=False, progress=lambda *now: told.append(now))
    assert told == [(1, 2), (2, 2)]


def test_changed_bytes_are_found_only_by_hashing(store: Store) -> None:
    store.overwrite(store.chart, b"CHART")
    assert store.check(verify_hashes=False).corrupt == ()
    assert store.check().corrupt == (store.chart.sha256,)


def test_a_cut_off_blob_is_found_by_its_size(store: Store) -> None:
    store.overwrite(store.chart, b"cha")
    assert store.check(verify_hashes=False).corrupt == (store.chart.sha256,)


async def test_an_orphan_is_told_and_is_no_damage(store: Store) -> None:
    orphan = await store.blobs.put_bytes(b"nobody's")
    report = store.check()
    assert report.orphans == (orphan,)
    assert report.is_clean


def test_missing_wrong_and_stray_tree_files_are_found_and_repaired(store: Store) -> None:
    artifacts = store.trees.artifacts.root / "public" / "run-1"
    (artifacts / "charts" / "ü.png").unlink()
    (artifacts / "stray.txt").write_bytes(b"stray")
    (artifacts / "metadata.json").unlink()
    (artifacts / "metadata.json").write_bytes(b"{}")
    trees = store.check().trees
    assert trees.created == ["artifacts/public/run-1/charts/ü.png"]
    assert trees.replaced == ["artifacts/public/run-1/metadata.json"]
    assert trees.removed == ["artifacts/public/run-1/stray.txt"]
    store.repair()
    assert store.check().is_clean


def test_deleted_trees_are_rebuilt(store: Store) -> None:
    shutil.rmtree(store.trees.library.root)
    shutil.rmtree(store.trees.artifacts.root)
    assert not store.check().is_clean
    store.repair()
    assert store.check().is_clean
    assert store.library_file.read_bytes() == b"a,b\n1,2\n"


def test_a_missing_blob_is_refilled_from_the_tree(store: Store) -> None:
    for blob in (store.table, store.chart):
        store.blobs.path(blob.sha256).unlink()
    assert store.check().missing == tuple(sorted((store.table.sha256, store.chart.sha256)))
    assert store.repair().refilled == sorted((store.table.sha256, store.chart.sha256))
    assert store.check().is_clean
    assert store.blobs.path(store.table.sha256).read_bytes() == store.library_file.read_bytes()


def test_a_corrupt_blob_is_quarantined_and_refilled_from_a_copy(store: Store, tmp_path: Path) -> None:
    artifact = store.trees.artifacts.root / "public" / "run-1" / "charts" / "ü.png"
    artifact.unlink()
    artifact.write_bytes(b"chart")  # as a backup without links would bring it back
    store.overwrite(store.chart, b"CHART")
    done = store.repair()
    assert done.refilled == [store.chart.sha256]
    assert [path.read_bytes() for path in done.quarantined] == [b"CHART"]
    assert store.check().is_clean


def test_what_is_lost_is_named_and_no_longer_shown(store: Store) -> None:
    store.overwrite(store.table, b"forged!!")
    done = store.repair()
    assert (done.lost, done.refilled) == ([store.table.sha256], [])
    assert not store.library_file.exists()
    report = store.check()
    assert report.missing == (store.table.sha256,)
    assert report.trees.blob_missing == ["library/public/table.csv"]


def test_an_edit_of_the_linked_file_damages_the_blob_and_is_kept(store: Store) -> None:
    store.library_file.chmod(0o644)
    store.library_file.write_bytes(b"edited by hand")
    done = store.repair()
    assert done.lost == [store.table.sha256]
    assert done.trees.left == ["library/public/table.csv"]
    assert store.library_file.read_bytes() == b"edited by hand"
