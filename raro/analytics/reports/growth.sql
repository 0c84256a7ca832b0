-- title: Growth
-- says: Files and bytes added each day, every version counted, and their sum so far within the time.
-- chart: area x=day y=total_size_bytes

SELECT day, files, size_bytes, sum(files) OVER (ORDER BY day)::BIGINT AS total_files,
       sum(size_bytes) OVER (ORDER BY day)::BIGINT AS total_size_bytes
FROM (
    SELECT made_at::DATE AS day, count(*) AS files, sum(size_bytes)::BIGINT AS size_bytes
    FROM (
        SELECT generated_at AS made_at, size_bytes FROM artifact_versions
        UNION ALL
        SELECT uploaded_at, size_bytes FROM library_versions
    )
    WHERE made_at >= $from AND made_at < $to
    GROUP BY day
)
ORDER BY day DESC
LIMIT $limit
