//! Posting lists: articles that have something in common, in the order of severity, then time, then number.
//!
//! Each list is a range of one index that holds all that is read of it. A [`Walk`] goes through the parts of a list that it
//! needs (its *arms*: one per severity) from the greatest key down. Arms are read a stretch at a time, so that one prepared
//! statement serves them all, and so that a reader who stops early has read little too much.

use crate::StoreError;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OptionalExtension, ToSql};
use std::collections::VecDeque;

/// What stands for all feeds in the place of one.
pub(super) const ALL_FEEDS: i64 = 0;

/// What articles have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Posting {
    /// Nothing: all articles.
    All,
    /// Their feed.
    Feed(i64),
    /// That they name this entity.
    Entity(i64),
    /// That they are about a place in this country.
    Country(String),
    /// That they matter to this user.
    User(i64),
}

/// An article on the way into a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) article: i64,
    pub(super) severity: u8,
    pub(super) published: i64,
    /// Its score and whether it was dismissed, where a list of a user's was read.
    pub(super) of_user: Option<(u16, bool)>,
}

/// In a list by time: `?1` what they have in common, `?2` severity, `?3` since, `?4` and `?5` the key below which to begin,
/// `?6` how many. Indexes are named, so that no statistics of the planner's can lead it elsewhere.
const BY_TIME: [&str; 4] = [
    "SELECT published, article, NULL, NULL FROM article_feeds
     WHERE feed = ?1 AND severity = ?2 AND published >= ?3 AND (published, article) < (?4, ?5)
     ORDER BY published DESC, article DESC LIMIT ?6",
    "SELECT published, article, NULL, NULL FROM article_entities
     WHERE entity = ?1 AND severity = ?2 AND published >= ?3 AND (published, article) < (?4, ?5)
     ORDER BY published DESC, article DESC LIMIT ?6",
    "SELECT published, article, NULL, NULL FROM article_countries
     WHERE country = ?1 AND severity = ?2 AND published >= ?3 AND (published, article) < (?4, ?5)
     ORDER BY published DESC, article DESC LIMIT ?6",
    "SELECT published, article, score, dismissed FROM relevance INDEXED BY relevance_by_time
     WHERE user = ?1 AND severity = ?2 AND published >= ?3 AND (published, article) < (?4, ?5)
     ORDER BY published DESC, article DESC LIMIT ?6",
];

/// Whether an article is in a list, its severity and time being known.
const CONTAINS: [&str; 4] = [
    "SELECT NULL, NULL FROM article_feeds WHERE feed = ?1 AND severity = ?2 AND published = ?3 AND article = ?4",
    "SELECT NULL, NULL FROM article_entities WHERE entity = ?1 AND severity = ?2 AND published = ?3 AND article = ?4",
    "SELECT NULL, NULL FROM article_countries
     WHERE country = ?1 AND severity = ?2 AND published = ?3 AND article = ?4",
    "SELECT score, dismissed FROM relevance INDEXED BY relevance_by_time
     WHERE user = ?1 AND severity = ?2 AND published = ?3 AND article = ?4",
];

/// A user's list by score: `?1` user, `?2` whether dismissed, `?3` severity, `?4` least score, `?5` to `?7` the key below which
/// to begin, `?8` how many.
const BY_SCORE: &str = "SELECT published, article, score, dismissed FROM relevance INDEXED BY relevance_by_score
     WHERE user = ?1 AND dismissed = ?2 AND severity = ?3 AND score >= ?4 AND (score, published, article) < (?5, ?6, ?7)
     ORDER BY score DESC, published DESC, article DESC LIMIT ?8";

impl ToSql for Posting {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::All => Ok(ToSqlOutput::from(ALL_FEEDS)),
            Self::Feed(number) | Self::Entity(number) | Self::User(number) => number.to_sql(),
            Self::Country(code) => code.to_sql(),
        }
    }
}

impl Posting {
    fn index(&self) -> usize {
        match self {
            Self::All | Self::Feed(_) => 0,
            Self::Entity(_) => 1,
            Self::Country(_) => 2,
            Self::User(_) => 3,
        }
    }

    /// The candidate with what this list knows of it, if it is in the list.
    pub(super) fn find(
        &self,
        connection: &Connection,
        candidate: Candidate,
    ) -> Result<Option<Candidate>, StoreError> {
        let mut statement = connection.prepare_cached(CONTAINS[self.index()])?;
        let found = statement
            .query_row((self, candidate.severity, candidate.published, candidate.article), |row| {
                Ok(row.get::<_, Option<u16>>(0)?.zip(row.get(1)?))
            })
            .optional()?;
        Ok(found.map(|of_user| Candidate { of_user: of_user.or(candidate.of_user), ..candidate }))
    }
}

/// A key: score where it is walked by score (0 otherwise), time, number.
pub(super) type Key = (i64, i64, i64);

/// Above every key.
pub(super) const TOP: Key = (i64::MAX, i64::MAX, i64::MAX);

/// Which articles of a list, and in which order.
#[derive(Debug, Clone)]
enum Way {
    /// By severity, then time.
    Severity(Posting),
    /// By time.
    Time(Posting),
    /// By score, of at least so much.
    Score(i64, u16),
}

