-- title: Time to the first artifact
-- says: From a run's beginning to its first file, by the day it began; runs without a file are left out.
-- chart: line x=day y=median_s,p90_s

SELECT started_at::DATE AS day, count(*) AS runs, round(median(after_ms) / 1000, 3) AS median_s,
       round(quantile_cont(after_ms, 0.9) / 1000, 3) AS p90_s, round(max(after_ms) / 1000, 3) AS longest_s
FROM (
    SELECT any_value(r.started_at) AS started_at, epoch_ms(min(v.generated_at) - any_value(r.started_at)) AS after_ms
    FROM runs AS r JOIN artifact_versions AS v ON v.client_id = r.client_id AND v.run_id = r.run_id
    WHERE r.started_at >= $from AND r.started_at < $to
    GROUP BY r.client_id, r.run_id
)
GROUP BY day
ORDER BY day DESC
LIMIT $limit
