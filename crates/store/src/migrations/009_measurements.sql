-- What is known of users' measurements: a value for each user that only its writer understands, and how often it was written.
-- Names compare by their bytes. A row of its own number: values of a kilobyte would make the pages of a keyed table few.
CREATE TABLE measured_users (
    user     TEXT    NOT NULL PRIMARY KEY,
    version  INTEGER NOT NULL,
    value    BLOB    NOT NULL
) STRICT;
