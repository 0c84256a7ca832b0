-- title: Largest files
-- says: The largest files there are now: artifacts and library files, the current version of each.
-- chart: bar x=path y=size_bytes

SELECT kind, path, run_id, content_type, size_bytes, made_at
FROM (
    SELECT 'artifact' AS kind, path, run_id, content_type, size_bytes, generated_at AS made_at
    FROM artifacts WHERE gone = ''
    UNION ALL
    SELECT 'library', filename, NULL, content_type, size_bytes, uploaded_at
    FROM library_files WHERE version IS NOT NULL AND NOT deleted
)
WHERE made_at >= $from AND made_at < $to
ORDER BY size_bytes DESC, path
LIMIT $limit
