-- Every version a library name ever had. Key: (client_id, file_id, version). Never updated, never removed.

-- on: file_uploaded
INSERT INTO library_versions
SELECT client_id, aggregate_id, data->>'$.filename', (data->>'$.version_number')::INTEGER, data->>'$.sha256',
       (data->>'$.size_bytes')::BIGINT, data->>'$.content_type', time, data->'$.origin', actor, seq
FROM incoming
WHERE event = 'file_uploaded';
