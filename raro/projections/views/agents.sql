-- One row an agent of a run, from the workflow it was started with or from a delegation; one that was pruned stays.
-- Key: (client_id, run_id, agent_id).

-- on: started
INSERT INTO agents BY NAME
SELECT client_id, aggregate_id AS run_id, agent->>'$.id' AS agent_id, position - 1 AS position,
       agent->>'$.role' AS role, agent->>'$.model' AS model, 'idle' AS status, 0 AS epoch, 0 AS turns, 0 AS tokens,
       0 AS latency_ms, 0 AS files, []::VARCHAR[] AS tools,
       coalesce(from_json(agent->'$.depends_on', '["VARCHAR"]'), []) AS depends_on,
       from_json(agent->'$.attached_files', '["VARCHAR"]') AS attached, 0 AS depth, 1 AS attempt,
       agent->>'$.model' = 'puppet' AS puppet, 0 AS cost_usd, 0 AS tokens_in, 0 AS tokens_out, seq
FROM (
    SELECT client_id, aggregate_id, seq,
           unnest(from_json(data->'$.workflow.agents', '["JSON"]')) AS agent,
           generate_subscripts(from_json(data->'$.workflow.agents', '["JSON"]'), 1) AS position
    FROM incoming
    WHERE event = 'started'
);

-- on: agent_delegated
INSERT INTO agents BY NAME
SELECT client_id, aggregate_id AS run_id, data->>'$.child.id' AS agent_id, seq AS position,
       data->>'$.child.role' AS role, data->>'$.child.model' AS model, 'idle' AS status, 0 AS epoch, 0 AS turns,
       0 AS tokens, 0 AS latency_ms, 0 AS files, []::VARCHAR[] AS tools,
       coalesce(from_json(data->'$.child.depends_on', '["VARCHAR"]'), []) AS depends_on,
       from_json(data->'$.child.attached_files', '["VARCHAR"]') AS attached,
       data->>'$.agent_id' AS delegated_by, data->>'$.relation' AS relation, (data->>'$.depth')::INTEGER AS depth,
       1 AS attempt, data->>'$.child.model' = 'puppet' AS puppet, 0 AS cost_usd, 0 AS tokens_in, 0 AS tokens_out, seq
FROM incoming
WHERE event = 'agent_delegated';

-- on: agent_delegated, agent_pruned, dependency_grafted
UPDATE agents AS t SET depends_on = s.depends_on, seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, agent_id, max(seq) AS seq,
           arg_max(from_json(data->'$.waits'->agent_id, '["VARCHAR"]'), seq) AS depends_on
    FROM (
        SELECT client_id, aggregate_id, seq, data, unnest(json_keys(data->'$.waits')) AS agent_id
        FROM incoming WHERE event IN ('agent_delegated', 'agent_pruned', 'dependency_grafted')
    ) GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_puppeted
UPDATE agents AS t SET puppet = s.puppet, seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, max(seq) AS seq,
           arg_max((data->>'$.on')::BOOLEAN, seq) AS puppet
    FROM incoming WHERE event = 'agent_puppeted' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_scheduled, agent_started, agent_finished, agent_failed, agent_skipped, agent_pruned
UPDATE agents AS t SET status = CASE s.event
    WHEN 'agent_scheduled' THEN 'scheduled' WHEN 'agent_started' THEN 'running' WHEN 'agent_finished' THEN 'finished'
    WHEN 'agent_skipped' THEN 'skipped' WHEN 'agent_pruned' THEN 'pruned' ELSE 'failed' END,
    attempt = coalesce(s.attempt, t.attempt), seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(event, seq) AS event, max(seq) AS seq,
           arg_max((data->>'$.attempt')::INTEGER, seq) FILTER (event = 'agent_scheduled') AS attempt
    FROM incoming
    WHERE event IN ('agent_scheduled', 'agent_started', 'agent_finished', 'agent_failed', 'agent_skipped',
                    'agent_pruned') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_started
UPDATE agents AS t SET
    model = s.data->>'$.model', epoch = (s.data->>'$.epoch')::INTEGER, started_at = coalesce(t.started_at, s.first)
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(data, seq) AS data,
           arg_min(time, seq) AS first
    FROM incoming WHERE event = 'agent_started' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_turn_completed
UPDATE agents AS t SET
    turns = t.turns + s.turns, tokens = t.tokens + s.tokens, latency_ms = t.latency_ms + s.latency_ms,
    tokens_in = t.tokens_in + s.tokens_in, tokens_out = t.tokens_out + s.tokens_out,
    cost_usd = round(t.cost_usd + s.cost, 9),
    tools = list_sort(list_distinct(list_concat(t.tools, s.tools))),
    thought_signature = coalesce(s.thought_signature, t.thought_signature), seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, field[1] AS agent_id, count(*) AS turns,
           sum(field[2]::BIGINT + field[3]::BIGINT) AS tokens,
           sum(field[2]::BIGINT) AS tokens_in, sum(field[3]::BIGINT) AS tokens_out,
           sum(round(coalesce(field[4]::DOUBLE, 0), 9) ORDER BY seq) AS cost,
           sum(field[5]::BIGINT) AS latency_ms, flatten(list(tools)) AS tools,
           arg_max(field[6], seq) AS thought_signature, max(seq) AS seq
    FROM (
        SELECT client_id, aggregate_id, seq, json_extract_string(data, '$.tool_calls[*].name') AS tools,
               json_extract_string(data, ['$.agent_id', '$.tokens_in', '$.tokens_out', '$.cost_usd', '$.latency_ms',
                                          '$.thought_signature']) AS field
        FROM incoming WHERE event = 'agent_turn_completed'
    ) GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_finished, agent_failed, agent_skipped
UPDATE agents AS t SET ended_at = s.time
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(time, seq) AS time
    FROM incoming WHERE event IN ('agent_finished', 'agent_failed', 'agent_skipped') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_finished
UPDATE agents AS t SET
    output_sha256 = s.data->>'$.output.sha256', output_size_bytes = (s.data->>'$.output.size_bytes')::BIGINT,
    summary = s.data->>'$.summary'
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(data, seq) AS data
    FROM incoming WHERE event = 'agent_finished' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_failed, agent_scheduled
UPDATE agents AS t SET code = s.data->>'$.code', message = s.data->>'$.message'
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(data, seq) AS data
    FROM incoming WHERE event IN ('agent_failed', 'agent_scheduled') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: file_generated
UPDATE agents AS t SET files = t.files + s.files, seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, count(*) AS files, max(seq) AS seq
    FROM incoming WHERE event = 'file_generated' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;
