-- One row a run. Key: (client_id, run_id). The first end (completed, failed, stopped) stays: a later pause or
-- resume changes nothing. Any event of the run moves `seq`, for the row shows its agents' progress. Costs are
-- billionths of a dollar: as they stand, floating point's sum would depend on how the log is cut into batches.

-- on: started
INSERT INTO runs BY NAME
SELECT client_id, aggregate_id AS run_id, data->>'$.workflow.id' AS workflow_id, data->>'$.workflow.name' AS name,
       data->>'$.directive' AS directive, data->'$.workflow' AS workflow, data->'$.inputs' AS inputs,
       (data->>'$.retention_days')::DOUBLE AS retention_days, actor, 'running' AS status, time AS started_at,
       0 AS tokens, 0 AS files, 0 AS errors, false AS session_expired, 0 AS cost_usd,
       0 AS pending_approvals, seq
FROM incoming
WHERE event = 'started';

-- on: session_prepared
UPDATE runs AS t SET sandbox = s.data->>'$.sandbox'
FROM incoming AS s
WHERE s.event = 'session_prepared' AND t.client_id = s.client_id AND t.run_id = s.aggregate_id;

-- on: completed, failed, stopped
UPDATE runs AS t SET status = s.event, ended_at = s.time, code = s.data->>'$.code', reason = s.data->>'$.reason'
FROM (
    SELECT client_id, aggregate_id, arg_min(event, seq) AS event, arg_min(time, seq) AS time,
           arg_min(data, seq) AS data
    FROM incoming WHERE event IN ('completed', 'failed', 'stopped') AND aggregate = 'run' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.ended_at IS NULL;

-- on: paused, resumed
UPDATE runs AS t SET status = CASE s.event WHEN 'paused' THEN 'paused' ELSE 'running' END
FROM (
    SELECT client_id, aggregate_id, arg_max(event, seq) AS event
    FROM incoming WHERE event IN ('paused', 'resumed') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.ended_at IS NULL;

-- on: approval_requested, approval_granted, approval_denied, completed, failed, stopped
UPDATE runs AS t SET pending_approvals = (
    SELECT count(*) FROM approvals AS a
    WHERE a.client_id = t.client_id AND a.run_id = t.run_id AND a.status = 'pending')
FROM (
    SELECT DISTINCT client_id, aggregate_id FROM incoming
    WHERE aggregate = 'run' AND event IN ('approval_requested', 'approval_granted', 'approval_denied', 'completed',
                                          'failed', 'stopped')
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id;

-- on: session_expired
UPDATE runs AS t SET session_expired = true
FROM incoming AS s
WHERE s.event = 'session_expired' AND t.client_id = s.client_id AND t.run_id = s.aggregate_id;

-- on: agent_turn_completed, artifact_promoted, agent_failed
UPDATE runs AS t SET
    tokens = t.tokens + s.tokens, files = t.files + s.files, errors = t.errors + s.errors,
    cost_usd = round(t.cost_usd + s.cost, 9), seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, count(*) FILTER (event = 'artifact_promoted') AS files,
           count(*) FILTER (event = 'agent_failed') AS errors, max(seq) AS seq,
           sum(round(coalesce(field[1]::DOUBLE, 0), 9) ORDER BY seq) AS cost,
           sum(coalesce(field[2]::BIGINT + field[3]::BIGINT, 0)) AS tokens
    FROM (
        SELECT client_id, aggregate_id, event, seq,
               CASE event WHEN 'agent_turn_completed'
                          THEN json_extract_string(data, ['$.cost_usd', '$.tokens_in', '$.tokens_out']) END AS field
        FROM incoming WHERE event IN ('agent_turn_completed', 'artifact_promoted', 'agent_failed')
    ) GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id;

-- on: run *
-- not on: agent_turn_completed, artifact_promoted, agent_failed
UPDATE runs AS t SET seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, max(seq) AS seq
    FROM incoming WHERE aggregate = 'run' AND event <> 'unreadable' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id;
