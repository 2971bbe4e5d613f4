-- The visitor's feedback and the agent's answer become columns. The table is written anew, so that what
-- reports do not read still comes last, and so that feedback can wait for its interaction: such a row has
-- no moment.
DROP VIEW readable_interactions;
DROP INDEX interactions_at;
ALTER TABLE interactions RENAME TO interactions_4;

-- One row an interaction. What has not come leaves its columns NULL; `query_at`, `response_at` and
-- `feedback_at` say what is there.
CREATE TABLE interactions (
    -- The sequence number of the message that came first: rows lie in order of arrival.
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    -- Milliseconds since 1970 (UTC) of the query, else of the response: decides the week. NULL where
    -- only feedback has come.
    at INTEGER,
    query_at INTEGER,
    query TEXT,
    query_cut INTEGER,
    query_session TEXT,
    -- NULL for a visitor.
    query_traffic TEXT,
    response_at INTEGER,
    match_type TEXT,
    match_score REAL,
    -- NULL where the agent does not say.
    match_source TEXT,
    outcome TEXT,
    -- 1 where the agent named the outcome, 0 where it follows from the match type.
    outcome_named INTEGER,
    total_time_ms REAL,
    form TEXT,
    response_session TEXT,
    -- NULL for a visitor.
    response_traffic TEXT,
    -- JSON arrays; NULL where empty.
    matched_skills TEXT,
    missing_skills TEXT,
    topic TEXT,
    feedback_at INTEGER,
    -- up or down.
    rating TEXT,
    comment TEXT,
    -- What reports read of few, or do not read, comes last, so that it is not decoded for them.
    reasoning TEXT,
    reasoning_cut INTEGER,
    answer TEXT,
    answer_cut INTEGER,
    comment_cut INTEGER,
    -- JSON objects and arrays; NULL where empty.
    query_unknown TEXT,
    query_tolerated TEXT,
    response_unknown TEXT,
    response_tolerated TEXT,
    feedback_unknown TEXT,
    feedback_tolerated TEXT
) STRICT;

-- An empty answer is an absent one. One that is neither text nor null stays where it is. Of the names of
-- cut fields the answer's goes.
INSERT INTO interactions
SELECT
    id, request_id, at, query_at, query, query_cut, query_session, query_traffic,
    response_at, match_type, match_score, match_source, outcome, outcome_named,
    total_time_ms, form, response_session, response_traffic, matched_skills, missing_skills, topic,
    NULL, NULL, NULL, reasoning, reasoning_cut,
    CASE json_type(response_unknown, '$.answer')
        WHEN 'text' THEN nullif(response_unknown ->> '$.answer', '')
    END,
    CASE WHEN response_at IS NOT NULL THEN EXISTS (
        SELECT 1 FROM json_each(response_unknown, '$.cut')
        WHERE value = 'answer' AND json_type(response_unknown, '$.answer') = 'text'
    ) END,
    NULL, query_unknown, query_tolerated,
    CASE
        WHEN json_type(response_unknown, '$.answer') IN ('text', 'null') THEN nullif(json_remove(
            CASE (SELECT count(*) FROM json_each(response_unknown, '$.cut') WHERE value <> 'answer')
                WHEN 0 THEN json_remove(response_unknown, '$.cut')
                ELSE json_set(response_unknown, '$.cut', json((
                    SELECT json_group_array(value) FROM json_each(response_unknown, '$.cut') WHERE value <> 'answer'
                )))
            END,
            '$.answer'
        ), '{}')
        ELSE response_unknown
    END,
    response_tolerated, NULL, NULL
FROM interactions_4
ORDER BY id;

DROP TABLE interactions_4;
CREATE INDEX interactions_at ON interactions (at);

CREATE VIEW readable_interactions AS
SELECT
    request_id,
    strftime('%G-W%V', at / 1000, 'unixepoch') AS week,
    strftime('%Y-%m-%dT%H:%M:%fZ', query_at / 1000.0, 'unixepoch') AS asked_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', response_at / 1000.0, 'unixepoch') AS answered_at,
    query AS question,
    answer,
    CASE WHEN response_at IS NULL THEN 'unanswered' ELSE outcome END AS outcome,
    match_type,
    match_score,
    match_source,
    CASE
        WHEN total_time_ms < 0 THEN NULL
        WHEN total_time_ms IS NOT NULL THEN total_time_ms
        WHEN form <> 'combined' AND response_at >= query_at THEN response_at - query_at
    END AS latency_ms,
    coalesce(query_session, response_session) AS session,
    coalesce(query_traffic, response_traffic, 'visitor') AS traffic,
    coalesce(matched_skills, '[]') AS matched_skills,
    coalesce(missing_skills, '[]') AS missing_skills,
    topic,
    reasoning,
    rating,
    comment,
    coalesce(query_unknown, '{}') AS query_fields,
    coalesce(response_unknown, '{}') AS response_fields,
    at AS at_ms
FROM interactions
WHERE at IS NOT NULL;
