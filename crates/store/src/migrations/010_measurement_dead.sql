-- Measurements that could not be judged, as JSON, until they are sent again. One that fails again is the same letter.
CREATE TABLE measurement_dead (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    measurement  TEXT    NOT NULL UNIQUE,
    attempts     INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    at           INTEGER NOT NULL
) STRICT;

-- How many were dropped since there was no room: one row.
CREATE TABLE measurement_dead_dropped (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    count  INTEGER NOT NULL
) STRICT;
INSERT INTO measurement_dead_dropped (id, count) VALUES (1, 0);
