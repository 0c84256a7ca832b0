"""The analyst's kit: runs inside the sandbox, sent there as text. Knows pandas, DuckDB and matplotlib, not RARO."""
