-- The queue of patterns: how soon somebody should look, which decision says so, and whether an analyst decided.
ALTER TABLE patterns ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patterns ADD COLUMN decision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patterns ADD COLUMN decided INTEGER NOT NULL DEFAULT 0;
-- SQLite takes the decision from the row with the greatest priority.
UPDATE patterns SET priority = most.priority, decision = most.decision
    FROM (SELECT pattern, max(priority) AS priority, decision FROM alerts GROUP BY pattern) AS most
    WHERE most.pattern = patterns.id;
CREATE INDEX patterns_by_priority ON patterns (decided, priority DESC, last_seen DESC, id);

-- An analyst's decision that was taken back stays, for whoever asks later.
ALTER TABLE analyst_decisions ADD COLUMN undone INTEGER NOT NULL DEFAULT 0;
UPDATE patterns SET decided = 1 WHERE key IN (SELECT pattern_key FROM analyst_decisions);

-- Requests that were answered, so that one that comes again is answered alike and changes nothing.
CREATE TABLE requests (
    key            BLOB    PRIMARY KEY,
    body           BLOB    NOT NULL,
    source         INTEGER NOT NULL,
    first_ordinal  INTEGER NOT NULL,
    records        INTEGER NOT NULL,
    set_aside      INTEGER NOT NULL,
    dead           INTEGER NOT NULL,
    at             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_time ON requests (at);

-- Who may use the API. Only a hash of each token is kept.
CREATE TABLE tokens (
    id          INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    hash        BLOB    NOT NULL UNIQUE,
    scopes      INTEGER NOT NULL,
    per_minute  INTEGER,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;

-- What was proposed about an alert, what somebody chose, and how that ended.
CREATE TABLE choices (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    alert       TEXT    NOT NULL,
    pattern     INTEGER NOT NULL,
    type        TEXT    NOT NULL,
    proposed    TEXT    NOT NULL,
    chosen      TEXT    NOT NULL,
    verdict     INTEGER NOT NULL,
    analyst     TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    outcome     TEXT,
    outcome_at  INTEGER
) STRICT;
CREATE INDEX choices_by_alert ON choices (alert, id);
CREATE INDEX choices_by_time ON choices (at, id);
CREATE INDEX choices_by_type ON choices (type, at, id);
