-- title: Clients
-- says: What each client did in the time and what it keeps now. Over HTTP that is the one who asks.
-- chart: bar x=client_id y=runs

SELECT client_id, coalesce(runs, 0) AS runs, coalesce(failed, 0) AS failed, coalesce(tokens, 0)::BIGINT AS tokens,
       round(coalesce(cost_usd, 0), 6) AS cost_usd, coalesce(artifacts, 0) AS artifacts,
       coalesce(artifact_bytes, 0)::BIGINT AS artifact_bytes, coalesce(library_files, 0) AS library_files,
       coalesce(library_bytes, 0)::BIGINT AS library_bytes, last_run
FROM (
    SELECT client_id, count(*) AS runs, count(*) FILTER (status = 'failed') AS failed, sum(tokens) AS tokens,
           sum(cost_usd) AS cost_usd, max(started_at) AS last_run
    FROM runs WHERE started_at >= $from AND started_at < $to GROUP BY client_id
)
FULL JOIN (
    SELECT client_id, count(*) AS artifacts, sum(size_bytes) AS artifact_bytes
    FROM artifacts WHERE gone = '' GROUP BY client_id
) USING (client_id)
FULL JOIN (
    SELECT client_id, count(*) AS library_files, sum(size_bytes) AS library_bytes
    FROM library_files WHERE version IS NOT NULL AND NOT deleted GROUP BY client_id
) USING (client_id)
ORDER BY runs DESC, client_id
LIMIT $limit
