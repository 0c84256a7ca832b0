"""What is archived of a log: trusted only as far as it was signed, made views from, and read instead of the stream.

Everything blocks: call it in a thread. It is extended by `raro.archive.extending`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import duckdb

from raro.archive.manifest import ADVICE, Manifest, Segment, checked, read_manifest
from raro.archive.segments import read_segment
from raro.audit.checkpoints import opened
from raro.audit.leaf import LeafHasher
from raro.audit.merkle import Tree
from raro.audit.notes import BadNote, Checkpoint
from raro.audit.sealed import SealedLog
from raro.errors import ArchiveDamaged, RaroError
from raro.events.cursor import Cursor
from raro.events.raw import Stored
from raro.projections import statements
from raro.projections.refolding import Refolder
from raro.projections.store import WHOLE, Shape, Store

logger = logging.getLogger(__name__)

_Seen = tuple[int, int, int]


class Archive:
    """The archive of one log, below `folder/{incarnation}`; `sealed` has the key and the checkpoints."""

    def __init__(self, folder: Path, sealed: SealedLog) -> None:
        self.folder = folder / sealed.incarnation
        self.sealed = sealed
        self._trusted: dict[str, _Seen] = {}

    def manifest(self) -> Manifest | None:
        """What there is. Raises ArchiveDamaged, AuditDamaged when it cannot be trusted."""
        return read_manifest(self.folder, self.sealed.verifier(), self.sealed.origin)

    def checkpoint_at(self, most: int) -> int:
        """The size of the last checkpoint of at most so many events; 0 when there is none."""
        return max((size for size in self.sealed.checkpoints.sizes() if size <= most), default=0)

    def restore(self, path: Path, incarnation: str) -> Store | None:
        """Views at `path` as they were at the archive's end; None when there is no archive that can be trusted.

        From the tables where this version of the SQL made them, else folded from the archived events.
        """
        try:
            manifest = self.manifest() if incarnation == self.sealed.incarnation else None
            return None if manifest is None else self.store(manifest, path)
        except (RaroError, OSError, ValueError, duckdb.Error) as reason:
            logger.warning("the archive is not used, everything comes from the log: %s", reason)
            return None

    def begin(self, path: Path, shape: Shape, after: int, most: int) -> Store | None:
        """Some of the views at `path` as they were at the archive's end.

        None unless that is behind event `after` and not behind `most`, this version of the SQL made its tables, and
        it can be trusted.
        """
        try:
            manifest = self.manifest()
            if manifest is None or manifest.state.version != statements.version():
                return None
            return self.store(manifest, path, shape) if after < manifest.state.seq <= most else None
        except (RaroError, OSError, ValueError, duckdb.Error) as reason:
            logger.warning("the archive is not used for a look at the past: %s", reason)
            return None

    def read(self, first: int, last: int) -> Iterator[list[Stored]]:
        """The archived events from `first` to `last`, as far as the archive goes and can be trusted."""
        try:
            manifest = self.manifest()
            for segment in manifest.segments if manifest else ():
                if segment.first <= last and first <= segment.last:
                    yield from read_segment(self._seen(segment), first - segment.first, last - segment.first + 1)
        except (RaroError, OSError, ValueError) as reason:
            logger.warning("the archive is not read any further: %s", reason)

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
        if (tree.size, tree.root()) != (manifest.last, self.checkpoint(manifest.last).root):
            raise ArchiveDamaged(f"the archived events do not give the root that was signed for them. {ADVICE}")
        return manifest

    def store(self, manifest: Manifest, path: Path, shape: Shape = WHOLE) -> Store:
        """The views at the archive's end. Raises ArchiveDamaged, LogDamaged, duckdb.Error."""
        store = Store.create(path, manifest.incarnation, shape)
        try:
            if manifest.state.version == statements.version():
                tables = manifest.state.tables.items()
                files = {name: checked(self.folder, part) for name, part in tables if shape.folds(name)}
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

    def checkpoint(self, size: int) -> Checkpoint:
        """The signed checkpoint of so many events. Raises ArchiveDamaged."""
        verifier = self.sealed.verifier()
        try:
            if verifier is None:
                raise BadNote("there is no key to check it with")
            return opened(self.sealed.checkpoints.read(size), verifier, self.sealed.origin)
        except BadNote as reason:
            raise ArchiveDamaged(f"the checkpoint of {size} events: {reason}.") from reason

    def _archived(self, manifest: Manifest) -> Iterator[list[Stored]]:
        for segment in manifest.segments:
            try:
                yield from read_segment(checked(self.folder, segment))
            except (OSError, ValueError) as reason:
                raise ArchiveDamaged(f"{segment.name} cannot be read: {reason}. {ADVICE}") from reason

    def _seen(self, segment: Segment) -> Path:
        """Where a segment is; its bytes are hashed again only when the file is another than last time."""
        path = self.folder / segment.name
        status = path.stat()
        seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._trusted.get(segment.sha256) != seen:
            checked(self.folder, segment)
            self._trusted[segment.sha256] = seen
        return path
