-- title: Top inputs
-- says: The files that the most runs of the time were given, and in how many versions.
-- chart: bar x=input y=runs

SELECT l.source_kind AS kind, coalesce(l.source_path, l.source) AS input, count(DISTINCT l.run_id) AS runs,
       count(DISTINCT l.source_version) AS versions, max(r.started_at) AS last_used
FROM lineage AS l JOIN runs AS r ON r.client_id = l.client_id AND r.run_id = l.run_id
WHERE l.relation = 'given' AND r.started_at >= $from AND r.started_at < $to
GROUP BY kind, input
ORDER BY runs DESC, input
LIMIT $limit
