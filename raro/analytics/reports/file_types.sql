-- title: File types
-- says: What kinds of files agents made in the time, every version counted, and how large they are.
-- chart: bar x=content_type y=files

SELECT content_type, count(*) AS files, sum(size_bytes)::BIGINT AS size_bytes,
       round(avg(size_bytes))::BIGINT AS mean_size_bytes, max(size_bytes) AS largest_size_bytes
FROM artifact_versions
WHERE generated_at >= $from AND generated_at < $to
GROUP BY content_type
ORDER BY files DESC, content_type
LIMIT $limit
