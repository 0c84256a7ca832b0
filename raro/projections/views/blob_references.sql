-- Bytes that a run's record refers to beside its files: outputs, long answers, long results. They are kept as long
-- as the run's artifacts can be. Key: seq and hash. Never updated, never removed.

-- on: agent_briefed, agent_turn_completed, tool_returned, agent_finished
INSERT INTO blob_references
SELECT client_id, aggregate_id, blob->>'$.sha256', (blob->>'$.size_bytes')::BIGINT, seq
FROM (
    SELECT client_id, aggregate_id, seq,
           unnest(list_concat(
               json_extract(data, ['$.text_blob', '$.result_blob', '$.output', '$.content', '$.request', '$.briefing']),
               json_extract(data, '$.tool_calls[*].args_blob'))) AS blob
    FROM incoming
    WHERE event IN ('agent_briefed', 'agent_turn_completed', 'tool_returned', 'agent_finished')
          AND contains(data, '"sha256"') -- to look is a tenth of what to parse costs, and few have one
)
WHERE blob IS NOT NULL AND blob->>'$.sha256' IS NOT NULL;
