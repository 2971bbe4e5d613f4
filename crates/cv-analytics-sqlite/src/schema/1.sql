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
    outcome TEXT,
    total_time_ms REAL,
    form TEXT,
    response_session TEXT,
    -- NULL for a visitor.
    response_traffic TEXT,
    -- JSON arrays; NULL where empty.
    matched_skills TEXT,
    missing_skills TEXT,
    -- What reports do not read comes last, so that it is not decoded for them.
    reasoning TEXT,
    reasoning_cut INTEGER,
    -- JSON objects and arrays; NULL where empty.
    query_unknown TEXT,
    query_tolerated TEXT,
    response_unknown TEXT,
    response_tolerated TEXT
) STRICT;
CREATE INDEX interactions_at ON interactions (at);

CREATE TABLE dead_letters (
    -- The message's sequence number, so that no id comes again.
    id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    arrived_at INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- What arrived in a week and added nothing or could not be read.
CREATE TABLE deliveries (
    week TEXT PRIMARY KEY,
    duplicates INTEGER NOT NULL,
    conflicts INTEGER NOT NULL,
    dead_letters INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The queue's five minutes, in order of arrival.
CREATE TABLE deduplication (
    sequence INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    arrived_at INTEGER NOT NULL
) STRICT;

-- SHA-256 of the request ids that the owner had erased.
CREATE TABLE erased (
    request_id_sha256 BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the last sequence number, and whether erased bytes may still lie in free space.
CREATE TABLE state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL,
    erasure_pending INTEGER NOT NULL
) STRICT;
INSERT INTO state VALUES (1, 0, 0);

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
    CASE
        WHEN total_time_ms < 0 THEN NULL
        WHEN total_time_ms IS NOT NULL THEN total_time_ms
        WHEN form <> 'combined' AND response_at >= query_at THEN response_at - query_at
    END AS latency_ms,
    coalesce(query_session, response_session) AS session,
    coalesce(query_traffic, response_traffic, 'visitor') AS traffic,
    coalesce(matched_skills, '[]') AS matched_skills,
    coalesce(missing_skills, '[]') AS missing_skills,
    reasoning,
    coalesce(query_unknown, '{}') AS query_fields,
    coalesce(response_unknown, '{}') AS response_fields,
    at AS at_ms
FROM interactions;
