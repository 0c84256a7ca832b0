"""The append-only log: envelope, catalogue, stream set-up, append, read, upcast."""
