"""Decisions: commands and events in, events out. Pure; no clock, no randomness, no I/O."""
