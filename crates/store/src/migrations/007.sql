-- What is to be delivered to webhooks, in order; what could not be delivered stays for a while, with the reason. Numbers are
-- never given twice, so that what is written later always comes later.
CREATE TABLE outbox (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    target    TEXT    NOT NULL,
    state     INTEGER NOT NULL DEFAULT 0,
    key       BLOB    NOT NULL,
    body      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    next_at   INTEGER NOT NULL DEFAULT 0,
    error     TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_by_target ON outbox (target, state, id);

-- How much waits for each target, kept with every change: counting it would cost as much as there is.
CREATE TABLE outbox_targets (
    target   TEXT    PRIMARY KEY,
    waiting  INTEGER NOT NULL DEFAULT 0,
    bytes    INTEGER NOT NULL DEFAULT 0,
    dead     INTEGER NOT NULL DEFAULT 0,
    dropped  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
