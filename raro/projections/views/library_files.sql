-- The current state of each name of each library. Key: (client_id, file_id). A deleted file stays as a
-- tombstone (deleted, deleted_at); a link to a public file is a row without a version.

-- on: file_uploaded
MERGE INTO library_files AS t USING (
    SELECT client_id, aggregate_id, arg_max(data, seq) AS data, max(time) AS time, max(seq) AS seq
    FROM incoming WHERE event = 'file_uploaded' GROUP BY ALL
) AS s ON t.client_id = s.client_id AND t.file_id = s.aggregate_id
WHEN MATCHED THEN UPDATE SET
    version = (s.data->>'$.version_number')::INTEGER, sha256 = s.data->>'$.sha256',
    size_bytes = (s.data->>'$.size_bytes')::BIGINT, content_type = s.data->>'$.content_type',
    uploaded_at = s.time, origin = s.data->'$.origin', deleted = false, deleted_at = NULL, seq = s.seq
WHEN NOT MATCHED THEN INSERT VALUES (
    s.client_id, s.aggregate_id, s.data->>'$.filename', (s.data->>'$.version_number')::INTEGER, s.data->>'$.sha256',
    (s.data->>'$.size_bytes')::BIGINT, s.data->>'$.content_type', s.time, s.data->'$.origin', false, false, NULL, s.seq);

-- on: file_linked, file_unlinked, file_deleted
MERGE INTO library_files AS t USING (
    SELECT client_id, aggregate_id, any_value(data->>'$.filename') AS filename, arg_max(event, seq) AS event,
           max(seq) AS seq
    FROM incoming WHERE event IN ('file_linked', 'file_unlinked', 'file_deleted') GROUP BY ALL
) AS s ON t.client_id = s.client_id AND t.file_id = s.aggregate_id
WHEN MATCHED THEN UPDATE SET linked = s.event = 'file_linked', seq = greatest(t.seq, s.seq)
WHEN NOT MATCHED THEN INSERT (client_id, file_id, filename, linked, deleted, seq)
VALUES (s.client_id, s.aggregate_id, s.filename, s.event = 'file_linked', false, s.seq);

-- on: file_deleted, file_restored
UPDATE library_files AS t SET
    deleted = s.event = 'file_deleted', deleted_at = CASE s.event WHEN 'file_deleted' THEN s.time END,
    seq = greatest(t.seq, s.seq)
FROM (
    SELECT client_id, aggregate_id, arg_max(event, seq) AS event, arg_max(time, seq) AS time, max(seq) AS seq
    FROM incoming WHERE event IN ('file_uploaded', 'file_deleted', 'file_restored') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.file_id = s.aggregate_id;
