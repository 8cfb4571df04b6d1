//! Those who read: their profiles, what they do with articles, and what was learned of that.
//!
//! Profiles and tastes are JSON of whoever scores. The store reads neither.

use super::{ArticleId, Articles, UserId};
use crate::StoreError;
use rusqlite::{OptionalExtension, Row, TransactionBehavior};

/// What a user did with an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Opened it.
    Opened,
    /// Dismissed it.
    Dismissed,
}

impl Action {
    fn number(self) -> u8 {
        match self {
            Self::Opened => 1,
            Self::Dismissed => 2,
        }
    }

    pub(super) fn of_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Opened),
            2 => Some(Self::Dismissed),
            _ => None,
        }
    }
}

/// What a user asked to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRow {
    /// Their number.
    pub id: UserId,
    /// Their name.
    pub user: String,
    /// What they asked for, as JSON.
    pub body: String,
    /// How often it was changed; 1 at first.
    pub version: u64,
    /// When it was changed, in milliseconds since 1970.
    pub at: i64,
}

impl Articles<'_> {
    /// Gives a user a profile, in the place of the one they had. The version grows only if it says something else.
    pub fn put_profile(&self, user: &str, body: &str, at: i64) -> Result<ProfileRow, StoreError> {
        let connection = self.store.writer();
        let transaction = connection.unchecked_transaction()?;
        transaction
            .prepare_cached(
                "INSERT INTO profiles (user, body, version, at) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT (user) DO UPDATE SET body = excluded.body, version = version + 1, at = excluded.at
                 WHERE body <> excluded.body",
            )?
            .execute((user, body, at))?;
        let stored = transaction
            .prepare_cached("SELECT id, user, body, version, at FROM profiles WHERE user = ?1")?
            .query_row([user], profile)?;
        transaction.commit()?;
        Ok(stored)
    }

    /// A user's profile.
    pub fn profile(&self, user: &str) -> Result<Option<ProfileRow>, StoreError> {
        let connection = self.store.reader();
        let mut statement =
            connection.prepare_cached("SELECT id, user, body, version, at FROM profiles WHERE user = ?1")?;
        Ok(statement.query_row([user], profile).optional()?)
    }

    /// All profiles.
    pub fn profiles(&self) -> Result<Vec<ProfileRow>, StoreError> {
        let connection = self.store.reader();
        let mut statement =
            connection.prepare_cached("SELECT id, user, body, version, at FROM profiles ORDER BY id")?;
        Ok(statement.query_map([], profile)?.collect::<Result<_, _>>()?)
    }

    /// Takes away a user's profile, taste and actions, and at most so many of their scores; says whether all are gone. To
    /// be called again until they are.
    pub fn remove_user(&self, user: UserId, limit: u32) -> Result<bool, StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let scored: Vec<i64> = transaction
            .prepare_cached("SELECT article FROM relevance WHERE user = ?1 LIMIT ?2")?
            .query_map((user.0, limit), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for article in &scored {
            transaction
                .prepare_cached("DELETE FROM relevance WHERE user = ?1 AND article = ?2")?
                .execute([user.0, *article])?;
            transaction
                .prepare_cached("DELETE FROM relevance_reasons WHERE article = ?2 AND user = ?1")?
                .execute([user.0, *article])?;
        }
        let acted = transaction.execute(
            "DELETE FROM actions WHERE user = ?1 AND article IN (SELECT article FROM actions WHERE user = ?1 LIMIT ?2)",
            (user.0, limit),
        )?;
        transaction.execute("DELETE FROM tastes WHERE user = ?1", [user.0])?;
        transaction.execute("DELETE FROM profiles WHERE id = ?1", [user.0])?;
        transaction.commit()?;
        Ok(scored.len() < limit as usize && acted < limit as usize)
    }

    /// Notes what a user did with an article, and says what they did before: the caller's taste takes that back.
    pub fn act(
        &self,
        user: UserId,
        article: ArticleId,
        action: Action,
        at: i64,
    ) -> Result<Option<(Action, i64)>, StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = transaction
            .prepare_cached("SELECT action, at FROM actions WHERE article = ?1 AND user = ?2")?
            .query_row([article.0, user.0], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?)))
            .optional()?;
        // Of an article that is gone, nothing is kept.
        transaction
            .prepare_cached(
                "INSERT INTO actions (article, user, action, at) SELECT id, ?2, ?3, ?4 FROM articles WHERE id = ?1
                 ON CONFLICT (article, user) DO UPDATE SET action = excluded.action, at = excluded.at",
            )?
            .execute((article.0, user.0, action.number(), at))?;
        transaction
            .prepare_cached("UPDATE relevance SET dismissed = ?3 WHERE user = ?1 AND article = ?2")?
            .execute((user.0, article.0, action == Action::Dismissed))?;
        transaction.commit()?;
        Ok(before.and_then(|(number, at)| Some((Action::of_number(number)?, at))))
    }

    /// Forgets what a user did with an article, and says what that was and when.
    pub fn take_back(&self, user: UserId, article: ArticleId) -> Result<Option<(Action, i64)>, StoreError> {
        let mut connection = self.store.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = transaction
            .prepare_cached("DELETE FROM actions WHERE article = ?1 AND user = ?2 RETURNING action, at")?
            .query_row([article.0, user.0], |row| Ok((row.get::<_, u8>(0)?, row.get(1)?)))
            .optional()?;
        transaction
            .prepare_cached("UPDATE relevance SET dismissed = 0 WHERE user = ?1 AND article = ?2")?
            .execute((user.0, article.0))?;
        transaction.commit()?;
        Ok(before.and_then(|(number, at)| Some((Action::of_number(number)?, at))))
    }

    /// What a user did last, the latest first: article, action, when (milliseconds since 1970).
    pub fn actions_of(&self, user: UserId, limit: u32) -> Result<Vec<(ArticleId, Action, i64)>, StoreError> {
        let connection = self.store.reader();
        let mut statement = connection.prepare_cached(
            "SELECT article, action, at FROM actions WHERE user = ?1 ORDER BY at DESC, article DESC LIMIT ?2",
        )?;
        let rows = statement.query_map((user.0, limit), |row| {
            Ok((ArticleId(row.get(0)?), row.get::<_, u8>(1)?, row.get(2)?))
        })?;
        let mut actions = Vec::new();
        for row in rows {
            let (article, number, at) = row?;
            actions.extend(Action::of_number(number).map(|action| (article, action, at)));
        }
        Ok(actions)
    }

    /// What was learned of a user, as JSON.
    pub fn taste(&self, user: UserId) -> Result<Option<String>, StoreError> {
        let connection = self.store.reader();
        let mut statement = connection.prepare_cached("SELECT body FROM tastes WHERE user = ?1")?;
        Ok(statement.query_row([user.0], |row| row.get(0)).optional()?)
    }

    /// Keeps what was learned of a user.
    pub fn put_taste(&self, user: UserId, body: &str, at: i64) -> Result<(), StoreError> {
        let connection = self.store.writer();
        connection
            .prepare_cached("INSERT OR REPLACE INTO tastes (user, body, at) VALUES (?1, ?2, ?3)")?
            .execute((user.0, body, at))?;
        Ok(())
    }
}

fn profile(row: &Row<'_>) -> rusqlite::Result<ProfileRow> {
    Ok(ProfileRow {
        id: UserId(row.get(0)?),
        user: row.get(1)?,
        body: row.get(2)?,
        version: row.get::<_, i64>(3)?.max(0) as u64,
        at: row.get(4)?,
    })
}
