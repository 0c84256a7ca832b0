-- Every decision a run asked a person for. Key: (client_id, run_id, approval_id). The last decision counts.

-- on: approval_requested
INSERT INTO approvals BY NAME
SELECT client_id, aggregate_id AS run_id, data->>'$.approval_id' AS approval_id, data->>'$.agent_id' AS agent_id,
       data->>'$.reason' AS reason, data->'$.subject' AS subject, 'pending' AS status, time AS requested_at, seq
FROM incoming
WHERE event = 'approval_requested';

-- on: approval_granted, approval_denied
UPDATE approvals AS t SET
    status = CASE s.event WHEN 'approval_granted' THEN 'granted' ELSE 'denied' END, note = s.data->>'$.note',
    decided_at = s.time, decided_by = s.actor, seq = s.seq
FROM (
    SELECT client_id, aggregate_id, data->>'$.approval_id' AS approval_id, arg_max(event, seq) AS event,
           arg_max(data, seq) AS data, arg_max(time, seq) AS time, arg_max(actor, seq) AS actor, max(seq) AS seq
    FROM incoming WHERE event IN ('approval_granted', 'approval_denied') GROUP BY ALL
) AS s
WHERE t.client_id = s.client_id AND t.run_id = s.aggregate_id AND t.approval_id = s.approval_id;
