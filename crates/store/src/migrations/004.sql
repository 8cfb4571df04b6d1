-- What a model was asked when it decided, and when it answered (milliseconds since 1970), so that it can be asked the same
-- again. One row per decision of a model.
CREATE TABLE answered (
    decision  INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    body      TEXT    NOT NULL
) STRICT;
