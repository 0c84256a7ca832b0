"""Signed notes: one that another implementation signed, our own, and every way to break one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raro.audit.notes import BadNote, Checkpoint, Signer, Verifier

CHECKPOINT = Checkpoint("raro/1", 7, bytes(range(32)))
SIGNER = Signer("raro/1", bytes(range(32)))
# The example of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_another_implementation_is_signed_by_its_key() -> None:
    # It holds, and only then is found to be no checkpoint.
    with pytest.raises(BadNote, match="not a checkpoint"):
        Verifier.of(GO_KEY).open(GO_NOTE)
    with pytest.raises(BadNote, match="signature is wrong"):
        Verifier.of(GO_KEY).open(GO_NOTE.replace("problem is", "problem was"))


def test_what_was_signed_is_read_again() -> None:
    note = SIGNER.sign(CHECKPOINT)
    assert note.startswith("raro/1\n7\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n\u2014 raro/1 ")
    assert Verifier.of(str(SIGNER.verifier)).open(note) == CHECKPOINT


def test_a_second_signature_does_no_harm() -> None:
    note = SIGNER.sign(CHECKPOINT)
    witness = Signer("witness", bytes(32)).sign(CHECKPOINT).splitlines()[-1]
    assert SIGNER.verifier.open(f"{note}{witness}\n") == CHECKPOINT


@given(st.data())
def test_no_changed_byte_passes(data: st.DataObject) -> None:
    note = SIGNER.sign(CHECKPOINT).encode()
    at = data.draw(st.integers(0, len(note) - 1))
    changed = bytearray(note)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        opened = SIGNER.verifier.open(changed.decode(errors="replace"))
    except BadNote:
        return
    # Base64 has bits that mean nothing in its last digit: then it is the same note.
    assert opened == CHECKPOINT


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(BadNote):
        SIGNER.verifier.open(text)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "NAME"),
        ("raro+abc", "NAME"),
        ("raro/1+00000000+AQ==", "NAME"),
        (GO_KEY.replace("c74f20a3", "c74f20a4"), "its own hash"),
        (GO_KEY.replace("AR", "A!"), "base64"),
    ],
)
def test_a_broken_key_is_told(key: str, why: str) -> None:
    with pytest.raises(BadNote, match=why):
        Verifier.of(key)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raro/1\n7\n", "three lines"),
        ("\n7\nAA==\n", "three lines"),
        ("raro/1\n07\nAA==\n", "plain number"),
        ("raro/1\n-7\nAA==\n", "plain number"),
        ("raro/1\n7\nAA==\n", "32 bytes"),
        ("raro/1\n7\n?\n", "base64"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_told(text: str, why: str) -> None:
    with pytest.raises(BadNote, match=why):
        Checkpoint.of(text)
