-- Feeds, as they were added and as they are now. `settings` and `state` (schedule, validators) are JSON of whoever polls.
CREATE TABLE feeds (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    added_url   TEXT    NOT NULL UNIQUE,
    url         TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    folder      TEXT    NOT NULL,
    settings    TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    checked_at  INTEGER,
    status      INTEGER,
    problem     TEXT    NOT NULL DEFAULT '',
    polls       INTEGER NOT NULL DEFAULT 0,
    failures    INTEGER NOT NULL DEFAULT 0,
    articles    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Articles, without their texts, so that a list reads few pages. `guid`, `link_hash` and `content_hash` are what an article
-- is known again by. `seen` is when a feed last had it, to a day. `published` is never later than `fetched`.
CREATE TABLE articles (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    feed          INTEGER NOT NULL,
    guid          INTEGER NOT NULL,
    link_hash     INTEGER,
    content_hash  INTEGER,
    severity      INTEGER NOT NULL,
    published     INTEGER NOT NULL,
    fetched       INTEGER NOT NULL,
    seen          INTEGER NOT NULL,
    language      TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    link          TEXT    NOT NULL,
    author        TEXT    NOT NULL,
    summary       TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX articles_by_guid ON articles (feed, guid);
CREATE INDEX articles_by_link ON articles (link_hash) WHERE link_hash IS NOT NULL;
CREATE INDEX articles_by_content ON articles (content_hash) WHERE content_hash IS NOT NULL;
CREATE INDEX articles_by_seen ON articles (seen);
-- The articles of a feed, and of all feeds (feed 0), in the order of a list. A table and not an index of `articles`: SQLite
-- does not seek to a row's number within an index, so that a thousand articles of one instant could not be paged through.
CREATE TABLE article_feeds (
    feed       INTEGER NOT NULL,
    severity   INTEGER NOT NULL,
    published  INTEGER NOT NULL,
    article    INTEGER NOT NULL,
    PRIMARY KEY (feed, severity, published, article)
) STRICT, WITHOUT ROWID;

-- `length` is that of the text in bytes where it is packed by zstd, NULL where it is not.
CREATE TABLE article_texts (
    article  INTEGER PRIMARY KEY,
    length   INTEGER,
    body     BLOB    NOT NULL
) STRICT;

-- What articles name, each name once.
CREATE TABLE entity_names (
    id     INTEGER PRIMARY KEY,
    kind   INTEGER NOT NULL,
    value  TEXT    NOT NULL,
    UNIQUE (kind, value)
) STRICT;
-- Severity and time stand here again, so that the articles that name something are in the order of a list.
CREATE TABLE article_entities (
    entity     INTEGER NOT NULL,
    severity   INTEGER NOT NULL,
    published  INTEGER NOT NULL,
    article    INTEGER NOT NULL,
    PRIMARY KEY (entity, severity, published, article)
) STRICT, WITHOUT ROWID;
CREATE INDEX article_entities_by_article ON article_entities (article);

CREATE TABLE places (
    article    INTEGER NOT NULL,
    place      INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    latitude   REAL    NOT NULL,
    longitude  REAL    NOT NULL,
    country    TEXT    NOT NULL,
    PRIMARY KEY (article, place)
) STRICT, WITHOUT ROWID;
-- The articles that a country's places are in, in the order of a list.
CREATE TABLE article_countries (
    country    TEXT    NOT NULL,
    severity   INTEGER NOT NULL,
    published  INTEGER NOT NULL,
    article    INTEGER NOT NULL,
    PRIMARY KEY (country, severity, published, article)
) STRICT, WITHOUT ROWID;

-- Articles whose places are still to be found, in order. Numbers are never given twice.
CREATE TABLE location_queue (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    article   INTEGER NOT NULL UNIQUE,
    attempts  INTEGER NOT NULL DEFAULT 0,
    at        INTEGER NOT NULL
) STRICT;

-- Who reads: what they asked to be told of, and what was learned of them.
CREATE TABLE profiles (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    user     TEXT    NOT NULL UNIQUE,
    body     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE TABLE tastes (
    user  INTEGER PRIMARY KEY,
    body  TEXT    NOT NULL,
    at    INTEGER NOT NULL
) STRICT;

-- Scores above 0. Severity, time and whether it was dismissed stand here again, so that each order has its index.
CREATE TABLE relevance (
    user       INTEGER NOT NULL,
    article    INTEGER NOT NULL,
    score      INTEGER NOT NULL,
    severity   INTEGER NOT NULL,
    published  INTEGER NOT NULL,
    dismissed  INTEGER NOT NULL,
    PRIMARY KEY (user, article)
) STRICT, WITHOUT ROWID;
CREATE INDEX relevance_by_score ON relevance (user, dismissed, severity, score, published, article);
CREATE INDEX relevance_by_time ON relevance (user, severity, published, article, score, dismissed);
-- Why, as JSON. Says also which users an article has scores of.
CREATE TABLE relevance_reasons (
    article  INTEGER NOT NULL,
    user     INTEGER NOT NULL,
    reasons  TEXT    NOT NULL,
    PRIMARY KEY (article, user)
) STRICT, WITHOUT ROWID;

-- What a user last did with an article: 1 opened, 2 dismissed.
CREATE TABLE actions (
    article  INTEGER NOT NULL,
    user     INTEGER NOT NULL,
    action   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (article, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX actions_by_user ON actions (user, at);

-- What a geocoder said.
CREATE TABLE geocoder_answers (
    query   TEXT    PRIMARY KEY,
    answer  TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX geocoder_answers_by_age ON geocoder_answers (at);
