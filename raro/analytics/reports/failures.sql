-- title: Failures and retries
-- says: Of the runs an agent took part in, which share it failed in, and in which it was tried more than once.
-- chart: bar x=agent_id y=failure_rate,retry_rate

SELECT agent_id, count(*) AS runs, count(*) FILTER (status = 'failed') AS failed,
       count(*) FILTER (coalesce(attempt, 1) > 1 OR coalesce(epoch, 0) > 1) AS retried,
       round(count(*) FILTER (status = 'failed') / count(*), 4) AS failure_rate,
       round(count(*) FILTER (coalesce(attempt, 1) > 1 OR coalesce(epoch, 0) > 1) / count(*), 4) AS retry_rate,
       arg_max(message, seq) FILTER (status = 'failed') AS last_failure
FROM agents
WHERE started_at >= $from AND started_at < $to
GROUP BY agent_id
ORDER BY failure_rate DESC, retry_rate DESC, runs DESC, agent_id
LIMIT $limit
