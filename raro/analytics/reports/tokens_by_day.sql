-- title: Tokens and cost by day
-- says: Tokens and cost of each day and model, the latest day first.
-- chart: bar x=day y=tokens series=model stacked

SELECT completed_at::DATE AS day, model, count(*) AS turns, sum(tokens_in + tokens_out)::BIGINT AS tokens,
       round(sum(coalesce(cost_usd, 0)), 6) AS cost_usd
FROM invocations
WHERE completed_at >= $from AND completed_at < $to
GROUP BY day, model
ORDER BY day DESC, model
LIMIT $limit
