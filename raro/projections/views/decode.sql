-- Turns messages as they arrived (seq, subject, body) into rows of `events`. `raro.projections.decode` does the same
-- for a batch of a few messages, where planning this would cost more than the work; a test holds them equal.

INSERT INTO incoming
SELECT seq,
       coalesce(field[1], 'seq-' || seq),
       coalesce(field[2], 'raro.unreadable'),
       subject,
       coalesce(token[3], ''),
       coalesce(token[4], ''),
       coalesce(token[5], ''),
       CASE WHEN field IS NULL THEN 'unreadable' ELSE coalesce(token[6], '') END,
       coalesce(field[3], ''),
       coalesce(TRY_CAST(field[4] AS TIMESTAMP), TIMESTAMP '1970-01-01'),
       coalesce(field[5], ''),
       coalesce(field[6], ''),
       data
FROM (
    SELECT seq, subject, string_split(subject, '.') AS token,
           CASE WHEN json_valid(body) THEN json_extract_string(
               body, ['$.id', '$.type', '$.actor', '$.time', '$.correlationid', '$.causationid']) END AS field,
           CASE WHEN json_valid(body) THEN coalesce(body->'$.data', '{}')
                ELSE json_object('body', body) END AS data
    FROM arrived
)
