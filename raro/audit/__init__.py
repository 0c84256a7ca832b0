"""Tamper evidence: the Merkle tree over the log, its signed checkpoints, proofs, and their verification."""
