-- Messages refused at the door: by week for reports, by hour and reason for a month.
ALTER TABLE deliveries ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;

CREATE TABLE refusals (
    -- Hours since 1970 (UTC).
    hour INTEGER NOT NULL,
    reason TEXT NOT NULL,
    messages INTEGER NOT NULL,
    -- Milliseconds since 1970 (UTC).
    last_at INTEGER NOT NULL,
    PRIMARY KEY (hour, reason)
) STRICT, WITHOUT ROWID;
