-- Every answer of a model. Key: (client_id, run_id, agent_id, turn). Never updated, never removed.

-- on: agent_turn_completed
INSERT INTO invocations
SELECT client_id, aggregate_id, data->>'$.agent_id', (data->>'$.turn')::INTEGER, data->>'$.model', data->>'$.text',
       data->>'$.text_blob.sha256', data->'$.tool_calls', data->>'$.thought_signature',
       (data->>'$.tokens_in')::BIGINT, (data->>'$.tokens_out')::BIGINT, (data->>'$.latency_ms')::BIGINT,
       (data->>'$.final')::BOOLEAN, (data->>'$.tokens_thought')::BIGINT, (data->>'$.tokens_cached')::BIGINT,
       (data->>'$.cost_usd')::DOUBLE, data->>'$.finish', data->>'$.request.sha256', data->>'$.answered_by', time, seq
FROM incoming
WHERE event = 'agent_turn_completed';
