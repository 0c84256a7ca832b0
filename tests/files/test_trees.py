"""The trees: equal to the listing after each call, whatever lay there, and nothing of a person's lost."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raro.errors import BadClientId, BadName, StorageFault
from raro.files.blobs import BlobStore
from raro.files.drops import DropWatch
from raro.files.library_tree import DroppedFile
from raro.files.safe_open import Refusal, RefusedEntry, capture_beneath
from raro.files.trees import ArtifactEntry, ExpectedTrees, LibraryEntry, RunTree, TreeReport, Trees


async def library_entry(blobs: BlobStore, filename: str, content: bytes, client: str = "public") -> LibraryEntry:
    return LibraryEntry(client, filename, (await blobs.put_bytes(content)).sha256)


async def run_tree(blobs: BlobStore, files: dict[str, bytes], run_id: str = "run-1") -> RunTree:
    entries = [ArtifactEntry(path, (await blobs.put_bytes(data)).sha256) for path, data in files.items()]
    return RunTree("public", run_id, tuple(entries), {"run_id": run_id, "artifacts": sorted(files)})


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".staging" not in path.parts
    }


def run_folder(trees: Trees, run_id: str = "run-1") -> dict[str, bytes]:
    found = content_of(trees.artifacts.root / "public" / run_id)
    found.pop("metadata.json", None)
    return found


# --- library ------------------------------------------------------------------------------------


async def test_a_library_file_is_a_read_only_link_to_its_blob(trees: Trees, blobs: BlobStore) -> None:
    entry = await library_entry(blobs, "Zürich Übersicht 📈.csv", b"a,b")
    assert trees.library.put(entry).created == ["library/public/Zürich Übersicht 📈.csv"]
    path = trees.library.root / "public" / entry.filename
    assert path.samefile(blobs.path(entry.sha256))
    assert path.stat().st_mode & 0o777 == 0o444
    assert trees.library.put(entry) == TreeReport()


async def test_a_new_version_replaces_the_old_file(trees: Trees, blobs: BlobStore) -> None:
    trees.library.put(await library_entry(blobs, "a.csv", b"old"))
    report = trees.library.put(await library_entry(blobs, "a.csv", b"new"))
    assert report.replaced == ["library/public/a.csv"]
    assert content_of(trees.library.root) == {"public/a.csv": b"new"}


async def test_a_removed_library_file_is_gone_and_its_blob_is_not(trees: Trees, blobs: BlobStore) -> None:
    entry = await library_entry(blobs, "a.csv", b"a")
    trees.library.put(entry)
    assert trees.library.remove("public", "a.csv")
    assert not trees.library.remove("public", "a.csv")
    assert not trees.library.remove("nobody", "a.csv")
    assert blobs.exists(entry.sha256)


async def test_names_and_clients_are_checked(trees: Trees, blobs: BlobStore) -> None:
    with pytest.raises(BadName):
        trees.library.put(await library_entry(blobs, "../a.csv", b"a"))
    with pytest.raises(BadClientId):
        trees.library.put(await library_entry(blobs, "a.csv", b"a", client=".."))
    with pytest.raises(BadClientId):
        trees.artifacts.remove_run("..", "run-1")
    with pytest.raises(BadName):
        trees.artifacts.remove_run("public", "..")


async def test_a_missing_blob_is_reported_and_the_others_are_placed(trees: Trees, blobs: BlobStore) -> None:
    lost = LibraryEntry("public", "lost.csv", "0" * 64)
    here = await library_entry(blobs, "here.csv", b"a")
    report = trees.reconcile(ExpectedTrees(library=(lost, here)))
    assert (report.blob_missing, report.created) == (["library/public/lost.csv"], ["library/public/here.csv"])


async def test_reconcile_brings_a_deleted_tree_back(trees: Trees, blobs: BlobStore) -> None:
    expected = ExpectedTrees(
        library=(await library_entry(blobs, "a.csv", b"a"), await library_entry(blobs, "b", b"b", "other")),
        runs=(await run_tree(blobs, {"x/y.png": b"y", "z": b""}),),
    )
    created = trees.reconcile(expected).created
    before = content_of(trees.library.root.parent)
    shutil.rmtree(trees.library.root)
    shutil.rmtree(trees.artifacts.root)
    assert sorted(trees.reconcile(expected, dry_run=True).created) == sorted(created)
    assert not trees.library.root.exists()
    assert sorted(trees.reconcile(expected).created) == sorted(created)
    assert content_of(trees.library.root.parent) == before
    assert trees.reconcile(expected) == trees.reconcile(expected, dry_run=True) == TreeReport()


async def test_reconcile_removes_the_tree_s_own_leftovers_and_leaves_dropped_files(
    trees: Trees, blobs: BlobStore
) -> None:
    trees.library.put(await library_entry(blobs, "deleted.csv", b"deleted"))
    (trees.library.root / "public" / "dropped.csv").write_bytes(b"by hand")
    report = trees.reconcile(ExpectedTrees())
    assert report.removed == ["library/public/deleted.csv"]
    assert report.left == ["library/public/dropped.csv"]
    assert content_of(trees.library.root) == {"public/dropped.csv": b"by hand"}
    assert trees.reconcile(ExpectedTrees()).is_clean


async def test_a_client_folder_that_is_a_link_is_not_followed(trees: Trees, blobs: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    trees.library.root.mkdir()
    (trees.library.root / "public").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageFault, match="library/public"):
        trees.library.put(await library_entry(blobs, "a.csv", b"a"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["folder.csv", "link.csv", ".hidden", "half.part"])
async def test_what_cannot_be_picked_up_is_renamed_and_not_lost(
    trees: Trees, blobs: BlobStore, tmp_path: Path, name: str
) -> None:
    (tmp_path / "target").write_bytes(b"target")
    place = trees.library.root / "public" / name
    place.parent.mkdir(parents=True)
    if name == "folder.csv":
        place.mkdir()
        (place / "inside").write_bytes(b"kept")
    elif name == "link.csv":
        place.symlink_to(tmp_path / "target")
    else:
        place.write_bytes(b"kept")
    (aside,) = trees.library.put(await library_entry(blobs, name, b"tree")).set_aside
    assert place.read_bytes() == b"tree"
    assert "(set aside)" in aside
    assert os.path.lexists(trees.library.root.parent / aside)
    assert (tmp_path / "target").read_bytes() == b"target"


# --- files dropped by hand ----------------------------------------------------------------------


async def test_a_dropped_file_is_ready_at_the_second_look(trees: Trees, blobs: BlobStore) -> None:
    trees.library.put(await library_entry(blobs, "known.csv", b"known"))
    (trees.library.root / "public" / "new.csv").write_bytes(b"new")
    watch = DropWatch(trees.library)
    assert watch.look().ready == ()
    (drop,) = watch.look().ready
    assert (drop.client_id, drop.filename, drop.size_bytes) == ("public", "new.csv", 3)


async def test_a_growing_file_is_waited_for(trees: Trees) -> None:
    path = trees.library.root / "public" / "slow.csv"
    path.parent.mkdir(parents=True)
    watch = DropWatch(trees.library)
    for _ in range(3):
        with path.open("ab") as file:
            file.write(b"more")
        assert watch.look().ready == ()
    assert len(watch.look().ready) == 1


async def test_an_upload_does_not_overwrite_a_dropped_file_that_was_not_picked_up(
    trees: Trees, blobs: BlobStore
) -> None:
    path = trees.library.root / "public" / "a.csv"
    trees.library.put(await library_entry(blobs, "a.csv", b"one"))
    path.unlink()
    path.write_bytes(b"by hand")
    assert trees.library.put(await library_entry(blobs, "a.csv", b"uploaded")).left == ["library/public/a.csv"]
    assert path.read_bytes() == b"by hand"
    assert not trees.library.remove("public", "a.csv")


async def picked_up(trees: Trees, blobs: BlobStore) -> tuple[DroppedFile, str]:
    watch = DropWatch(trees.library)
    watch.look()
    (drop,) = watch.look().ready
    folder = trees.library.root / drop.client_id
    captured = await capture_beneath(folder, drop.disk_name, blobs, None, single_link=False)
    return drop, captured.blob.sha256


@pytest.mark.parametrize("mode", [0o644, 0o444, 0o600])
async def test_an_accepted_file_becomes_the_tree_s_own(trees: Trees, blobs: BlobStore, mode: int) -> None:
    path = trees.library.root / "public" / "Zu\u0308rich.csv"  # decomposed, as a Mac writes it
    path.parent.mkdir(parents=True)
    path.write_bytes(b"dropped")
    path.chmod(mode)
    drop, sha256 = await picked_up(trees, blobs)
    assert trees.library.accept(drop, sha256)
    assert os.listdir(path.parent) == ["Zürich.csv"]
    assert (path.parent / "Zürich.csv").samefile(blobs.path(sha256))
    watch = DropWatch(trees.library)
    assert (watch.look().ready, watch.look().ready) == ((), ())


async def test_a_file_changed_after_its_upload_is_not_replaced(trees: Trees, blobs: BlobStore) -> None:
    path = trees.library.root / "public" / "a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"first")
    drop, sha256 = await picked_up(trees, blobs)
    path.write_bytes(b"second thoughts")
    assert not trees.library.accept(drop, sha256)
    assert path.read_bytes() == b"second thoughts"


async def test_a_file_edited_in_place_is_picked_up_as_new(trees: Trees, blobs: BlobStore) -> None:
    entry = await library_entry(blobs, "a.csv", b"original")
    trees.library.put(entry)
    path = trees.library.root / "public" / "a.csv"
    path.chmod(0o644)
    path.write_bytes(b"edited")
    _, sha256 = await picked_up(trees, blobs)
    assert await blobs.read(sha256) == b"edited"
    assert not await blobs.verify(entry.sha256)


def test_hidden_and_temporary_names_are_ignored_and_odd_things_reported(trees: Trees, tmp_path: Path) -> None:
    folder = trees.library.root / "public"
    folder.mkdir(parents=True)
    for name in (".hidden", "a.csv~", "~lock", "b.part", "c.crdownload"):
        (folder / name).write_bytes(b"x")
    (folder / "folder").mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "bad\nname").write_bytes(b"x")
    os.mkfifo(folder / "pipe")
    (trees.library.root / "no client.dir").mkdir()
    watch = DropWatch(trees.library)
    watch.look()
    look = watch.look()
    assert look.ready == ()
    assert set(look.refused) == {
        RefusedEntry("public/folder", Refusal.FOLDER),
        RefusedEntry("public/link", Refusal.SYMLINK),
        RefusedEntry("public/bad\nname", Refusal.BAD_NAME),
        RefusedEntry("public/pipe", Refusal.FIFO),
    }


# --- artifacts ----------------------------------------------------------------------------------


async def test_a_run_s_folder_holds_its_artifacts_and_metadata(trees: Trees, blobs: BlobStore) -> None:
    run = await run_tree(blobs, {"report.md": b"# R", "charts/übersicht 1.png": b"png"})
    trees.artifacts.put_run(run)
    assert run_folder(trees) == {"report.md": b"# R", "charts/übersicht 1.png": b"png"}
    folder = trees.artifacts.root / "public" / "run-1"
    assert json.loads((folder / "metadata.json").read_text()) == run.metadata
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o444}
    assert trees.artifacts.put_run(run) == TreeReport()


async def test_an_artifact_called_metadata_json_is_kept_beside_the_projection(trees: Trees, blobs: BlobStore) -> None:
    run = await run_tree(blobs, {"metadata.json": b"mine", "sub/metadata.json": b"deeper"})
    trees.artifacts.put_run(run)
    assert run_folder(trees) == {"metadata (artifact).json": b"mine", "sub/metadata.json": b"deeper"}
    projection = trees.artifacts.root / "public" / "run-1" / "metadata.json"
    assert json.loads(projection.read_text())["run_id"] == "run-1"


async def test_a_file_and_a_folder_of_one_name_are_both_kept(trees: Trees, blobs: BlobStore) -> None:
    trees.artifacts.put_run(await run_tree(blobs, {"a": b"file"}))
    trees.artifacts.put_run(await run_tree(blobs, {"a": b"file", "a/b": b"below"}), changed={"a/b"})
    assert run_folder(trees) == {"a (file)": b"file", "a/b": b"below"}
    trees.artifacts.put_run(await run_tree(blobs, {"a": b"file"}), changed={"a/b"})
    assert run_folder(trees) == {"a": b"file"}


async def test_only_what_changed_is_looked_at(trees: Trees, blobs: BlobStore) -> None:
    trees.artifacts.put_run(await run_tree(blobs, {"a": b"1", "b": b"1", "gone/c": b"1"}))
    run = await run_tree(blobs, {"a": b"2", "b": b"1", "new/d": b"1"})
    report = trees.artifacts.put_run(run, changed={"a", "gone/c", "new/d"})
    assert report.created == ["artifacts/public/run-1/new/d"]
    assert sorted(report.replaced) == ["artifacts/public/run-1/a", "artifacts/public/run-1/metadata.json"]
    assert report.removed == ["artifacts/public/run-1/gone/c"]
    assert not (trees.artifacts.root / "public" / "run-1" / "gone").exists()
    assert trees.artifacts.reconcile([run]) == TreeReport()


async def test_a_stray_file_in_a_folder_s_place_gives_way(trees: Trees, blobs: BlobStore) -> None:
    folder = trees.artifacts.root / "public" / "run-1"
    folder.mkdir(parents=True)
    (folder / "charts").write_bytes(b"stray")
    (folder / "report.md").mkdir()
    trees.artifacts.put_run(await run_tree(blobs, {"charts/a.png": b"a", "report.md": b"r"}), changed={"charts/a.png"})
    assert run_folder(trees) == {"charts/a.png": b"a", "report.md": b"r"}


async def test_links_in_a_run_s_folder_are_replaced_and_never_followed(
    trees: Trees, blobs: BlobStore, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    folder = trees.artifacts.root / "public" / "run-1"
    folder.mkdir(parents=True)
    (folder / "charts").symlink_to(outside)
    (folder / "a").symlink_to(outside / "kept")
    trees.artifacts.put_run(await run_tree(blobs, {"charts/kept": b"new", "a": b"new"}))
    assert content_of(outside) == {"kept": b"kept"}
    assert run_folder(trees) == {"charts/kept": b"new", "a": b"new"}


async def test_removing_a_run_removes_the_client_s_folder_with_the_last(trees: Trees, blobs: BlobStore) -> None:
    for run_id in ("one", "two"):
        trees.artifacts.put_run(await run_tree(blobs, {"a/b": b"x"}, run_id))
    assert trees.artifacts.remove_run("public", "one")
    assert (trees.artifacts.root / "public").exists()
    assert trees.artifacts.remove_run("public", "two")
    assert not (trees.artifacts.root / "public").exists()
    assert not trees.artifacts.remove_run("public", "two")


async def test_who_looks_after_the_trees_does_not_get_in_the_way_of_who_keeps_them(
    trees: Trees, blobs: BlobStore
) -> None:
    run = await run_tree(blobs, {f"charts/{number}/a.png": b"x" for number in range(4)})
    file = await library_entry(blobs, "a.csv", b"x")

    def keep() -> None:
        for _ in range(150):
            trees.artifacts.put_run(run)
            trees.library.put(file)
            trees.artifacts.remove_run("public", "run-1")
            trees.library.remove("public", "a.csv")

    def look_after() -> None:
        while not keeping.done():
            trees.reconcile(ExpectedTrees((), ()))

    with ThreadPoolExecutor(2) as pool:
        keeping = pool.submit(keep)
        looking = pool.submit(look_after)
    keeping.result()
    looking.result()


async def test_a_frozen_keeper_of_the_trees_is_not_waited_for_for_ever(trees: Trees, blobs: BlobStore) -> None:
    run = await run_tree(blobs, {"a": b"x"})
    trees.artifacts.root.mkdir(parents=True)
    frozen = os.open(trees.artifacts.root, os.O_RDONLY)
    fcntl.flock(frozen, fcntl.LOCK_EX)
    trees.artifacts.put_run(run)
    os.close(frozen)
    assert run_folder(trees) == {"a": b"x"}


async def test_stray_runs_clients_and_files_are_removed(trees: Trees, blobs: BlobStore) -> None:
    run = await run_tree(blobs, {"a": b"x"})
    trees.artifacts.put_run(run)
    for stray in ("public/old-run/x", "nobody/run/x", "public/run-1/sub/x"):
        path = trees.artifacts.root / stray
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"stray")
    expected = ["artifacts/nobody", "artifacts/public/old-run", "artifacts/public/run-1/sub/x"]
    assert sorted(trees.artifacts.reconcile([run], dry_run=True).removed) == expected
    assert sorted(trees.artifacts.reconcile([run]).removed) == expected
    assert sorted(os.listdir(trees.artifacts.root / "public")) == ["run-1"]
    assert not (trees.artifacts.root / "public/run-1/sub").exists()


async def test_a_blob_without_room_for_links_is_copied(trees: Trees, blobs: BlobStore, tmp_path: Path) -> None:
    entry = await library_entry(blobs, "full.csv", b"many links")
    links = tmp_path / "links"
    links.mkdir()
    try:
        for number in range(65_100):
            os.link(blobs.path(entry.sha256), links / str(number))
    except OSError:
        pass  # ext4 has reached its limit; other file systems go further
    trees.library.put(entry)
    path = trees.library.root / "public" / "full.csv"
    assert path.read_bytes() == b"many links"
    assert path.stat().st_mode & 0o777 == 0o444
    expected = ExpectedTrees(library=(entry,))
    assert trees.reconcile(expected, dry_run=True) == trees.reconcile(expected) == TreeReport()
    assert trees.library.foreign_files("public") == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.lists(st.sampled_from(["a", "b", "metadata.json", "a (file)"]), min_size=1, max_size=3).map("/".join),
            st.sampled_from([b"1", b"2"]),
            max_size=5,
        ),
        min_size=1,
        max_size=4,
    )
)
async def test_after_any_history_the_folder_is_equal_to_the_listing(
    trees: Trees, blobs: BlobStore, history: list[dict[str, bytes]]
) -> None:
    trees.artifacts.remove_run("public", "run-1")
    before: dict[str, bytes] = {}
    for files in history:
        changed = {path for path in {*before, *files} if before.get(path) != files.get(path)}
        trees.artifacts.put_run(await run_tree(blobs, files), changed=changed)
        before = files
        assert sorted(run_folder(trees).values()) == sorted(files.values())
    assert trees.artifacts.reconcile([await run_tree(blobs, before)], dry_run=True) == TreeReport()
