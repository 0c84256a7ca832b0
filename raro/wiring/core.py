"""What every process needs: the servers, the log, the stores and the commands over them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from raro.agents.models import GeminiOptions, Minds
from raro.agents.policy.book import RuleBook
from raro.agents.search import Search
from raro.commands.aggregates import Aggregates
from raro.commands.artifacts import ArtifactCommands
from raro.commands.library import LibraryCommands, library_aggregates
from raro.commands.policy import PolicyCommands, rule_histories
from raro.commands.runs import RunCommands, run_aggregates
from raro.domain.library import Slot
from raro.domain.run import Run
from raro.embedded.lock import StorageLock
from raro.embedded.servers import Servers
from raro.errors import StartFailed
from raro.events.log import EventLog
from raro.files.blobs import BlobStore
from raro.files.outputs import Outputs
from raro.files.trees import Trees
from raro.garbage import loading
from raro.handlers.sessions import Sessions
from raro.sandboxes.e2b import E2BSandboxes
from raro.sandboxes.local import LocalSandboxes
from raro.sandboxes.sandbox import Limits, Sandboxes
from raro.settings import MIB, Settings
from raro.wiring.opening import opened

if TYPE_CHECKING:
    from raro.files.hot import Hot


@dataclass(frozen=True)
class Core:
    """Everything but the reactors, the views and the API."""

    settings: Settings
    servers: Servers
    log: EventLog
    blobs: BlobStore
    trees: Trees
    outputs: Outputs
    sandboxes: Sandboxes
    sessions: Sessions
    slots: Aggregates[Slot]
    run_states: Aggregates[Run]
    library: LibraryCommands
    runs: RunCommands
    artifacts: ArtifactCommands
    minds: Minds
    search: Search | None
    rules: RuleBook
    policy: PolicyCommands

    @property
    def limits(self) -> Limits:
        """What one agent's code may use."""
        asked = self.settings
        return Limits(
            wall_s=asked.sandbox_wall_s,
            cpu_s=asked.sandbox_cpu_s,
            memory_bytes=asked.sandbox_memory_mb * MIB,
            processes=asked.sandbox_processes,
            output_bytes=asked.sandbox_output_kb * 1024,
            files=asked.sandbox_files,
            file_bytes=asked.sandbox_file_mb * MIB,
            total_bytes=asked.sandbox_total_mb * MIB,
        )


@asynccontextmanager
async def core(settings: Settings, lock: StorageLock | None, *, cache: bool = True) -> AsyncIterator[Core]:
    """Start or reach the servers, open the log and the stores; everything is closed with the block.

    Without `cache` there is no Redis (`opened`).

    Raises StartFailed, LogUnavailable, StorageFault.
    """
    async with AsyncExitStack() as stack:
        servers, log = await stack.enter_async_context(opened(settings, lock, cache=cache))
        built = _build(settings, servers, log)
        stack.push_async_callback(built.outputs.close)
        stack.push_async_callback(built.minds.close)
        stack.push_async_callback(built.sandboxes.close)
        yield built


def _build(settings: Settings, servers: Servers, log: EventLog) -> Core:
    storage, grace = settings.storage, timedelta(hours=settings.grace_hours)
    blobs = BlobStore(storage / "blobs")
    slots, runs = library_aggregates(log), run_aggregates(log)
    sandboxes = sandboxes_of(settings)
    minds = Minds(settings.model, gemini_of(settings), blobs.path)
    search = search_of(settings)
    rules = RuleBook(settings.rules_path, kept=storage / "cache" / "rules.toml")
    return Core(
        settings=settings,
        servers=servers,
        log=log,
        blobs=blobs,
        trees=Trees(storage, blobs),
        outputs=Outputs(blobs, hot_of(servers.redis_url), ttl_s=settings.output_ttl_s),
        sandboxes=sandboxes,
        sessions=Sessions(storage / "sessions", blobs, sandboxes),
        slots=slots,
        run_states=runs,
        library=LibraryCommands(slots, grace=grace),
        runs=RunCommands(
            runs, slots, blobs, minds.planner(search=search is not None), retention_days=settings.retention_days
        ),
        artifacts=ArtifactCommands(runs, slots, grace=grace),
        minds=minds,
        search=search,
        rules=rules,
        policy=PolicyCommands(rule_histories(log), rules, lambda: minds.asker),
    )


def sandboxes_of(settings: Settings) -> Sandboxes:
    """E2B when a key is set and nothing else is asked for, else this machine. Raises StartFailed without the key."""
    key = settings.e2b_api_key.get_secret_value() if settings.e2b_api_key else ""
    if settings.sandbox == "e2b" and not key:
        raise StartFailed("RARO_SANDBOX=e2b needs a key: set E2B_API_KEY, or RARO_SANDBOX=auto.")
    if settings.sandbox == "e2b" or (settings.sandbox == "auto" and key):
        return E2BSandboxes(key)
    return LocalSandboxes(settings.storage / "cache", settings.sandbox)


def hot_of(url: str | None) -> Hot | None:
    """The cache of outputs; None without a server for it."""
    if url is None:
        return None
    with loading():
        from raro.files.hot import Hot

    return Hot(url)


def search_of(settings: Settings) -> Search | None:
    """The web search; None without a key."""
    key = settings.tavily_api_key.get_secret_value() if settings.tavily_api_key else ""
    return Search(key, settings.tavily_url) if key else None


def gemini_of(settings: Settings) -> GeminiOptions | None:
    """What the settings say of Gemini; None without a key."""
    if settings.gemini_api_key is None or not settings.gemini_api_key.get_secret_value():
        return None
    return GeminiOptions(
        api_key=settings.gemini_api_key.get_secret_value(),
        tiers={
            "fast": settings.gemini_fast,
            "reasoning": settings.gemini_reasoning,
            "thinking": settings.gemini_thinking,
        },
        timeout_s=settings.gemini_timeout_s,
        tries=settings.gemini_tries,
        longest_wait_s=settings.gemini_wait_s,
        cache_bytes=settings.gemini_cache_kb * 1024,
    )
