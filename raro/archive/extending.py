"""Extends the archive by what was sealed. Everything blocks: call it in a thread.

What is archived was read from the stream and gave the root of a signed checkpoint; the state of the views is folded
from these very messages, never copied from views that are served.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Event

from raro.analytics.exporting import tables
from raro.archive.archive import Archive
from raro.archive.manifest import ADVICE, Manifest, Part, Segment, State, part_of, sync, write_manifest
from raro.archive.segments import SegmentWriter
from raro.audit.leaf import LeafHasher
from raro.audit.merkle import Tree
from raro.errors import ArchiveDamaged, LogDamaged
from raro.events.raw import Endpoint, read_stored
from raro.files.faults import storage_faults
from raro.projections import statements
from raro.projections.refolding import Refolder
from raro.projections.store import Store

_WORK = ".work-"


class Stopped(Exception):
    """It was to stop; the archive is as it was."""


@dataclass(frozen=True, slots=True)
class Extended:
    """What an extension did: events `first` to `last` came to it; none when `last` is below `first`."""

    first: int
    last: int
    size_bytes: int


def extend(archive: Archive, endpoint: Endpoint, to: int, stop: Event | None = None) -> Extended:
    """Archive the events behind the last archived one up to the checkpoint of size `to`.

    Raises LogDamaged when the stream does not give what was sealed, ArchiveDamaged, AuditDamaged, LogUnavailable,
    StorageFull, StorageFault; Stopped when `stop` was set meanwhile.
    """
    manifest = archive.manifest()
    first = manifest.last + 1 if manifest else 1
    if to < first:
        return Extended(first, first - 1, 0)
    with storage_faults("write the archive"):
        archive.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(archive.folder, manifest)
        work = Path(mkdtemp(dir=archive.folder, prefix=_WORK))
    try:
        made = _Extension(archive, endpoint, stop or Event()).made(manifest, first, to, work)
        write_manifest(archive.folder, made, archive.sealed.signer(), archive.sealed.origin)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _sweep(archive.folder, made)
    return Extended(first, to, made.segments[-1].size_bytes)


@dataclass(frozen=True)
class _Extension:
    archive: Archive
    endpoint: Endpoint
    stop: Event

    def made(self, before: Manifest | None, first: int, to: int, work: Path) -> Manifest:
        store = (self.archive.store(before, work / "views.duckdb") if before else None) or Store.create(
            work / "views.duckdb", self.archive.sealed.incarnation
        )
        try:
            segment = work / "segment.parquet"
            root = self._copy(before, first, to, segment, store)
            state = self._exported(store, to)
        finally:
            store.close()
        with storage_faults("write the archive"):
            target = self.archive.folder / f"{first:020d}-{to:020d}.parquet"
            segment.replace(target)
            kept = part_of(self.archive.folder, target, to - first + 1)
        new = Segment(first=first, last=to, **kept.model_dump())
        segments = (*(before.segments if before else ()), new)
        return Manifest(
            incarnation=self.archive.sealed.incarnation, last=to, root=root.hex(), segments=segments, state=state
        )

    def _copy(self, before: Manifest | None, first: int, to: int, path: Path, store: Store) -> bytes:
        """Write the segment and fold its events; its root, which is the signed one."""
        tree = self.archive.sealed.tiles.tree(first - 1) if before else Tree()
        if before and tree.root().hex() != before.root:
            raise ArchiveDamaged(f"the archive ends with another history than the sealed one. {ADVICE}")
        hasher, refolder, writer = LeafHasher(self.archive.sealed.incarnation), Refolder(store, to), SegmentWriter(path)
        # A batch that was cut by the archive's end was not folded: its events are read once more.
        for group in read_stored(self.endpoint, min(first, store.cursor.seq + 1), to):
            if self.stop.is_set():
                raise Stopped
            refolder.take(group)
            if new := [message for message in group if message.seq >= first]:
                writer.add(new)
                tree.append(hasher.hashes(new))
        refolder.finish()
        writer.close()
        if (writer.rows, tree.root()) != (to - first + 1, self.archive.checkpoint(to).root):
            raise LogDamaged(
                f"events {first} to {to} are not those that were sealed: none was archived. See `raro audit verify`.",
                first=first,
                last=to,
            )
        return tree.root()

    def _exported(self, store: Store, to: int) -> State:
        folder = self.archive.folder / f"state-{to:020d}-{statements.version()}"
        shutil.rmtree(folder, ignore_errors=True)
        with storage_faults("write the archive"):
            folder.mkdir(mode=0o700)
        connection, parts = store.reader(), {}
        for table in tables(connection):
            path = folder / f"{table}.parquet"
            quoted = str(path).replace("'", "''")
            rows = connection.execute(f"COPY {table} TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
            parts[table] = part_of(self.archive.folder, path, rows[0] if rows else 0)
        sync(folder)
        return State(version=statements.version(), seq=store.cursor.seq, hash=store.cursor.hash, tables=parts)


def _sweep(folder: Path, manifest: Manifest | None) -> None:
    """Remove what an extension that broke off left, and states that a later one replaced."""
    needed = {part.name.partition("/")[0] for part in _parts(manifest)} if manifest else set()
    for path in folder.iterdir():
        if path.name.startswith((_WORK, "state-", "0")) and path.name not in needed:
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _parts(manifest: Manifest) -> Iterable[Part]:
    return (*manifest.segments, *manifest.state.tables.values())
