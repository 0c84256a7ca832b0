-- Every version an artifact ever had. Key: (client_id, run_id, path, version). Never updated, never removed.

-- on: artifact_promoted
INSERT INTO artifact_versions
SELECT client_id, aggregate_id, data->>'$.path', (data->>'$.artifact.version')::INTEGER,
       data->>'$.artifact.agent_id', (data->>'$.turn')::INTEGER, data->>'$.artifact.sha256',
       (data->>'$.artifact.size_bytes')::BIGINT, data->>'$.artifact.content_type',
       (data->>'$.artifact.generated_at')::TIMESTAMP, seq
FROM incoming
WHERE event = 'artifact_promoted';
