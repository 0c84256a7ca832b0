-- Every answer of a model. Key: (client_id, run_id, agent_id, turn). Never updated, never removed.
-- All fields are taken in one go: each `->>` would parse the data anew.

-- on: agent_turn_completed
INSERT INTO invocations
SELECT client_id, aggregate_id, field[1], field[2]::INTEGER, field[3], field[4], field[5], tool_calls, field[6],
       field[7]::BIGINT, field[8]::BIGINT, field[9]::BIGINT, field[10]::BOOLEAN, field[11]::BIGINT, field[12]::BIGINT,
       field[13]::DOUBLE, field[14], field[15], field[16], time, seq
FROM (
    SELECT client_id, aggregate_id, time, seq, data->'$.tool_calls' AS tool_calls,
           json_extract_string(data, [
               '$.agent_id', '$.turn', '$.model', '$.text', '$.text_blob.sha256', '$.thought_signature',
               '$.tokens_in', '$.tokens_out', '$.latency_ms', '$.final', '$.tokens_thought', '$.tokens_cached',
               '$.cost_usd', '$.finish', '$.request.sha256', '$.answered_by']) AS field
    FROM incoming
    WHERE event = 'agent_turn_completed'
);
