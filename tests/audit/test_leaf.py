"""The leaf: its bytes written out by hand, and the quick way to its hash equal to the plain one."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.audit.leaf import HEADERS, Leaf, LeafHasher
from raro.audit.merkle import leaf_hash
from raro.events.raw import Stored

BLOCK = b"NATS/1.0\r\nNats-Msg-Id: 7\r\nX-Other: 1\r\nNats-Batch-Id: b\r\n\r\n"


def counted(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def test_the_bytes_are_those_of_the_documentation() -> None:
    message = Stored(3, 5, b"raro.evt.acme.run.r.paused", BLOCK, b"{}")
    assert Leaf.of("2026", message).to_bytes() == b"".join(
        map(
            counted,
            (
                b"raro-leaf/1",
                b"2026",
                (3).to_bytes(8, "big"),
                (5).to_bytes(8, "big"),
                b"raro.evt.acme.run.r.paused",
                counted(b"Nats-Batch-Id: b") + counted(b"Nats-Msg-Id: 7"),
                sha256(b"{}").digest(),
            ),
        )
    )


LINES = st.one_of(
    st.sampled_from(HEADERS).flatmap(
        lambda name: st.binary(max_size=20).map(lambda value: name.encode() + b": " + value)
    ),
    st.binary(max_size=30),
).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b""))


def block_of(lines: list[bytes]) -> bytes:
    return b"NATS/1.0\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" if lines else b""


MESSAGES = st.builds(
    Stored,
    st.integers(1, 2**62),
    st.integers(0, 2**62),
    st.binary(min_size=1, max_size=5000),
    st.lists(LINES, max_size=5).map(block_of),
    st.binary(max_size=200),
)


@given(st.lists(MESSAGES, max_size=5))
def test_the_quick_way_is_the_plain_way(messages: list[Stored]) -> None:
    plain = [leaf_hash(Leaf.of("20261121", message).to_bytes()) for message in messages]
    assert LeafHasher("20261121").hashes(messages) == plain


@given(MESSAGES, MESSAGES)
def test_two_messages_have_two_leaves(one: Stored, other: Stored) -> None:
    same = Leaf.of("1", one) == Leaf.of("1", other)
    assert (Leaf.of("1", one).to_bytes() == Leaf.of("1", other).to_bytes()) == same


def test_numbers_that_no_server_gives_make_no_leaf() -> None:
    with pytest.raises(ValueError, match="no leaf has these numbers"):
        Leaf("1", -1, 0, "s", (), "00" * 32).to_bytes()
