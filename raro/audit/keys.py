"""The key that seals the log: made at the first start, kept beside the data or wherever the operator says."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from raro.audit.notes import Signer
from raro.errors import AuditDamaged
from raro.files.faults import storage_faults

KEY_FILE = "key.pem"


def signing_key(path: Path, name: str) -> Signer:
    """The Ed25519 key in a PKCS #8 PEM file, which is made where there is none. Raises AuditDamaged, StorageFault."""
    with storage_faults(f"read the audit key {str(path)!r}"):
        if not path.exists():
            _make(path)
        data = path.read_bytes()
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise AuditDamaged(
            f"{str(path)!r} holds no private key in PEM form ({type(error).__name__}). Restore it from your backup; "
            "without it the log cannot be sealed under the same name."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditDamaged(f"{str(path)!r} holds a {type(key).__name__}; an Ed25519 key is needed.")
    return Signer(name, key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
