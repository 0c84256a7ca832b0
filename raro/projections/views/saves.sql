-- Every time an artifact was saved to the library. Key: (client_id, run_id, path, seq). Never updated, never removed.

-- on: artifact_saved_to_library
INSERT INTO saves
SELECT client_id, aggregate_id, data->>'$.path', (data->>'$.version_number')::INTEGER, data->>'$.filename',
       (data->>'$.library_version')::INTEGER, data->>'$.sha256', actor, time, seq
FROM incoming
WHERE event = 'artifact_saved_to_library';
