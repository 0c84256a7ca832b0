-- Every rule that fired and every path that was refused. Key: seq. Never updated, never removed.

-- on: policy_matched, access_denied
INSERT INTO policy_matches
SELECT client_id, aggregate_id, data->>'$.agent_id',
       CASE event WHEN 'access_denied' THEN 'safe_open' ELSE data->>'$.rule_id' END,
       CASE event WHEN 'access_denied' THEN 'block' ELSE data->>'$.action' END,
       CASE event WHEN 'access_denied' THEN concat(data->>'$.path', ': ', data->>'$.reason')
                  ELSE data->>'$.detail' END,
       time, seq
FROM incoming
WHERE event IN ('policy_matched', 'access_denied');
