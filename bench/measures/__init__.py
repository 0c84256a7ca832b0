"""One measure per file: what is done, what is counted, and where the target and the peer's figure come from."""
