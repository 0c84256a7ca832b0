"""Projections: the log folded into DuckDB by set-based SQL, queried for REST, patched for SSE."""
