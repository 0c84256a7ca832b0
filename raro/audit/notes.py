"""Checkpoints as signed notes: their text, their Ed25519 signature, the keys' text forms; no input, no output.

Formats: C2SP signed-note (https://c2sp.org/signed-note) and tlog-checkpoint (https://c2sp.org/tlog-checkpoint),
which other tools of transparency logs read.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

_ED25519 = b"\x01"
_KEY_BYTES = 32
_DASH = "\u2014 "
MAX_NOTE_BYTES = 64 * 1024


class BadNote(Exception):
    """A note, a checkpoint or a key that cannot be read, or whose signature is wrong; says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: the log `origin` has `size` events, whose tree has this root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text, which ends with a newline."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"

    @classmethod
    def of(cls, text: str) -> Checkpoint:
        """Read a note's text; lines that other logs may add are passed over. Raises BadNote."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not lines[0]:
            raise BadNote("not a checkpoint: it needs three lines, each ended")
        if not lines[1].isascii() or not lines[1].isdigit() or (lines[1] != "0" and lines[1].startswith("0")):
            raise BadNote(f"a checkpoint's size is a plain number, not {lines[1][:40]!r}")
        root = from_base64(lines[2])
        if len(root) != _KEY_BYTES or len(lines[1]) > 18:
            raise BadNote("a checkpoint's root has 32 bytes, and its size fits into 18 digits")
        return cls(lines[0], int(lines[1]), root)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and its name; its text form is the verifier key of a signed note."""

    name: str
    public: bytes

    @classmethod
    def of(cls, text: str) -> Verifier:
        """Read `name+hash+key`. Raises BadNote."""
        name, _, rest = text.strip().partition("+")
        digest, _, key = rest.partition("+")
        raw = from_base64(key)
        if not name or any(sign.isspace() for sign in name) or raw[:1] != _ED25519 or len(raw) != 1 + _KEY_BYTES:
            raise BadNote("a key is written NAME+HASH+KEY, and is an Ed25519 key")
        made = cls(name, raw[1:])
        if made.key_id.hex() != digest:
            raise BadNote("the key does not match its own hash: it was cut or changed")
        return made

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{to_base64(_ED25519 + self.public)}"

    def open(self, note: str) -> Checkpoint:
        """The checkpoint of a note that this key signed. Raises BadNote."""
        text, signatures = _parts(note)
        mine = [signed for name, key_id, signed in signatures if (name, key_id) == (self.name, self.key_id)]
        if not mine:
            raise BadNote(f"the checkpoint is not signed by {self.name}+{self.key_id.hex()}")
        for signed in mine:
            try:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signed, text.encode())
            except (InvalidSignature, ValueError):
                raise BadNote("the checkpoint's signature is wrong: it was changed after it was signed") from None
        return Checkpoint.of(text)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its name."""

    name: str
    secret: bytes

    @classmethod
    def new(cls, name: str) -> Signer:
        """Make a key."""
        made = Ed25519PrivateKey.generate()
        return cls(name, made.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key()
        return Verifier(self.name, public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, checkpoint: Checkpoint) -> str:
        """The signed note."""
        text = checkpoint.text()
        signed = Ed25519PrivateKey.from_private_bytes(self.secret).sign(text.encode())
        return f"{text}\n{_DASH}{self.name} {to_base64(self.verifier.key_id + signed)}\n"


def to_base64(data: bytes) -> str:
    """Standard base64 with padding, as both formats ask."""
    return base64.b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """The bytes of standard base64. Raises BadNote."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote(f"{text[:60]!r} is not base64") from None


def _parts(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note's text, and of each signature the key's name, its id and the signature."""
    if len(note) > MAX_NOTE_BYTES:
        raise BadNote("a note of this size is none")
    text, blank, below = note.rpartition("\n\n")
    if not blank or not below.endswith("\n") or not below.startswith(_DASH):
        raise BadNote("not a signed note: a text, an empty line and signatures are expected")
    signatures = []
    for line in below[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        signed = from_base64(encoded)
        if not line.startswith(_DASH) or not name or len(signed) < 5:
            raise BadNote("a signature line is broken")
        signatures.append((name, signed[:4], signed[4:]))
    return text + "\n", signatures
