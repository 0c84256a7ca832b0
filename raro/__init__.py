"""RARO: a file system with a memory for teams of AI agents."""
