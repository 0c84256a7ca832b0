"""Proof packages: a run as an RO-Crate with its files, events, proofs and the key; and their check offline."""
