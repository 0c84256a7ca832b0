-- What runs were given, and what their agents were seen to read. Key: (client_id, run_id, agent_id, turn, source).
-- A row without an agent is an input of the whole run. What a source in a run's own folders was, and in which
-- version, is a question for raro/projections/lineage. Never updated, never removed.

-- on: started
INSERT INTO lineage BY NAME
SELECT client_id, aggregate_id AS run_id, '' AS agent_id, 0 AS turn, 'given' AS relation,
       'input/' || (input->>'$.name') AS source, input->>'$.kind' AS source_kind,
       CASE WHEN input->>'$.scope' = 'public' THEN 'public' ELSE client_id END AS source_client_id,
       input->>'$.run_id' AS source_run_id, coalesce(input->>'$.path', input->>'$.name') AS source_path,
       (input->>'$.version')::INTEGER AS source_version, input->>'$.sha256' AS source_sha256, seq
FROM (
    SELECT client_id, aggregate_id, seq, unnest(from_json(data->'$.inputs', '["JSON"]')) AS input
    FROM incoming
    WHERE event = 'started'
);

-- on: tool_returned
INSERT INTO lineage BY NAME
SELECT client_id, aggregate_id AS run_id, data->>'$.agent_id' AS agent_id, (data->>'$.turn')::INTEGER AS turn,
       'read' AS relation, source,
       CASE WHEN starts_with(source, 'input/') THEN 'input' WHEN starts_with(source, 'output/') THEN 'output'
            WHEN starts_with(source, 'agent:') THEN 'agent' ELSE 'web' END AS source_kind, seq
FROM (
    SELECT client_id, aggregate_id, data, seq, unnest(from_json(data->'$.reads', '["VARCHAR"]')) AS source
    FROM incoming
    WHERE event = 'tool_returned'
);
