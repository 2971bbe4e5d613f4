-- Topic, source of the match, and whether the outcome was named become columns. The table is
-- written anew, so that what reports do not read still comes last.
DROP VIEW readable_interactions;
ALTER TABLE interactions RENAME TO interactions_1;

-- One row an interaction. A half that has not come leaves its columns NULL; `query_at` and
-- `response_at` say which halves are there.
CREATE TABLE interactions (
    -- The sequence number of the message that came first: rows lie in order of arrival.
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    -- Milliseconds since 1970 (UTC) of the query, else of the response: decides the week.
    at INTEGER NOT NULL,
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
    -- What reports do not read comes last, so that it is not decoded for them.
    reasoning TEXT,
    reasoning_cut INTEGER,
    -- JSON objects and arrays; NULL where empty.
    query_unknown TEXT,
    query_tolerated TEXT,
    response_unknown TEXT,
    response_tolerated TEXT
) STRICT;

-- An empty topic is an absent one. One that is neither text nor null stays where it is.
INSERT INTO interactions
SELECT
    id, request_id, at, query_at, query, query_cut, query_session, query_traffic,
    response_at, match_type, match_score,
    CASE lower(response_unknown ->> '$.metadata.matchSource')
        WHEN 'model' THEN 'model'
        WHEN 'similarity' THEN 'similarity'
    END,
    outcome,
    CASE WHEN response_at IS NOT NULL THEN 1 END,
    total_time_ms, form, response_session, response_traffic, matched_skills, missing_skills,
    CASE json_type(response_unknown, '$.topic')
        WHEN 'text' THEN nullif(response_unknown ->> '$.topic', '')
    END,
    reasoning, reasoning_cut, query_unknown, query_tolerated,
    CASE
        WHEN json_type(response_unknown, '$.topic') IN ('text', 'null')
        THEN nullif(json_remove(response_unknown, '$.topic'), '{}')
        ELSE response_unknown
    END,
    response_tolerated
FROM interactions_1
ORDER BY id;

DROP TABLE interactions_1;
CREATE INDEX interactions_at ON interactions (at);

CREATE VIEW readable_interactions AS
SELECT
    request_id,
    strftime('%G-W%V', at / 1000, 'unixepoch') AS week,
    strftime('%Y-%m-%dT%H:%M:%fZ', query_at / 1000.0, 'unixepoch') AS asked_at,
    strftime('%Y-%m-%dT%H:%M:%fZ', response_at / 1000.0, 'unixepoch') AS answered_at,
    query AS question,
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
    coalesce(query_unknown, '{}') AS query_fields,
    coalesce(response_unknown, '{}') AS response_fields,
    at AS at_ms
FROM interactions;
