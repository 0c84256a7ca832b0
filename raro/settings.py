"""Every setting: name, default, unit, help. Read once from `RARO_*` variables, passed on as values.

docs/operations.md lists them all; a test fails when one is missing there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024


class Settings(BaseSettings):
    """One process's settings; the variable of `port` is `RARO_PORT`."""

    model_config = SettingsConfigDict(env_prefix="RARO_", frozen=True, extra="ignore", populate_by_name=True)

    storage: Path = Field(default=Path("storage"), description="data folder")
    host: str = Field(default="127.0.0.1", description="address the API listens on")
    port: int = Field(default=3000, ge=0, le=65535, description="port the API listens on; 0 picks a free one")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="warning", description="least level logged")

    nats_url: str | None = Field(default=None, description="an existing nats-server with JetStream; unset: embedded")
    nats_replicas: int = Field(default=1, ge=1, le=5, description="copies of the event stream; 3 in a cluster")
    redis_url: str | None = Field(default=None, description="an existing Redis or Valkey; unset: embedded")
    output_ttl_s: int = Field(default=3600, ge=1, description="how long Redis keeps an agent's output, seconds")

    max_upload_bytes: int = Field(default=64 * 1024 * MIB, ge=1, description="largest single upload, bytes")
    retention_days: float = Field(default=7, gt=0, le=3650, description="days an artifact is kept unless pinned")
    grace_hours: float = Field(default=72, ge=0, description="hours within which a deletion can be undone")
    session_hours: float = Field(default=24, gt=0, description="hours a finished run's session folder is kept")
    retention_interval_s: float = Field(default=60, gt=0, description="seconds between looks for what expired")
    tree_interval_s: float = Field(default=5, gt=0, description="seconds between looks at the trees and dropped files")

    sandbox: Literal["auto", "bubblewrap", "shim", "unsafe", "off", "e2b"] = Field(
        default="auto", description="sandbox tier; auto takes E2B with a key, else the strongest that holds here"
    )
    e2b_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("E2B_API_KEY"),
        description="E2B's key; with it, `auto` means E2B",
    )
    sandbox_wall_s: float = Field(default=300, gt=0, description="wall time of one Python execution, seconds")
    sandbox_cpu_s: int = Field(default=300, gt=0, description="CPU time of one Python execution, seconds")
    sandbox_memory_mb: int = Field(default=2048, ge=256, description="memory of one Python execution, MiB")
    sandbox_processes: int = Field(default=128, ge=8, description="processes and threads of one execution")
    sandbox_output_kb: int = Field(default=256, ge=1, description="printed output of one execution, KiB")
    sandbox_files: int = Field(default=1000, ge=1, description="files in one agent's output folder")
    sandbox_file_mb: int = Field(default=1024, ge=1, description="largest file an agent may write, MiB")
    sandbox_total_mb: int = Field(default=4096, ge=1, description="all files an agent may write, MiB")

    model: str = Field(default="auto", description="who answers turns: auto, offline, gemini or script:FILE")
    gemini_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        description="Gemini's key; with it, `auto` means Gemini",
    )
    gemini_fast: str = Field(default="gemini-3.8-flash", description="the model of the tier fast")
    gemini_reasoning: str = Field(default="gemini-3.8-flash", description="the model of the tier reasoning")
    gemini_thinking: str = Field(default="gemini-3.1-pro-preview", description="the model of the tier thinking")
    gemini_timeout_s: float = Field(default=300, gt=0, description="longest time of one answer, seconds")
    gemini_tries: int = Field(default=4, ge=1, le=20, description="how often one answer is asked for when Gemini fails")
    gemini_wait_s: float = Field(default=60, ge=0, description="longest wait between two tries, seconds")
    gemini_cache_kb: int = Field(
        default=400, ge=0, description="attachments from this size on are put into a context cache, KiB; 0: never"
    )
    tavily_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("TAVILY_API_KEY"),
        description="Tavily's key; with it, agents may search the web",
    )
    tavily_url: str = Field(default="https://api.tavily.com", description="where Tavily or a proxy of it answers")
    approval_timeout_s: float = Field(
        default=3600, gt=0, description="seconds a person has to decide before it counts as a no"
    )
    rules: Path | None = Field(default=None, description="file of rules for agents; unset: rules.toml in storage")
    agents_at_once: int = Field(default=4, ge=1, le=64, description="agents one worker runs side by side")
    ack_wait_s: float = Field(default=10, ge=1, description="seconds after which a dead worker's work is taken over")
    max_deliveries: int = Field(default=5, ge=1, description="tries of a reactor before it parks an event")
    project_timeout_s: float = Field(default=10, gt=0, description="seconds a command waits for the views")
    sql_timeout_s: float = Field(default=10, gt=0, description="wall time of one query of a client's own, seconds")
    sql_memory_mb: int = Field(default=256, ge=64, description="memory DuckDB may use for one query, MiB")
    sql_rows: int = Field(default=50_000, ge=1, description="rows of one query's answer")
    sql_result_kb: int = Field(default=16 * 1024, ge=1, description="size of one query's answer, KiB")
    sql_at_once: int = Field(default=2, ge=1, le=64, description="queries that run side by side")
    sql_cache_mb: int = Field(default=4096, ge=1, description="all snapshots that queries run on, MiB")
    audit_key: Path | None = Field(
        default=None, description="Ed25519 key that seals the log, PEM; unset: made in storage/audit"
    )
    checkpoints: str | None = Field(
        default=None, description="second place for signed checkpoints: a folder, or s3://, gs://, az:// with a prefix"
    )
    seal_events: int = Field(default=1000, ge=1, description="events after which a checkpoint is signed")
    seal_s: float = Field(default=60, gt=0, description="seconds after which new events are sealed, however few")
    verify_at_start: bool = Field(default=True, description="reread the log and check what was signed, at every start")
    archive_interval_s: float = Field(
        default=86_400, ge=0, description="seconds between looks for what may be archived; 0: only `raro archive` does"
    )
    archive_days: float = Field(default=7, ge=0, le=36_500, description="only events of this age are archived, days")
    archive_events: int = Field(default=10_000, ge=1, description="fewer new events are not worth a file")
    replay_every: int = Field(
        default=10_000, ge=100, description="events between two snapshots of the past: what one look has to fold"
    )
    replay_cache_mb: int = Field(default=2048, ge=64, description="all snapshots of the past, MiB")
    replay_memory_mb: int = Field(default=256, ge=64, description="memory DuckDB may use for one look at the past, MiB")
    replay_at_once: int = Field(default=2, ge=1, le=16, description="looks at the past that are worked on side by side")
    sse_beat_s: float = Field(default=15, gt=0, description="seconds between beats of an event stream")
    sse_queue: int = Field(default=256, ge=8, description="patches a slow stream may fall behind before it is dropped")

    @property
    def rules_path(self) -> Path:
        """Where the rules for agents are, whether there is such a file or not."""
        return self.rules or self.storage / "rules.toml"
