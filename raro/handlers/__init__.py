"""Reactors: one per file; each consumes events, decides with `raro.domain`, takes effect, appends."""
