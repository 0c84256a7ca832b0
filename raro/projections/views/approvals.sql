-- Every decision a run asked a person for. Key: (client_id, run_id, approval_id). The last decision counts; what
-- nobody decided before the run ended is void.

-- on: approval_requested
INSERT INTO approvals BY NAME
SELECT client_id, aggregate_id AS run_id, data->>'$.approval_id' AS approval_id, data->>'$.agent_id' AS agent_id,
       data->>'$.reason' AS reason, data->'$.subject' AS subject, data->>'$.kind' AS kind,
       from_json(data->'$.options', '["VARCHAR"]') AS options, data->>'$.batch' AS batch,
       (data->>'$.turn')::INTEGER AS turn, data->>'$.call_id' AS call_id, data->>'$.path' AS path,
       data->>'$.rule_id' AS rule_id, data->>'$.sha256' AS sha256, (data->>'$.expires_at')::TIMESTAMP AS expires_at,
       'pending' AS status, time AS requested_at, seq
FROM incoming
WHERE event = 'approval_requested';

-- on: approval_granted, approval_denied
UPDATE approvals AS t SET
    status = CASE s.event WHEN 'approval_granted' THEN 'granted' ELSE 'denied' END, note = s.data->>'$.note',
    decision = s.data->>'$.decision', timed_out = coalesce((s.data->>'$.timed_out')::BOOLEAN, false),
    decided_at = s.time, decided_by = s.actor, seq = s.seq
FROM (
    SELECT client_id, aggregate_id, data->>'$.approval_id' AS approval_id, arg_max(event, seq) AS event,
           arg_max(data, seq) AS data, arg_max(time, seq) AS time, arg_max(actor, seq) AS actor, max(seq) AS seq
    FROM incoming WHERE event IN ('approval_granted', 'approval_denied') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.approval_id = s.approval_id;

-- on: completed, failed, stopped
UPDATE approvals AS t SET status = 'void', seq = s.seq
FROM (
    SELECT a.client_id, a.run_id, a.approval_id, min(i.seq) AS seq
    FROM approvals AS a JOIN incoming AS i ON i.client_id = a.client_id AND i.aggregate_id = a.run_id AND i.seq > a.seq
    WHERE a.status = 'pending' AND i.aggregate = 'run' AND i.event IN ('completed', 'failed', 'stopped') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.run_id AND t.approval_id = s.approval_id;
