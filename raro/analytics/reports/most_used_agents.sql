-- title: Most used agents
-- says: How often each agent took part in runs that began in the time, and what its turns took.
-- chart: bar x=agent_id y=runs

SELECT agent_id, count(*) AS runs, sum(turns)::BIGINT AS turns, sum(files)::BIGINT AS files,
       sum(tokens)::BIGINT AS tokens, round(sum(coalesce(cost_usd, 0)), 6) AS cost_usd, max(started_at) AS last_used
FROM agents
WHERE started_at >= $from AND started_at < $to
GROUP BY agent_id
ORDER BY runs DESC, agent_id
LIMIT $limit
