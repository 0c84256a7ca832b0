-- The current state of each path of each run. Key: (client_id, run_id, path). A deleted or expired artifact
-- stays as a tombstone (gone, gone_at).

-- on: artifact_promoted
MERGE INTO artifacts AS t USING (
    SELECT client_id, aggregate_id, data->>'$.path' AS path, arg_max(data, seq) AS data, max(seq) AS seq
    FROM incoming WHERE event = 'artifact_promoted' GROUP BY ALL
) AS s ON t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.path = s.path
WHEN MATCHED THEN UPDATE SET
    version = (s.data->>'$.artifact.version')::INTEGER, agent_id = s.data->>'$.artifact.agent_id',
    sha256 = s.data->>'$.artifact.sha256', size_bytes = (s.data->>'$.artifact.size_bytes')::BIGINT,
    content_type = s.data->>'$.artifact.content_type', generated_at = (s.data->>'$.artifact.generated_at')::TIMESTAMP,
    expires_at = (s.data->>'$.expires_at')::TIMESTAMP, gone = '', gone_at = NULL, seq = s.seq
WHEN NOT MATCHED THEN INSERT VALUES (
    s.client_id, s.aggregate_id, s.path, (s.data->>'$.artifact.version')::INTEGER, s.data->>'$.artifact.agent_id',
    s.data->>'$.artifact.sha256', (s.data->>'$.artifact.size_bytes')::BIGINT, s.data->>'$.artifact.content_type',
    (s.data->>'$.artifact.generated_at')::TIMESTAMP, false, (s.data->>'$.expires_at')::TIMESTAMP, '', NULL, NULL,
    s.seq);

-- on: artifact_pinned, artifact_unpinned, artifact_deleted, artifact_restored, artifact_expired
-- on: artifact_saved_to_library
UPDATE artifacts AS t SET
    pinned = coalesce(s.pin = 'artifact_pinned', t.pinned),
    expires_at = CASE WHEN s.expiry IS NULL THEN t.expires_at ELSE (s.expiry->>'$.expires_at')::TIMESTAMP END,
    gone = CASE s.life WHEN 'artifact_deleted' THEN 'deleted' WHEN 'artifact_expired' THEN 'expired'
                       ELSE CASE WHEN s.life IS NULL THEN t.gone ELSE '' END END,
    gone_at = CASE WHEN s.life IS NULL THEN t.gone_at
                   WHEN s.life IN ('artifact_deleted', 'artifact_expired') THEN s.gone_at END,
    saved_as = coalesce(s.saved->>'$.filename', t.saved_as),
    seq = s.seq
FROM (
    SELECT client_id, aggregate_id, data->>'$.path' AS path,
           arg_max(event, seq) FILTER (event IN ('artifact_pinned', 'artifact_unpinned')) AS pin,
           arg_max(data, seq) FILTER (event IN ('artifact_promoted', 'artifact_unpinned', 'artifact_restored')) AS expiry,
           arg_max(event, seq) FILTER (event IN ('artifact_promoted', 'artifact_deleted', 'artifact_expired',
                                                 'artifact_restored')) AS life,
           arg_max(time, seq) FILTER (event IN ('artifact_deleted', 'artifact_expired')) AS gone_at,
           arg_max(data, seq) FILTER (event = 'artifact_saved_to_library') AS saved,
           max(seq) AS seq
    FROM incoming
    WHERE event IN ('artifact_promoted', 'artifact_pinned', 'artifact_unpinned', 'artifact_deleted',
                    'artifact_restored', 'artifact_expired', 'artifact_saved_to_library')
    GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.path = s.path;
