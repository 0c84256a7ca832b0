-- One row an agent of a run, from the workflow it was started with. Key: (client_id, run_id, agent_id).

-- on: started
INSERT INTO agents BY NAME
SELECT client_id, aggregate_id AS run_id, agent->>'$.id' AS agent_id, position - 1 AS position,
       agent->>'$.role' AS role, agent->>'$.model' AS model, 'idle' AS status, 0 AS epoch, 0 AS turns, 0 AS tokens,
       0 AS latency_ms, 0 AS files, []::VARCHAR[] AS tools, seq
FROM (
    SELECT client_id, aggregate_id, seq,
           unnest(from_json(data->'$.workflow.agents', '["JSON"]')) AS agent,
           generate_subscripts(from_json(data->'$.workflow.agents', '["JSON"]'), 1) AS position
    FROM incoming
    WHERE event = 'started'
);

-- on: agent_scheduled, agent_started, agent_finished, agent_failed
UPDATE agents AS t SET status = CASE s.event
    WHEN 'agent_scheduled' THEN 'scheduled' WHEN 'agent_started' THEN 'running'
    WHEN 'agent_finished' THEN 'finished' ELSE 'failed' END, seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(event, seq) AS event, max(seq) AS seq
    FROM incoming
    WHERE event IN ('agent_scheduled', 'agent_started', 'agent_finished', 'agent_failed') GROUP BY ALL
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
    tools = list_sort(list_distinct(list_concat(t.tools, s.tools))),
    thought_signature = coalesce(s.thought_signature, t.thought_signature), seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, count(*) AS turns,
           sum((data->>'$.tokens_in')::BIGINT + (data->>'$.tokens_out')::BIGINT) AS tokens,
           sum((data->>'$.latency_ms')::BIGINT) AS latency_ms,
           flatten(list(json_extract_string(data, '$.tool_calls[*].name'))) AS tools,
           arg_max(data->>'$.thought_signature', seq) AS thought_signature, max(seq) AS seq
    FROM incoming WHERE event = 'agent_turn_completed' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: agent_finished, agent_failed
UPDATE agents AS t SET ended_at = s.time
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(time, seq) AS time
    FROM incoming WHERE event IN ('agent_finished', 'agent_failed') GROUP BY ALL
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

-- on: agent_failed
UPDATE agents AS t SET code = s.data->>'$.code', message = s.data->>'$.message'
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, arg_max(data, seq) AS data
    FROM incoming WHERE event = 'agent_failed' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;

-- on: file_generated
UPDATE agents AS t SET files = t.files + s.files, seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, data->>'$.agent_id' AS agent_id, count(*) AS files, max(seq) AS seq
    FROM incoming WHERE event = 'file_generated' GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.agent_id = s.agent_id;
