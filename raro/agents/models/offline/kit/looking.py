"""Prints what each input is, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from raro.agents.models.offline.kit.loading import Loaded, load


def look(names: Sequence[str]) -> None:
    """One line a file, then its columns or its beginning."""
    for name in names:
        loaded = load(name)
        print(f"{name}: {loaded.kind}, {human_size(loaded.size_bytes)}{_more(loaded)}")
        for note in loaded.notes:
            print(f"  note: {note}")


def _more(loaded: Loaded) -> str:
    if loaded.frame is not None:
        columns = ", ".join(f"{name} ({dtype})" for name, dtype in loaded.frame.dtypes.head(40).items())
        return f", {loaded.rows:,} rows, {loaded.frame.shape[1]} columns: {columns}"
    return f", {len(loaded.text.splitlines()):,} lines" if loaded.text is not None else ""


def human_size(size: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
