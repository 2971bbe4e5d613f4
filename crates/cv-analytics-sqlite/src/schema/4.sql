-- SHA-256 of the sessions, as they are kept, that the owner had erased.
CREATE TABLE erased_sessions (
    session_sha256 BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- What the last pass of retention left for the owner's word: how many interactions and dead letters, and
-- after how many days they were to go. 0 where there is nothing.
ALTER TABLE state ADD COLUMN retention_held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN retention_days INTEGER NOT NULL DEFAULT 0;
