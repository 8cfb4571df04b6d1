-- What has been read, told by how it begins. The tag is part of its alerts' ids and never changes; the head grows when
-- the source is read again and there is more of it.
CREATE TABLE sources (
    id          INTEGER PRIMARY KEY,
    tag         BLOB    NOT NULL UNIQUE,
    head_len    INTEGER NOT NULL,
    head_hash   BLOB    NOT NULL,
    name        TEXT    NOT NULL,
    first_seen  INTEGER NOT NULL,
    seed        INTEGER NOT NULL,
    UNIQUE (head_hash, head_len)
) STRICT;

-- Durable intake: a stretch of records that stands here has been judged, with everything below that belongs to it.
-- Stretches of one source do not overlap. `hashes` holds eight bytes per record.
CREATE TABLE intake (
    source         INTEGER NOT NULL,
    first_ordinal  INTEGER NOT NULL,
    records        INTEGER NOT NULL,
    hashes         BLOB    NOT NULL,
    decided        BLOB    NOT NULL,
    raw            BLOB    NOT NULL,
    PRIMARY KEY (source, first_ordinal)
) STRICT;

CREATE TABLE alerts (
    source       INTEGER NOT NULL,
    ordinal      INTEGER NOT NULL,
    time         INTEGER NOT NULL,
    pattern      INTEGER NOT NULL,
    decision     INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    priority     INTEGER NOT NULL,
    src          TEXT,
    dst          TEXT,
    user         TEXT,
    PRIMARY KEY (source, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE patterns (
    id           INTEGER PRIMARY KEY,
    key          BLOB    NOT NULL,
    description  TEXT    NOT NULL,
    first_seen   INTEGER NOT NULL,
    last_seen    INTEGER NOT NULL,
    alerts       INTEGER NOT NULL
) STRICT;

-- A pattern is decided on for a stretch of time and an order of magnitude; then anew.
CREATE TABLE decisions (
    id           INTEGER PRIMARY KEY,
    pattern      INTEGER NOT NULL,
    valid_from   INTEGER NOT NULL,
    valid_until  INTEGER NOT NULL,
    volume       INTEGER NOT NULL,
    verdict      INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    decider      INTEGER NOT NULL,
    confidence   REAL    NOT NULL,
    detail       TEXT    NOT NULL
) STRICT;
CREATE INDEX decisions_by_pattern ON decisions (pattern, valid_from);

CREATE TABLE analyst_decisions (
    id           INTEGER PRIMARY KEY,
    pattern_key  BLOB    NOT NULL,
    verdict      INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    analyst      TEXT    NOT NULL,
    decided_at   INTEGER NOT NULL,
    alert        TEXT    NOT NULL,
    description  TEXT    NOT NULL
) STRICT;
CREATE INDEX analyst_decisions_by_pattern ON analyst_decisions (pattern_key, id);

CREATE TABLE dead_letters (
    id        INTEGER PRIMARY KEY,
    source    INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    reason    TEXT    NOT NULL,
    hint      TEXT    NOT NULL,
    raw       TEXT    NOT NULL,
    whole     INTEGER NOT NULL,
    state     INTEGER NOT NULL DEFAULT 0,
    attempts  INTEGER NOT NULL DEFAULT 0,
    at        INTEGER NOT NULL,
    UNIQUE (source, ordinal)
) STRICT;

-- What intelligence said, and by which version of the lists.
CREATE TABLE reputations (
    kind        INTEGER NOT NULL,
    value       TEXT    NOT NULL,
    version     BLOB    NOT NULL,
    reputation  INTEGER NOT NULL,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    summary     TEXT    NOT NULL
) STRICT;
