"""The Merkle tree of RFC 6962: hashes, roots, proofs and their verification; no input, no output.

The state of a growing tree is the right edge of its tiles (`Tree.open`): per tile level the hashes of the last tile,
which is not full. 256 hashes make a tile, whose root is one hash of the level above (C2SP tlog-tiles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

WIDTH = 256
"""Hashes in a full tile."""
HEIGHT = 8
EMPTY_ROOT = sha256(b"").digest()

# The hash of the complete subtree of 2**height leaves that is the `index`th of its height.
Node = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """The hashes of one tile, 1 to 256; full ones never change."""

    level: int
    number: int
    hashes: tuple[bytes, ...]


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962, 2.1: of one entry."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, 2.1: of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of subtree hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]
    return row[0]


@dataclass(slots=True)
class Tree:
    """A tree that grows: `size` leaves, and per level the hashes of the tile that is not full yet."""

    size: int = 0
    open: list[list[bytes]] = field(default_factory=lambda: [[]])

    def append(self, leaves: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes; returns the tiles that became full, lower levels first."""
        self.size += len(leaves)
        full: list[Tile] = []
        self._extend(0, leaves, full)
        return full

    def _extend(self, level: int, hashes: Sequence[bytes], full: list[Tile]) -> None:
        if level == len(self.open):
            self.open.append([])
        row = [*self.open[level], *hashes]
        above = (self.size >> HEIGHT * level) // WIDTH
        tiles = len(row) // WIDTH
        made = [Tile(level, above - tiles + at, tuple(row[at * WIDTH : (at + 1) * WIDTH])) for at in range(tiles)]
        self.open[level] = row[tiles * WIDTH :]
        full += made
        if made:
            self._extend(level + 1, [complete_root(tile.hashes) for tile in made], full)

    def partial(self) -> list[Tile]:
        """The tiles that are not full: the frontier."""
        return [
            Tile(level, (self.size >> HEIGHT * level) // WIDTH, tuple(hashes))
            for level, hashes in enumerate(self.open)
            if hashes
        ]

    def root(self) -> bytes:
        """The root of all leaves so far."""
        right: bytes | None = None
        for hashes in self.open:
            right = _fold(hashes, right)
        return EMPTY_ROOT if right is None else right

    def root_with(self, leaves: Sequence[bytes]) -> bytes:
        """The root that fewer than a tile's worth of further leaves would give; they are not added."""
        grown = Tree(self.size, [list(hashes) for hashes in self.open])
        grown.append(leaves)
        return grown.root()


def _fold(hashes: Sequence[bytes], right: bytes | None) -> bytes | None:
    """The root over subtrees of one height and a smaller one to their right."""
    end = len(hashes)
    while end:
        width = end & -end
        left = complete_root(hashes[end - width : end])
        right = left if right is None else node_hash(left, right)
        end -= width
    return right


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1, from the leaf upwards. Raises ValueError for a leaf that is not in the tree."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_root(node, middle, end))
            end = middle
        else:
            path.append(_range_root(node, begin, middle))
            begin = middle
    return path[::-1]


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """PROOF of RFC 6962, 2.1.2, that the tree of `old` leaves is a prefix. Raises ValueError unless old <= new."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} is no prefix of one of {new}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    begin, end, whole = 0, new, True
    while begin + (old - begin) != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range_root(node, middle, end))
            end = middle
        else:
            path.append(_range_root(node, begin, middle))
            begin, whole = middle, False
    if not whole:
        path.append(_range_root(node, begin, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2: whether the path leads from the leaf's hash to the root."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2: whether the older tree is a prefix of the newer one."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def range_root(node: Node, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return _range_root(node, 0, size) if size else EMPTY_ROOT


def _range_root(node: Node, begin: int, end: int) -> bytes:
    """Over leaves `begin` to `end`, as RFC 6962 splits them: `begin` is a multiple of the power of two above."""
    width = end - begin
    if width & (width - 1) == 0:
        height = width.bit_length() - 1
        return node(height, begin >> height)
    middle = begin + _split(width)
    return node_hash(_range_root(node, begin, middle), _range_root(node, middle, end))


def _split(width: int) -> int:
    """The largest power of two below."""
    return 1 << ((width - 1).bit_length() - 1)
