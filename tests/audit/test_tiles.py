"""Tiles on disk: what was kept proves every event, and what was damaged is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raro.audit.merkle import Tile, Tree, inclusion_proof, leaf_hash, verify_inclusion
from raro.audit.tiles import TileFolder
from raro.errors import AuditDamaged

LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(70_000)]


def kept(folder: Path, *sizes: int) -> Tree:
    """A tree that was kept at each of these sizes."""
    tiles, tree = TileFolder(folder), Tree()
    for size in sizes:
        full = tree.append(LEAVES[tree.size : size])
        tiles.write([*full, *tree.partial()])
        tiles.tidy([*full, *tree.partial()])
    return tree


@given(sizes=st.lists(st.integers(1, 1200), min_size=1, max_size=4, unique=True).map(sorted))
@settings(max_examples=20, deadline=None)
def test_a_tree_goes_on_from_its_tiles(sizes: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tiles")
    tree = kept(folder, *sizes)
    assert TileFolder(folder).tree(sizes[-1]).root() == tree.root()
    # Older trees are still there, for the tiles are theirs, too.
    for size in sizes:
        older = Tree()
        older.append(LEAVES[:size])
        assert TileFolder(folder).tree(size).root() == older.root()


def test_two_levels_lie_where_the_specification_says(tmp_path: Path) -> None:
    tree = kept(tmp_path, 70_000)
    assert (tmp_path / "tile" / "0" / "272").stat().st_size == 256 * 32
    assert (tmp_path / "tile" / "0" / "273.p" / "112").stat().st_size == 112 * 32
    assert (tmp_path / "tile" / "1" / "000").stat().st_size == 256 * 32
    assert (tmp_path / "tile" / "2" / "000.p" / "1").is_file()
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        path = inclusion_proof(TileFolder(tmp_path).node(70_000), index, 70_000)
        assert verify_inclusion(LEAVES[index], index, 70_000, path, tree.root())


def test_numbers_of_more_than_three_digits_are_folders(tmp_path: Path) -> None:
    TileFolder(tmp_path).write([Tile(0, 1_234_067, tuple(LEAVES[:256]))])
    assert (tmp_path / "tile" / "0" / "x001" / "x234" / "067").is_file()


def test_a_full_tile_is_never_written_anew(tmp_path: Path) -> None:
    kept(tmp_path, 300)
    other = Tree()
    full = other.append([leaf_hash(b"other"), *LEAVES[1:256]])
    with pytest.raises(AuditDamaged, match="other hashes"):
        TileFolder(tmp_path).write(full)
    kept(tmp_path, 300)


def test_narrower_tiles_go(tmp_path: Path) -> None:
    kept(tmp_path, 10, 20, 30)
    assert [path.name for path in (tmp_path / "tile" / "0" / "000.p").iterdir()] == ["30"]
    kept(tmp_path, 256)
    assert not (tmp_path / "tile" / "0" / "000.p").exists()


@pytest.mark.parametrize("damage", ["gone", "cut", "odd"])
def test_damage_is_said(tmp_path: Path, damage: str) -> None:
    kept(tmp_path, 30)
    path = tmp_path / "tile" / "0" / "000.p" / "30"
    match damage:
        case "gone":
            path.unlink()
        case "cut":
            path.write_bytes(path.read_bytes()[:-32])
        case _:
            path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(AuditDamaged, match="not in storage, or were cut"):
        TileFolder(tmp_path).tree(30)
