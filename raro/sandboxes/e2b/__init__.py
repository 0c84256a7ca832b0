"""Sandboxes at E2B: one remote machine a run, shared by its agents, never trusted with the only copy of anything."""

from raro.sandboxes.e2b.sandboxes import E2BSandboxes

__all__ = ["E2BSandboxes"]
