"""The tree against the RFC's own vectors, and its laws over any sizes."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.audit.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    range_root,
    verify_consistency,
    verify_inclusion,
)

# The entries and roots of the reference implementation's test (google/certificate-transparency).
ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def node_of(leaves: list[bytes]):  # type: ignore[no-untyped-def]
    return lambda height, index: naive_root(leaves[index << height : (index + 1) << height])


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference(size: int) -> None:
    tree = Tree()
    tree.append([leaf_hash(entry) for entry in ENTRIES[:size]])
    assert tree.root().hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Tree().root() == EMPTY_ROOT == sha256(b"").digest()


def test_an_inclusion_proof_of_the_reference_holds() -> None:
    # Leaf 5 of 8, from the same source.
    path = [bytes.fromhex(text) for text in (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    )]  # fmt: skip
    leaves = [leaf_hash(entry) for entry in ENTRIES]
    assert inclusion_proof(node_of(leaves), 5, 8) == path
    assert verify_inclusion(leaves[5], 5, 8, path, bytes.fromhex(ROOTS[7]))


@given(st.lists(st.integers(0, 700), max_size=6))
def test_growing_in_pieces_gives_the_root_of_the_whole(pieces: list[int]) -> None:
    leaves = leaves_of(sum(pieces))
    tree, done = Tree(), 0
    for count in pieces:
        tree.append(leaves[done : done + count])
        done += count
        assert tree.root() == naive_root(leaves[:done])


@given(st.data())
def test_every_leaf_is_proved_and_no_other_one(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root = naive_root(leaves)
    path = inclusion_proof(node_of(leaves), index, size)
    assert verify_inclusion(leaves[index], index, size, path, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, path, root)
    other = data.draw(st.integers(0, size + 3).filter(lambda number: number != index))
    assert not verify_inclusion(leaves[index], other, size, path, root)
    for at in range(len(path)):
        assert not verify_inclusion(leaves[index], index, size, [*path[:at], *path[at + 1 :]], root)
    assert not verify_inclusion(leaves[index], index, size, [*path, root], root)


@given(st.data())
def test_a_prefix_is_proved_and_a_fork_is_not(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 600))
    old = data.draw(st.integers(1, new))
    leaves = leaves_of(new)
    roots = naive_root(leaves[:old]), naive_root(leaves)
    path = consistency_proof(node_of(leaves), old, new)
    assert verify_consistency(old, new, *roots, path)
    changed = data.draw(st.integers(0, old - 1))
    forked = naive_root([*leaves[:changed], leaf_hash(b"other"), *leaves[changed + 1 : old]])
    assert not verify_consistency(old, new, forked, roots[1], path)
    if old != new:
        assert not verify_consistency(old, new, roots[0], forked, path)


@given(st.integers(0, 600))
def test_the_root_of_a_prefix_is_found_among_the_nodes(size: int) -> None:
    leaves = leaves_of(size)
    assert range_root(node_of(leaves), size) == naive_root(leaves)


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    leaves = leaves_of(3)
    with pytest.raises(ValueError, match="leaf 3 is not in a tree of 3"):
        inclusion_proof(node_of(leaves), 3, 3)
    with pytest.raises(ValueError, match="a tree of 4 is no prefix of one of 3"):
        consistency_proof(node_of(leaves), 4, 3)
