-- What every embedded decider left open, one row per decision: what a model is asked, until it has answered.
CREATE TABLE questions (
    decision  INTEGER PRIMARY KEY,
    priority  INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    body      TEXT    NOT NULL
) STRICT;
CREATE INDEX questions_by_priority ON questions (priority DESC, decision);

-- Every call to a service that costs or is limited, whether it was answered or not. Costs are in billionths of a US
-- dollar; NULL where no price is known.
CREATE TABLE ledger (
    id            INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    service       TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    tier          TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    items         INTEGER NOT NULL,
    input         INTEGER NOT NULL,
    cached_input  INTEGER NOT NULL,
    cache_write   INTEGER NOT NULL,
    output        INTEGER NOT NULL,
    thinking      INTEGER NOT NULL,
    cost_nano     INTEGER,
    latency_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_by_time ON ledger (at);

-- Where the budgets stood, so that a restart does not forget what a provider still remembers.
CREATE TABLE budgets (
    name   TEXT    PRIMARY KEY,
    state  TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What this store knows and nobody else does: keys of pseudonyms.
CREATE TABLE secrets (
    name   TEXT  PRIMARY KEY,
    value  BLOB  NOT NULL
) STRICT, WITHOUT ROWID;
