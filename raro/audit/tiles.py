"""The tree's hashes on disk, as C2SP tlog-tiles lays them out; what is sealed can be proved from here alone.

`tile/<level>/<number>` holds 256 hashes of 32 bytes and never changes; `tile/<level>/<number>.p/<width>` is the last
one of its level, which is not full. A wider one begins with a narrower one, so narrower ones may go.
https://c2sp.org/tlog-tiles
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from raro.audit.merkle import HEIGHT, WIDTH, Node, Tile, Tree, complete_root
from raro.errors import AuditDamaged
from raro.files.faults import storage_faults

_HASH_BYTES = 32
# Beyond so many files one sync of the file system is quicker than one each.
_MANY = 64


class TileFolder:
    """The tiles of one log below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, tiles: Iterable[Tile]) -> None:
        """Keep tiles, on disk when this returns.

        Raises AuditDamaged where a full tile is there already with other hashes; StorageFault, StorageFull.
        """
        with storage_faults("write the hashes of the log"):
            written = [path for tile in tiles if (path := self._write(tile)) is not None]
            if len(written) > _MANY:
                os.sync()
            for path in written if len(written) <= _MANY else ():
                _sync(path)
                _sync(path.parent)

    def read(self, level: int, number: int, count: int) -> tuple[bytes, ...]:
        """The first `count` hashes of a tile. Raises AuditDamaged when they are not there."""
        full = self._path(level, number)
        for path in [full, *self._partial(full, count)]:
            with suppress(OSError):
                data = path.read_bytes()
                if len(data) >= count * _HASH_BYTES and len(data) % _HASH_BYTES == 0:
                    return tuple(data[at : at + _HASH_BYTES] for at in range(0, count * _HASH_BYTES, _HASH_BYTES))
        raise AuditDamaged(f"the hashes of tile {full.relative_to(self.folder)} are not in storage, or were cut.")

    def tree(self, size: int) -> Tree:
        """The tree of the first `size` leaves, to go on with. Raises AuditDamaged."""
        open_tiles: list[list[bytes]] = []
        level, count = 0, size
        while count or not open_tiles:
            number, width = divmod(count, WIDTH)
            open_tiles.append(list(self.read(level, number, width)) if width else [])
            level, count = level + 1, number
        return Tree(size, open_tiles)

    def node(self, size: int) -> Node:
        """Looks up complete subtrees of the tree of `size` leaves, for proofs; raises AuditDamaged."""

        @lru_cache(maxsize=256)
        def tile(level: int, number: int) -> tuple[bytes, ...]:
            return self.read(level, number, min(WIDTH, (size >> HEIGHT * level) - number * WIDTH))

        def node(height: int, index: int) -> bytes:
            level, inside = divmod(height, HEIGHT)
            first = index << inside
            number, begin = divmod(first, WIDTH)
            return complete_root(tile(level, number)[begin : begin + (1 << inside)])

        return node

    def tidy(self, tiles: Iterable[Tile]) -> None:
        """Remove what these tiles, which are safely on disk, have made needless."""
        for tile in tiles:
            full = self._path(tile.level, tile.number)
            if len(tile.hashes) == WIDTH:
                shutil.rmtree(_partials(full), ignore_errors=True)
                continue
            folder = _partials(full)
            for path in folder.iterdir() if folder.exists() else ():
                if path.name.isdigit() and int(path.name) < len(tile.hashes):
                    path.unlink(missing_ok=True)

    def _write(self, tile: Tile) -> Path | None:
        full, data = self._path(tile.level, tile.number), b"".join(tile.hashes)
        path = full if len(tile.hashes) == WIDTH else _partials(full) / str(len(tile.hashes))
        with suppress(FileNotFoundError):
            there = path.read_bytes()
            if there == data:
                return path
            if path is full and len(there) == len(data):
                raise AuditDamaged(f"tile {path.relative_to(self.folder)} holds other hashes than the log now gives.")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.new")
        beside.write_bytes(data)
        beside.replace(path)
        return path

    def _path(self, level: int, number: int) -> Path:
        groups = [number % 1000]
        while number := number // 1000:
            groups.append(number % 1000)
        *above, last = (f"{group:03d}" for group in reversed(groups))
        return self.folder.joinpath("tile", str(level), *(f"x{group}" for group in above), last)

    def _partial(self, full: Path, count: int) -> list[Path]:
        folder = _partials(full)
        with suppress(OSError):
            return [path for path in folder.iterdir() if path.name.isdigit() and int(path.name) >= count]
        return []


def _partials(full: Path) -> Path:
    return full.with_name(f"{full.name}.p")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
