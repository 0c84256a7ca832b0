-- title: Expiring soon
-- says: Artifacts that will go unless they are pinned or saved to the library, the next one first.
-- chart: table

SELECT run_id, path, agent_id, size_bytes, expires_at,
       round(epoch_ms(expires_at - (now() AT TIME ZONE 'UTC')) / 3600000, 2) AS hours_left
FROM artifacts
WHERE gone = '' AND NOT pinned AND expires_at >= $from AND expires_at < $to
ORDER BY expires_at, run_id, path
LIMIT $limit
