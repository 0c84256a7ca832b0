"""What is kept of one log's tree: tiles, checkpoints, the public key; below `audit/{incarnation}/`.

audit/key.pem                    the private key (or where RARO_AUDIT_KEY says)
audit/{incarnation}/key.pub      the verifier key, to note down elsewhere
audit/{incarnation}/tile/…       hashes (`tiles`)
audit/{incarnation}/checkpoints/ signed notes (`checkpoints`)
{RARO_CHECKPOINTS}/{incarnation} the same notes once more, where the log's machine should not be able to change them
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raro.audit.checkpoints import CheckpointFolder, opened, second_place
from raro.audit.keys import KEY_FILE, signing_key
from raro.audit.merkle import WIDTH, Tree
from raro.audit.notes import BadNote, Checkpoint, Signer, Verifier
from raro.audit.tiles import TileFolder
from raro.errors import AuditDamaged
from raro.files.faults import storage_faults

PUBLIC_FILE = "key.pub"
CHECKPOINTS = "checkpoints"


def origin_of(incarnation: str) -> str:
    """What checkpoints call a log, and its key."""
    return f"raro/{incarnation}"


@dataclass(frozen=True, slots=True)
class SealedTree:
    """A tree that was proved to be the one of its checkpoint."""

    tree: Tree
    checkpoint: Checkpoint
    last_leaf: bytes
    """The hash of the last sealed event's leaf."""


class SealedLog:
    """One log's tiles and checkpoints. `second` is another place for checkpoints."""

    def __init__(self, folder: Path, incarnation: str, *, key: Path | None = None, second: str | None = None) -> None:
        self.incarnation = incarnation
        self.origin = origin_of(incarnation)
        self.folder = folder / incarnation
        self.key_path = key or folder / KEY_FILE
        self.tiles = TileFolder(self.folder)
        self.checkpoints = CheckpointFolder(self.folder / CHECKPOINTS)
        self.second = second_place(second, incarnation) if second else None

    @property
    def public_path(self) -> Path:
        """Where the verifier key is."""
        return self.folder / PUBLIC_FILE

    def signer(self) -> Signer:
        """The key that signs; made at the first call, with its public half beside the checkpoints.

        Raises AuditDamaged where another key signed before, StorageFault.
        """
        if not self.key_path.exists() and self.checkpoints.sizes():
            raise AuditDamaged(
                f"the key {str(self.key_path)!r} is gone, though checkpoints were signed with it. Put it back from "
                "your backup, or name it with RARO_AUDIT_KEY."
            )
        signer = signing_key(self.key_path, self.origin)
        text = f"{signer.verifier}\n"
        with storage_faults("write the audit key's public half"):
            if not self.public_path.exists():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self.public_path.write_text(text)
            elif self.public_path.read_text() != text:
                raise AuditDamaged(
                    f"{str(self.key_path)!r} is not the key that sealed this log ({str(self.public_path)!r}): put the "
                    "right one in its place."
                )
        return signer

    def verifier(self) -> Verifier | None:
        """The public key, None before anything was sealed. Raises AuditDamaged."""
        if not self.public_path.exists():
            return None
        try:
            return Verifier.of(self.public_path.read_text(errors="replace"))
        except BadNote as reason:
            raise AuditDamaged(f"{str(self.public_path)!r}: {reason}.") from reason

    def others(self) -> tuple[str, ...]:
        """Other logs with checkpoints in the same place."""
        with storage_faults("look for checkpoints of other logs"):
            beside = self.folder.parent.iterdir() if self.folder.parent.exists() else ()
            return tuple(sorted(path.name for path in beside if path != self.folder and (path / CHECKPOINTS).is_dir()))

    def last(self, verifier: Verifier) -> Checkpoint | None:
        """The last checkpoint. Raises AuditDamaged when it is not as it was signed."""
        kept = self.checkpoints.last()
        if kept is None:
            return None
        try:
            return opened(kept, verifier, self.origin)
        except BadNote as reason:
            raise AuditDamaged(f"the last checkpoint, of {kept.size} events: {reason}.") from reason

    def resume(self, verifier: Verifier) -> SealedTree | None:
        """The tree as it was sealed last, from its tiles; None before the first time.

        Raises AuditDamaged when the tiles do not give the root that was signed.
        """
        checkpoint = self.last(verifier)
        if checkpoint is None or checkpoint.size == 0:
            return None
        tree = self.tiles.tree(checkpoint.size)
        if tree.root() != checkpoint.root:
            raise AuditDamaged(
                f"the stored hashes of the first {checkpoint.size} events do not give the root that was signed."
            )
        number, inside = divmod(checkpoint.size - 1, WIDTH)
        return SealedTree(tree, checkpoint, self.tiles.read(0, number, inside + 1)[-1])
