-- Every event as it was written, queryable. Key: seq. Never updated, never removed.
-- A body that is no JSON is kept as text under the type raro.unreadable, and no view folds it.

-- on: *
INSERT INTO events FROM incoming;
