"""The analyst's kit: runs inside the sandbox, sent there as text. Knows pandas, DuckDB and matplotlib, not RARO.

These three are imported where a table needs them: to load them takes longer than to describe a document.
"""
