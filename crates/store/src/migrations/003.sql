-- What services said of indicators, spelled as services spell them, and until when that holds.
CREATE TABLE service_answers (
    service     TEXT    NOT NULL,
    kind        INTEGER NOT NULL,
    value       TEXT    NOT NULL,
    reputation  INTEGER NOT NULL,
    evidence    TEXT,
    at          INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    PRIMARY KEY (kind, value, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX service_answers_by_age ON service_answers (until);

-- Batches at a provider, from before they are sent until their results are in. `number` is the provider's, NULL until it
-- is known; `body` says what each request of the batch asks.
CREATE TABLE batches (
    name      TEXT    PRIMARY KEY,
    asker     TEXT    NOT NULL,
    number    TEXT,
    requests  INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    body      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
