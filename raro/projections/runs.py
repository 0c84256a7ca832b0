"""Queries on runs: the list, one run's state in the original system's shape, agents' outputs."""

from __future__ import annotations

from raro.projections.queries import Connection, Row, from_cursor, one, rows, to_cursor

# A run that waits for a person says so; stored is what the run itself is.
_STATUS = "CASE WHEN status = 'running' AND pending_approvals > 0 THEN 'awaitingapproval' ELSE status END AS status"
_FIELDS = f"""
    run_id, workflow_id, name, directive, {_STATUS}, code, reason, sandbox, rfc3339(started_at) AS started_at,
    rfc3339(ended_at) AS ended_at, epoch_ms(ended_at - started_at) AS duration_ms, tokens AS total_tokens_used,
    files, errors, session_expired, cost_usd, pending_approvals, seq
"""
_PROGRESS = """
    SELECT run_id, agent_id, status, turns, tokens, files, cost_usd, message FROM agents
    WHERE client_id = $client AND run_id IN (SELECT unnest($runs)) ORDER BY position
"""
_STATE = f"""
    SELECT run_id, workflow_id, name, client_id, directive, {_STATUS}, code, reason, sandbox, workflow, inputs,
           retention_days, tokens AS total_tokens_used, rfc3339(started_at) AS start_time,
           rfc3339(ended_at) AS end_time, files, session_expired, cost_usd, pending_approvals, seq
    FROM runs WHERE client_id = $client AND run_id = $run
"""
_AGENTS = """
    SELECT agent_id, role, model, status, epoch, turns, tokens, latency_ms, files, tools, thought_signature,
           rfc3339(started_at) AS started_at, rfc3339(ended_at) AS ended_at, output_sha256, output_size_bytes, summary,
           code, message, depends_on, delegated_by, relation, depth, attempt, puppet, cost_usd, tokens_in, tokens_out
    FROM agents WHERE client_id = $client AND run_id = $run ORDER BY position
"""
# What the original system calls an invocation's status.
_INVOCATION = {
    "idle": "pending",
    "scheduled": "pending",
    "finished": "success",
    "failed": "failed",
    "skipped": "failed",
    "pruned": "failed",
}


def page(
    connection: Connection,
    client_id: str,
    *,
    status: str | None = None,
    q: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[Row], str | None]:
    """Runs, newest first, and the cursor of the next page."""
    where, arguments = ["client_id = $client"], {"client": client_id, "limit": limit + 1}
    if status:
        where.append(f"{_STATUS.removesuffix(' AS status')} = $status")
        arguments["status"] = status
    if q:
        where.append("contains(lower(concat_ws(' ', run_id, workflow_id, name, directive)), lower($q))")
        arguments["q"] = q
    if cursor:
        where.append("(-epoch_us(started_at), run_id) > ($moment, $run)")
        arguments["moment"], arguments["run"] = from_cursor(cursor, int, str)
    order = "ORDER BY -epoch_us(started_at), run_id LIMIT $limit"
    sql = f"SELECT epoch_us(started_at) AS k, {_FIELDS} FROM runs WHERE {' AND '.join(where)} {order}"
    found = rows(connection, sql, arguments)
    key = to_cursor(-found[limit - 1]["k"], found[limit - 1]["run_id"]) if len(found) > limit else None
    for row in found:
        del row["k"]
    return _with_agents(connection, client_id, found[:limit]), key


def changes(connection: Connection, client_id: str, after: int) -> tuple[list[Row], list[str]]:
    """Runs touched by events above `after`; a run never goes away."""
    sql = f"SELECT {_FIELDS} FROM runs WHERE client_id = $client AND seq > $after"
    return _with_agents(connection, client_id, rows(connection, sql, {"client": client_id, "after": after})), []


def _with_agents(connection: Connection, client_id: str, found: list[Row]) -> list[Row]:
    """The runs, each with how its agents stand.

    A question of its own: in one with the runs' it would cost twice as much to plan, and would be answered for all
    runs before the page's were picked.
    """
    agents: dict[str, list[Row]] = {row["run_id"]: [] for row in found}
    for agent in rows(connection, _PROGRESS, {"client": client_id, "runs": list(agents)}) if found else ():
        agents[agent.pop("run_id")].append(agent)
    for row in found:
        row["agents"] = agents[row["run_id"]]
    return found


