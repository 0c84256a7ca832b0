-- title: Durations
-- says: How long runs that ended took, by the day they began: half of them, and nine in ten, took no longer.
-- chart: line x=day y=median_s,p90_s

SELECT started_at::DATE AS day, count(*) AS runs,
       round(median(epoch_ms(ended_at - started_at)) / 1000, 3) AS median_s,
       round(quantile_cont(epoch_ms(ended_at - started_at), 0.9) / 1000, 3) AS p90_s,
       round(max(epoch_ms(ended_at - started_at)) / 1000, 3) AS longest_s
FROM runs
WHERE ended_at IS NOT NULL AND started_at >= $from AND started_at < $to
GROUP BY day
ORDER BY day DESC
LIMIT $limit
