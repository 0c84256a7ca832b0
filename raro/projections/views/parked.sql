-- Events a reactor gave up on. Key: (reactor, event_id). `unparked_at` is set once it was handed out again.

-- on: event_parked
INSERT INTO parked BY NAME
SELECT any_value(data->>'$.client_id') AS client_id, data->>'$.reactor' AS reactor, data->>'$.event_id' AS event_id,
       max((data->>'$.seq')::BIGINT) AS event_seq, any_value(data->>'$.event_subject') AS event_subject, max(seq) AS seq
FROM incoming AS s
WHERE event = 'event_parked' AND NOT EXISTS (
    FROM parked AS t WHERE t.reactor = s.data->>'$.reactor' AND t.event_id = s.data->>'$.event_id')
GROUP BY ALL;

-- on: event_parked
UPDATE parked AS t SET
    error = s.data->>'$.error', deliveries = (s.data->>'$.deliveries')::INTEGER, parked_at = s.time
FROM (
    SELECT data->>'$.reactor' AS reactor, data->>'$.event_id' AS event_id, arg_max(data, seq) AS data,
           arg_max(time, seq) AS time
    FROM incoming WHERE event = 'event_parked' GROUP BY ALL
) AS s
WHERE t.reactor = s.reactor AND t.event_id = s.event_id;

-- on: event_parked, event_unparked
UPDATE parked AS t SET unparked_at = CASE s.event WHEN 'event_unparked' THEN s.time END, seq = s.seq
FROM (
    SELECT data->>'$.reactor' AS reactor, data->>'$.event_id' AS event_id, arg_max(event, seq) AS event,
           arg_max(time, seq) AS time, max(seq) AS seq
    FROM incoming WHERE event IN ('event_parked', 'event_unparked') GROUP BY ALL
) AS s
WHERE t.reactor = s.reactor AND t.event_id = s.event_id;
