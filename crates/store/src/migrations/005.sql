-- Of the items of a call, those that checked whether an earlier verdict would have been right.
ALTER TABLE ledger ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;

-- Rules whose verdicts are not learned from if they were given before this moment (milliseconds since 1970); the empty
-- name stands for all rules.
CREATE TABLE forgotten (
    rule    TEXT    PRIMARY KEY,
    before  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