def state(connection: Connection, client_id: str, run_id: str) -> Row | None:
    """One run with its agents, in the original system's shape and more."""
    names = {"client": client_id, "run": run_id}
    run = one(connection, _STATE, names, parse=("workflow", "inputs"))
    if run is None:
        return None
    agents = rows(connection, _AGENTS, names)
    for agent in agents:
        agent["artifact_id"] = agent["agent_id"] if agent["output_sha256"] else None
    return {
        **run,
        "active_agents": [agent["agent_id"] for agent in agents if agent["status"] in ("scheduled", "running")],
        "completed_agents": [agent["agent_id"] for agent in agents if agent["status"] == "finished"],
        "failed_agents": [agent["agent_id"] for agent in agents if agent["status"] == "failed"],
        "agents": agents,
        "invocations": [_invocation(run, agent) for agent in agents],
    }


def _invocation(run: Row, agent: Row) -> Row:
    running = "paused" if run["status"] == "paused" else "running"
    return {
        "id": f"{run['run_id']}:{agent['agent_id']}",
        "agent_id": agent["agent_id"],
        "model_variant": agent["model"],
        "thought_signature": agent["thought_signature"],
        "tools_used": agent["tools"],
        "tokens_used": agent["tokens"],
        "latency_ms": agent["latency_ms"],
        "status": _INVOCATION.get(agent["status"], running),
        "timestamp": agent["started_at"],
        "artifact_id": agent["artifact_id"],
        "error_message": agent["message"],
    }


def agent_output(connection: Connection, client_id: str, run_id: str, agent_id: str) -> Row | None:
    """Where an agent's full output is: `sha256`, `size_bytes`; both None while it has none. None: no such agent."""
    sql = """
        SELECT output_sha256 AS sha256, output_size_bytes AS size_bytes, status FROM agents
        WHERE client_id = ? AND run_id = ? AND agent_id = ?
    """
    return one(connection, sql, [client_id, run_id, agent_id])


def text_of(connection: Connection, client_id: str, run_id: str, sha256: str) -> Row | None:
    """A long text that the run's events refer to: `sha256`, `size_bytes`; None when they do not."""
    sql = "SELECT sha256, size_bytes FROM blob_references WHERE client_id = ? AND run_id = ? AND sha256 = ? LIMIT 1"
    return one(connection, sql, [client_id, run_id, sha256])


def approvals(
    connection: Connection, client_id: str, after: int = 0, *, status: str | None = None, run_id: str | None = None
) -> list[Row]:
    """Decisions that were asked for, touched above `after`; oldest first."""
    sql = """
        SELECT approval_id, run_id, agent_id, kind, reason, subject, options, batch, turn, call_id, path, rule_id,
               sha256, status, decision, note, timed_out, rfc3339(requested_at) AS requested_at,
               rfc3339(expires_at) AS expires_at, rfc3339(decided_at) AS decided_at, decided_by, seq
        FROM approvals
        WHERE client_id = $client AND seq > $after AND status = coalesce($status, status)
              AND run_id = coalesce($run, run_id)
        ORDER BY requested_at, approval_id
    """
    names = {"client": client_id, "after": after, "status": status, "run": run_id}
    return rows(connection, sql, names, parse=("subject",))


def prompt(connection: Connection, client_id: str, run_id: str, agent_id: str, turn: int) -> Row | None:
    """Where a turn's exact prompt is: `model`, `request_sha256`, `briefing_sha256`; None: no such turn."""
    sql = """
        SELECT model, request_sha256, (
            SELECT data->>'$.briefing.sha256' FROM events
            WHERE client_id = $client AND aggregate_id = $run AND event = 'agent_briefed'
                  AND data->>'$.agent_id' = $agent ORDER BY seq LIMIT 1) AS briefing_sha256
        FROM invocations WHERE client_id = $client AND run_id = $run AND agent_id = $agent AND turn = $turn
    """
    return one(connection, sql, {"client": client_id, "run": run_id, "agent": agent_id, "turn": turn})
