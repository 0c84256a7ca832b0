-- title: Tokens and cost by model
-- says: What each model was asked and answered in the time, and what it cost where its price is known.
-- chart: bar x=model y=tokens_in,tokens_out stacked

SELECT model, count(*) AS turns, sum(tokens_in)::BIGINT AS tokens_in, sum(tokens_out)::BIGINT AS tokens_out,
       sum(coalesce(tokens_cached, 0))::BIGINT AS tokens_cached, round(sum(coalesce(cost_usd, 0)), 6) AS cost_usd,
       round(median(latency_ms))::BIGINT AS median_latency_ms
FROM invocations
WHERE completed_at >= $from AND completed_at < $to
GROUP BY model
ORDER BY tokens_in DESC, model
LIMIT $limit
