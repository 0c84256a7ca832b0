-- What runs were given and what artifacts were made from. Key: (client_id, run_id, path, version, source).
-- A row with an empty path is an input given to the whole run. Never updated, never removed.

-- on: started
INSERT INTO lineage
SELECT client_id, aggregate_id, '', 0, 'given', 'input/' || (input->>'$.name'), input->>'$.kind',
       input->>'$.run_id', coalesce(input->>'$.path', input->>'$.name'), (input->>'$.version')::INTEGER,
       input->>'$.sha256', seq
FROM (
    SELECT client_id, aggregate_id, seq, unnest(from_json(data->'$.inputs', '["JSON"]')) AS input
    FROM incoming
    WHERE event = 'started'
);

-- on: artifact_promoted
INSERT INTO lineage
SELECT client_id, aggregate_id, path, version, 'read', source, split_part(source, '/', 1), NULL, NULL, NULL, NULL, seq
FROM (
    SELECT client_id, aggregate_id, data->>'$.path' AS path, (data->>'$.artifact.version')::INTEGER AS version, seq,
           unnest(from_json(data->'$.inputs', '["VARCHAR"]')) AS source
    FROM incoming
    WHERE event = 'artifact_promoted'
);
