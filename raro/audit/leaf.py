"""The leaf: the exact bytes of one stored event that the tree covers (docs/audit.md has the table).

    field     bytes
    format    `raro-leaf/1`
    log       the stream's incarnation, decimal digits
    seq       8 bytes, big endian
    time      8 bytes, big endian, nanoseconds since 1970-01-01T00:00:00Z
    subject   as stored
    headers   the lines `name: value` of the allow-listed headers as stored, sorted by their bytes
    payload   SHA-256 of the body, 32 bytes

Each field is preceded by its length, 4 bytes big endian, and so is each line within `headers`. The payload
is there by its hash, so that an event can be proved without being shown. Headers that RARO does not read are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

from raro.events import wire
from raro.events.raw import Stored

FORMAT = b"raro-leaf/1"
HEADERS = (
    wire.BATCH_COMMIT,
    wire.BATCH_ID,
    wire.BATCH_SEQ,
    wire.EXPECTED_SEQ,
    wire.EXPECTED_SUBJECT,
    wire.MSG_ID,
)
_FIRST_LINE = b"NATS/1.0\r\n"
_LINES = tuple(f"{name}:".encode() for name in HEADERS)
# Between the begin and the subject: the sequence, the time's length, the time, the subject's length.
_NUMBERS = Struct(">QIQI").pack
# A table: `int.to_bytes` takes as long as a third of a hash.
_COUNTS = [count.to_bytes(4, "big") for count in range(4096)]
_EIGHT, _THIRTY_TWO, _NONE = _COUNTS[8], _COUNTS[32], _COUNTS[0]


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a leaf's bytes say; `headers` are the allow-listed header lines."""

    incarnation: str
    seq: int
    time_ns: int
    subject: str
    headers: tuple[str, ...]
    payload_sha256: str

    @classmethod
    def of(cls, incarnation: str, message: Stored) -> Leaf:
        """What the leaf of a stored message says."""
        lines = tuple(_text(line) for line in allowed(message.headers))
        subject, payload = _text(message.subject), sha256(message.body).hexdigest()
        return cls(incarnation, message.seq, message.time_ns, subject, lines, payload)

    def to_bytes(self) -> bytes:
        """The tree's entry. Raises ValueError when a number does not fit or the hash is none."""
        payload = bytes.fromhex(self.payload_sha256)
        if len(payload) != 32 or not 0 <= self.seq < 2**63 or not 0 <= self.time_ns < 2**63:
            raise ValueError("no leaf has these numbers")
        fields = (
            FORMAT,
            self.incarnation.encode(),
            self.seq.to_bytes(8, "big"),
            self.time_ns.to_bytes(8, "big"),
            _bytes(self.subject),
            b"".join(_counted(line) for line in sorted(map(_bytes, self.headers))),
            payload,
        )
        return b"".join(map(_counted, fields))

    def header(self, name: str) -> str | None:
        """One allow-listed header's value."""
        return next((line.partition(":")[2].strip() for line in self.headers if line.startswith(f"{name}:")), None)


class LeafHasher:
    """Hashes the messages of one log, many at once."""

    def __init__(self, incarnation: str) -> None:
        self._begin = b"\x00" + _counted(FORMAT) + _counted(incarnation.encode()) + _EIGHT

    def hashes(self, messages: Sequence[Stored]) -> list[bytes]:
        """The RFC 6962 leaf hash of each message: `leaf_hash(Leaf.of(…).to_bytes())`, in a fifth of the time."""
        begin, numbers, block, join = self._begin, _NUMBERS, _block, b"".join
        return [
            sha256(
                join(
                    (
                        begin,
                        numbers(seq, 8, time_ns, len(subject)),
                        subject,
                        block(headers),
                        _THIRTY_TWO,
                        sha256(body).digest(),
                    )
                )
            ).digest()
            for seq, time_ns, subject, headers, body in messages
        ]


def allowed(block: bytes) -> list[bytes]:
    """The header lines that the tree covers, sorted, from a header block as the server stores it."""
    lines = block[len(_FIRST_LINE) : -4] if block.startswith(_FIRST_LINE) else block
    return sorted([line for line in lines.split(b"\r\n") if line.startswith(_LINES)])


def _block(block: bytes) -> bytes:
    if not block:
        return _NONE
    counted: list[bytes] = []
    for line in allowed(block):
        counted += (_count(len(line)), line)
    return _counted(b"".join(counted))


def _count(length: int) -> bytes:
    return _COUNTS[length] if length < 4096 else length.to_bytes(4, "big")


def _counted(value: bytes) -> bytes:
    return _count(len(value)) + value


def _text(value: bytes) -> str:
    return value.decode("utf-8", errors="surrogateescape")


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", errors="surrogateescape")
