-- The tables of the projection. A change here, or in any file beside it, makes a new projection version:
-- the file is then built again from the log. Times are UTC. `seq` is the last event that touched a row.

CREATE TABLE events (
    seq BIGINT, id VARCHAR, type VARCHAR, subject VARCHAR, client_id VARCHAR, aggregate VARCHAR,
    aggregate_id VARCHAR, event VARCHAR, actor VARCHAR, time TIMESTAMP, correlation_id VARCHAR,
    causation_id VARCHAR, data JSON
);

CREATE TABLE library_files (
    client_id VARCHAR, file_id VARCHAR, filename VARCHAR, version INTEGER, sha256 VARCHAR, size_bytes BIGINT,
    content_type VARCHAR, uploaded_at TIMESTAMP, origin JSON, linked BOOLEAN, deleted BOOLEAN,
    deleted_at TIMESTAMP, seq BIGINT
);

CREATE TABLE library_versions (
    client_id VARCHAR, file_id VARCHAR, filename VARCHAR, version INTEGER, sha256 VARCHAR, size_bytes BIGINT,
    content_type VARCHAR, uploaded_at TIMESTAMP, origin JSON, actor VARCHAR, seq BIGINT
);

CREATE TABLE runs (
    client_id VARCHAR, run_id VARCHAR, workflow_id VARCHAR, name VARCHAR, directive VARCHAR, workflow JSON,
    inputs JSON, retention_days DOUBLE, actor VARCHAR, status VARCHAR, code VARCHAR, reason VARCHAR,
    sandbox VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP, tokens BIGINT, files BIGINT, errors BIGINT,
    session_expired BOOLEAN, cost_usd DOUBLE, pending_approvals BIGINT, seq BIGINT
);

CREATE TABLE agents (
    client_id VARCHAR, run_id VARCHAR, agent_id VARCHAR, position BIGINT, role VARCHAR, model VARCHAR,
    status VARCHAR, epoch INTEGER, turns INTEGER, tokens BIGINT, latency_ms BIGINT, files INTEGER,
    tools VARCHAR[], thought_signature VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP, output_sha256 VARCHAR,
    output_size_bytes BIGINT, summary VARCHAR, code VARCHAR, message VARCHAR,
    depends_on VARCHAR[], attached VARCHAR[], delegated_by VARCHAR, relation VARCHAR, depth INTEGER, attempt INTEGER, puppet BOOLEAN,
    cost_usd DOUBLE, tokens_in BIGINT, tokens_out BIGINT, seq BIGINT
);

CREATE TABLE invocations (
    client_id VARCHAR, run_id VARCHAR, agent_id VARCHAR, turn INTEGER, model VARCHAR, text VARCHAR,
    text_sha256 VARCHAR, tool_calls JSON, thought_signature VARCHAR, tokens_in BIGINT, tokens_out BIGINT,
    latency_ms BIGINT, final BOOLEAN, tokens_thought BIGINT, tokens_cached BIGINT, cost_usd DOUBLE, finish VARCHAR,
    request_sha256 VARCHAR, answered_by VARCHAR, completed_at TIMESTAMP, seq BIGINT
);

CREATE TABLE artifacts (
    client_id VARCHAR, run_id VARCHAR, path VARCHAR, version INTEGER, agent_id VARCHAR, sha256 VARCHAR,
    size_bytes BIGINT, content_type VARCHAR, generated_at TIMESTAMP, pinned BOOLEAN, expires_at TIMESTAMP,
    gone VARCHAR, gone_at TIMESTAMP, saved_as VARCHAR, seq BIGINT
);

CREATE TABLE artifact_versions (
    client_id VARCHAR, run_id VARCHAR, path VARCHAR, version INTEGER, agent_id VARCHAR, turn INTEGER,
    sha256 VARCHAR, size_bytes BIGINT, content_type VARCHAR, generated_at TIMESTAMP, seq BIGINT
);

CREATE TABLE lineage (
    client_id VARCHAR, run_id VARCHAR, agent_id VARCHAR, turn INTEGER, relation VARCHAR, source VARCHAR,
    source_kind VARCHAR, source_client_id VARCHAR, source_run_id VARCHAR, source_path VARCHAR,
    source_version INTEGER, source_sha256 VARCHAR, seq BIGINT
);

CREATE TABLE saves (
    client_id VARCHAR, run_id VARCHAR, path VARCHAR, version INTEGER, filename VARCHAR, library_version INTEGER,
    sha256 VARCHAR, actor VARCHAR, saved_at TIMESTAMP, seq BIGINT
);

CREATE TABLE approvals (
    client_id VARCHAR, run_id VARCHAR, approval_id VARCHAR, agent_id VARCHAR, reason VARCHAR, subject JSON,
    kind VARCHAR, options VARCHAR[], batch VARCHAR, turn INTEGER, call_id VARCHAR, path VARCHAR, rule_id VARCHAR,
    sha256 VARCHAR, expires_at TIMESTAMP, status VARCHAR, decision VARCHAR, note VARCHAR, timed_out BOOLEAN,
    requested_at TIMESTAMP, decided_at TIMESTAMP, decided_by VARCHAR, seq BIGINT
);

CREATE TABLE policy_matches (
    client_id VARCHAR, run_id VARCHAR, agent_id VARCHAR, rule_id VARCHAR, action VARCHAR, detail VARCHAR,
    time TIMESTAMP, seq BIGINT
);

CREATE TABLE parked (
    client_id VARCHAR, reactor VARCHAR, event_id VARCHAR, event_seq BIGINT, event_subject VARCHAR, error VARCHAR,
    deliveries INTEGER, parked_at TIMESTAMP, unparked_at TIMESTAMP, seq BIGINT
);

CREATE TABLE blob_references (client_id VARCHAR, run_id VARCHAR, sha256 VARCHAR, size_bytes BIGINT, seq BIGINT);

CREATE TABLE cursor (version VARCHAR, incarnation VARCHAR, seq BIGINT, hash VARCHAR);

CREATE MACRO rfc3339(t) AS strftime(t, '%Y-%m-%dT%H:%M:%S.%gZ');
