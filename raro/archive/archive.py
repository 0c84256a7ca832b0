"""Extends the archive by what was sealed, checks it, and makes views from it. Everything blocks: call it in a thread.

What is archived was read from the stream and gave the root of a signed checkpoint; the state of the views is folded
from these very messages, never copied from views that are served.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from raro.analytics.exporting import tables
from raro.archive.manifest import (
    ADVICE,
    Manifest,
    Part,
    Segment,
    State,
    checked,
    part_of,
    read_manifest,
    sync,
    write_manifest,
)
from raro.archive.segments import SegmentWriter, read_segment
from raro.audit.checkpoints import opened
from raro.audit.leaf import LeafHasher
from raro.audit.merkle import Tree
from raro.audit.notes import BadNote, Checkpoint
from raro.audit.sealed import SealedLog
from raro.errors import ArchiveDamaged, LogDamaged, RaroError
from raro.events.cursor import Cursor
from raro.events.raw import Endpoint, Stored, read_stored
from raro.files.faults import storage_faults
from raro.projections import statements
from raro.projections.refolding import Refolder
from raro.projections.store import Store

logger = logging.getLogger(__name__)

_WORK = ".work-"


@dataclass(frozen=True, slots=True)
class Extended:
    """What an extension did: events `first` to `last` came to it; none when `last` is below `first`."""

    first: int
    last: int
    size_bytes: int


class Archive:
    """The archive of one log, below `folder/{incarnation}`; `sealed` has the key and the checkpoints."""

    def __init__(self, folder: Path, sealed: SealedLog) -> None:
        self.folder = folder / sealed.incarnation
        self._sealed = sealed

    def manifest(self) -> Manifest | None:
        """What there is. Raises ArchiveDamaged, AuditDamaged when it cannot be trusted."""
        return read_manifest(self.folder, self._sealed.verifier(), self._sealed.origin)

    def checkpoint_at(self, most: int) -> int:
        """The size of the last checkpoint of at most so many events; 0 when there is none."""
        return max((size for size in self._sealed.checkpoints.sizes() if size <= most), default=0)

    def extend(self, endpoint: Endpoint, to: int) -> Extended:
        """Archive the events behind the last archived one up to the checkpoint of size `to`.

        Raises LogDamaged when the stream does not give what was sealed, ArchiveDamaged, AuditDamaged, LogUnavailable,
        StorageFull, StorageFault.
        """
        manifest = self.manifest()
        first = manifest.last + 1 if manifest else 1
        if to < first:
            return Extended(first, first - 1, 0)
        with storage_faults("write the archive"):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep(manifest)
            work = Path(mkdtemp(dir=self.folder, prefix=_WORK))
        try:
            made = self._extended(endpoint, manifest, first, to, work)
            write_manifest(self.folder, made, self._sealed.signer(), self._sealed.origin)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self._sweep(made)
        return Extended(first, to, made.segments[-1].size_bytes)

    def restore(self, path: Path, incarnation: str) -> Store | None:
        """Views at `path` as they were at the archive's end; None when there is no archive that can be trusted.

        From the tables where this version of the SQL made them, else folded from the archived events.
        """
        try:
            manifest = self.manifest() if incarnation == self._sealed.incarnation else None
            return None if manifest is None else self._store(manifest, path)
        except (RaroError, OSError, ValueError, duckdb.Error) as reason:
            logger.warning("the archive is not used, everything comes from the log: %s", reason)
            return None

    def check(self) -> Manifest | None:
        """Read every archived event, and compare it with what was signed. Raises ArchiveDamaged, AuditDamaged."""
        manifest = self.manifest()
        if manifest is None:
            return None
        for part in manifest.state.tables.values():
            checked(self.folder, part)
        tree, hasher = Tree(), LeafHasher(manifest.incarnation)
        for group in self._archived(manifest):
            tree.append(hasher.hashes(group))
        if (tree.size, tree.root()) != (manifest.last, self._checkpoint(manifest.last).root):
            raise ArchiveDamaged(f"the archived events do not give the root that was signed for them. {ADVICE}")
        return manifest

    def _extended(self, endpoint: Endpoint, before: Manifest | None, first: int, to: int, work: Path) -> Manifest:
        store = (self._store(before, work / "views.duckdb") if before else None) or Store.create(
            work / "views.duckdb", self._sealed.incarnation
        )
        try:
            segment = work / "segment.parquet"
            root = self._copy(endpoint, before, first, to, segment, store)
            state = self._exported(store, to)
        finally:
            store.close()
        with storage_faults("write the archive"):
            target = self.folder / f"{first:020d}-{to:020d}.parquet"
            segment.replace(target)
            kept = part_of(self.folder, target, to - first + 1)
        new = Segment(first=first, last=to, **kept.model_dump())
        segments = (*(before.segments if before else ()), new)
        return Manifest(incarnation=self._sealed.incarnation, last=to, root=root.hex(), segments=segments, state=state)

    def _copy(
        self, endpoint: Endpoint, before: Manifest | None, first: int, to: int, path: Path, store: Store
    ) -> bytes:
        """Write the segment and fold its events; its root, which is the signed one."""
        tree = self._sealed.tiles.tree(first - 1) if before else Tree()
        if before and tree.root().hex() != before.root:
            raise ArchiveDamaged(f"the archive ends with another history than the sealed one. {ADVICE}")
        hasher, refolder, writer = LeafHasher(self._sealed.incarnation), Refolder(store, to), SegmentWriter(path)
        # A batch that was cut by the archive's end was not folded: its events are read once more.
        for group in read_stored(endpoint, min(first, store.cursor.seq + 1), to):
            refolder.take(group)
            if new := [message for message in group if message.seq >= first]:
                writer.add(new)
                tree.append(hasher.hashes(new))
        refolder.finish()
        writer.close()
        if (writer.rows, tree.root()) != (to - first + 1, self._checkpoint(to).root):
            raise LogDamaged(
                f"events {first} to {to} are not those that were sealed: none was archived. See `raro audit verify`.",
                first=first,
                last=to,
            )
        return tree.root()

    def _exported(self, store: Store, to: int) -> State:
        folder = self.folder / f"state-{to:020d}-{statements.version()}"
        shutil.rmtree(folder, ignore_errors=True)
        with storage_faults("write the archive"):
            folder.mkdir(mode=0o700)
        connection, parts = store.reader(), {}
        for table in tables(connection):
            path = folder / f"{table}.parquet"
            quoted = str(path).replace("'", "''")
            rows = connection.execute(f"COPY {table} TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
            parts[table] = part_of(self.folder, path, rows[0] if rows else 0)
        sync(folder)
        return State(version=statements.version(), seq=store.cursor.seq, hash=store.cursor.hash, tables=parts)

    def _store(self, manifest: Manifest, path: Path) -> Store:
        """The views at the archive's end. Raises ArchiveDamaged, LogDamaged, duckdb.Error."""
        store = Store.create(path, manifest.incarnation)
        try:
            if manifest.state.version == statements.version():
                files = {name: checked(self.folder, part) for name, part in manifest.state.tables.items()}
                store.fill(files, Cursor(manifest.incarnation, manifest.state.seq, manifest.state.hash))
            else:
                refolder = Refolder(store, manifest.last)
                for group in self._archived(manifest):
                    refolder.take(group)
                refolder.finish()
        except BaseException:
            store.close()
            path.unlink(missing_ok=True)
            raise
        return store

    def _archived(self, manifest: Manifest) -> Iterator[list[Stored]]:
        for segment in manifest.segments:
            try:
                yield from read_segment(checked(self.folder, segment))
            except (OSError, ValueError) as reason:
                raise ArchiveDamaged(f"{segment.name} cannot be read: {reason}. {ADVICE}") from reason

    def _checkpoint(self, size: int) -> Checkpoint:
        verifier = self._sealed.verifier()
        try:
            if verifier is None:
                raise BadNote("there is no key to check it with")
            return opened(self._sealed.checkpoints.read(size), verifier, self._sealed.origin)
        except BadNote as reason:
            raise ArchiveDamaged(f"the checkpoint of {size} events: {reason}.") from reason

    def _sweep(self, manifest: Manifest | None) -> None:
        """Remove what an extension that broke off left, and states that a later one replaced."""
        needed = {part.name.partition("/")[0] for part in _parts(manifest)} if manifest else set()
        for path in self.folder.iterdir():
            if path.name.startswith((_WORK, "state-", "0")) and path.name not in needed:
                with contextlib.suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _parts(manifest: Manifest) -> Iterable[Part]:
    return (*manifest.segments, *manifest.state.tables.values())
