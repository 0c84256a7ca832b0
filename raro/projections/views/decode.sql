-- Turns messages as they arrived (seq, subject, body) into rows of `events`. `raro.projections.decode` does the same
-- for a batch of a few messages, where planning this would cost more than the work; a test holds them equal.

INSERT INTO incoming
SELECT seq,
       coalesce(field.id, 'seq-' || seq),
       coalesce(field.type, 'raro.unreadable'),
       subject,
       coalesce(token[3], ''),
       coalesce(token[4], ''),
       coalesce(token[5], ''),
       CASE WHEN field IS NULL THEN 'unreadable' ELSE coalesce(token[6], '') END,
       coalesce(field.actor, ''),
       coalesce(TRY_CAST(field.time AS TIMESTAMP), TIMESTAMP '1970-01-01'),
       coalesce(field.correlationid, ''),
       coalesce(field.causationid, ''),
       CASE WHEN field IS NULL THEN json_object('body', body) ELSE coalesce(field.data, '{}') END
FROM (
    SELECT seq, subject, body, string_split(subject, '.') AS token,
           -- All fields in one pass over the text; what is no object is no event.
           CASE WHEN starts_with(ltrim(body, E' \t\r\n'), '{') THEN TRY(from_json(body,
               '{"id": "VARCHAR", "type": "VARCHAR", "actor": "VARCHAR", "time": "VARCHAR",
                 "correlationid": "VARCHAR", "causationid": "VARCHAR", "data": "JSON"}')) END AS field
    FROM arrived
)