/// One severity's part of a list.
#[derive(Debug)]
struct Arm {
    severity: u8,
    /// Where it is walked by score.
    dismissed: bool,
    /// Below which key it is still to be read.
    below: Key,
    read: VecDeque<Candidate>,
    ended: bool,
}

/// A way through a list, from the greatest key down.
#[derive(Debug)]
pub(super) struct Walk {
    way: Way,
    since: i64,
    arms: Vec<Arm>,
    /// How much is read of an arm at a time.
    stretch: u32,
}

impl Walk {
    /// By severity, then time: the articles of a list that were published at `since` or later, `until` bounding each
    /// severity from above. `below` gives the severity and key to begin below.
    pub(super) fn by_severity(
        list: Posting,
        severities: std::ops::RangeInclusive<u8>,
        (since, until): (i64, i64),
        below: Option<(u8, Key)>,
        stretch: u32,
    ) -> Self {
        let end = (0, until, i64::MIN);
        let arms = severities
            .rev()
            .filter(|severity| below.is_none_or(|(begin, _)| *severity <= begin))
            .map(|severity| match below {
                Some((begin, key)) if begin == severity => arm(severity, key.min(end)),
                _ => arm(severity, end),
            })
            .collect();
        Self { way: Way::Severity(list), since, arms, stretch }
    }

    /// By time.
    pub(super) fn by_time(
        list: Posting,
        severities: std::ops::RangeInclusive<u8>,
        (since, until): (i64, i64),
        below: Option<Key>,
        stretch: u32,
    ) -> Self {
        let end = (0, until, i64::MIN).min(below.unwrap_or(TOP));
        let arms = severities.rev().map(|severity| arm(severity, end)).collect();
        Self { way: Way::Time(list), since, arms, stretch }
    }

    /// By score, then time: what matters to a user.
    pub(super) fn by_score(
        user: i64,
        severities: std::ops::RangeInclusive<u8>,
        min_score: u16,
        dismissed: &[bool],
        below: Option<Key>,
        stretch: u32,
    ) -> Self {
        let arms = severities
            .rev()
            .flat_map(|severity| dismissed.iter().map(move |dismissed| (severity, *dismissed)))
            .map(|(severity, dismissed)| Arm { dismissed, ..arm(severity, below.unwrap_or(TOP)) })
            .collect();
        Self { way: Way::Score(user, min_score), since: i64::MIN, arms, stretch }
    }

    /// The next article.
    pub(super) fn next(&mut self, connection: &Connection) -> Result<Option<Candidate>, StoreError> {
        let mut best: Option<(Key, usize)> = None;
        for index in 0..self.arms.len() {
            self.fill(connection, index)?;
            let Some(candidate) = self.arms[index].read.front() else { continue };
            let key = self.key(candidate);
            if best.is_none_or(|(greatest, _)| key > greatest) {
                best = Some((key, index));
            }
            // The arms stand in the order of severity.
            if matches!(self.way, Way::Severity(_)) {
                break;
            }
        }
        Ok(best.and_then(|(_, index)| self.arms[index].read.pop_front()))
    }

    fn key(&self, candidate: &Candidate) -> Key {
        let score = match (&self.way, candidate.of_user) {
            (Way::Score(..), Some((score, _))) => i64::from(score),
            _ => 0,
        };
        (score, candidate.published, candidate.article)
    }

    /// Reads the next stretch of an arm, if what was read of it is used up.
    fn fill(&mut self, connection: &Connection, index: usize) -> Result<(), StoreError> {
        let arm = &mut self.arms[index];
        if arm.ended || !arm.read.is_empty() {
            return Ok(());
        }
        let severity = arm.severity;
        let candidate = |row: &rusqlite::Row<'_>| {
            Ok(Candidate {
                article: row.get(1)?,
                severity,
                published: row.get(0)?,
                of_user: row.get::<_, Option<u16>>(2)?.zip(row.get(3)?),
            })
        };
        let (score, published, article) = arm.below;
        match &self.way {
            Way::Severity(list) | Way::Time(list) => {
                let mut statement = connection.prepare_cached(BY_TIME[list.index()])?;
                let values = (list, severity, self.since, published, article, self.stretch);
                for row in statement.query_map(values, candidate)? {
                    arm.read.push_back(row?);
                }
            }
            Way::Score(user, min_score) => {
                let mut statement = connection.prepare_cached(BY_SCORE)?;
                let values =
                    (user, arm.dismissed, severity, min_score, score, published, article, self.stretch);
                for row in statement.query_map(values, candidate)? {
                    arm.read.push_back(row?);
                }
            }
        }
        arm.ended = arm.read.len() < self.stretch as usize;
        if let Some(last) = arm.read.back().copied() {
            let below = self.key(&last);
            self.arms[index].below = below;
        }
        Ok(())
    }
}

fn arm(severity: u8, below: Key) -> Arm {
    Arm { severity, dismissed: false, below, read: VecDeque::new(), ended: false }
}

/// All that lists are read by, for whoever checks how it is read.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = &'static str> {
    BY_TIME.into_iter().chain(CONTAINS).chain([BY_SCORE])
}
