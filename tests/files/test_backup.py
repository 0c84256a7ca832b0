"""A backup and the way back: whole or not at all, whatever is wrong with the file or the folder."""

from __future__ import annotations

import hashlib
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from raro.errors import BadBackup, StorageNotEmpty
from raro.files.backup import MANIFEST, restore_backup, write_backup


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A storage folder with two blobs, a log and what can be remade."""
    folder = tmp_path / "storage"
    for data in (b"one", b"two" * 100_000):
        name = hashlib.sha256(data).hexdigest()
        blob = folder / "blobs/sha256" / name[:2] / name
        blob.parent.mkdir(parents=True)
        blob.write_bytes(data)
    for name in ("nats/jetstream/$G/streams/RARO_EVENTS/msgs/1.blk", "projections/raro.duckdb", "library/ada/one.txt"):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
    return folder


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rewritten(source: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """The same tar with members replaced, removed (None) or added."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        members = {entry.name: (old.extractfile(entry) or BytesIO()).read() for entry in old}
        for name, data in {**members, **change}.items():
            if data is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                new.addfile(entry, BytesIO(data))
    return target


def test_what_cannot_be_remade_comes_back_byte_for_byte(storage: Path, tmp_path: Path) -> None:
    written = write_backup(storage, tmp_path / "b.tar")
    restored = restore_backup(tmp_path / "b.tar", tmp_path / "new")
    kept = {name: data for name, data in _tree(storage).items() if name.startswith(("blobs/", "nats/"))}
    assert _tree(tmp_path / "new") == kept
    assert written == restored
    assert (written.files, written.size_bytes) == (3, sum(map(len, kept.values())))


def test_a_folder_in_use_is_not_touched(storage: Path, tmp_path: Path) -> None:
    write_backup(storage, tmp_path / "b.tar")
    before = _tree(storage)
    with pytest.raises(StorageNotEmpty, match="blobs"):
        restore_backup(tmp_path / "b.tar", storage)
    assert _tree(storage) == before


def test_every_damage_is_named_and_nothing_is_put_in_place(storage: Path, tmp_path: Path) -> None:
    whole = tmp_path / "b.tar"
    write_backup(storage, whole)
    blob = next(name for name in _tree(storage) if name.startswith("blobs/"))
    log = next(name for name in _tree(storage) if name.startswith("nats/"))
    damages: list[dict[str, bytes | None]] = [
        {blob: b"other"},
        {log: b"other"},
        {log: None},
        {blob: None},
        {MANIFEST: None},
        {MANIFEST: b"{}"},
        {"blobs/sha256/../../evil": b"x"},
        {"/etc/evil": b"x"},
        {"nats/jetstream/../../evil": b"x"},
    ]
    for number, damage in enumerate(damages):
        bad = _rewritten(whole, tmp_path / f"bad-{number}.tar", damage)
        with pytest.raises(BadBackup):
            restore_backup(bad, tmp_path / "new")
        assert _tree(tmp_path / "new") == {}, damage
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_backup_that_is_cut_off_is_refused(storage: Path, tmp_path: Path, share: float) -> None:
    write_backup(storage, tmp_path / "b.tar")
    data = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadBackup):
        restore_backup(tmp_path / "b.tar", tmp_path / "new")
    assert _tree(tmp_path / "new") == {}


def test_links_in_a_backup_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        entry = tarfile.TarInfo("nats/jetstream/link")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    with pytest.raises(BadBackup, match="nats/jetstream/link"):
        restore_backup(tmp_path / "b.tar", tmp_path / "new")
