//! Tokens of the API. The store sees hashes only; who makes a token shows it once.

use crate::{Store, StoreError};
use rusqlite::Row;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub name: String,
    /// A hash of it.
    pub hash: [u8; 32],
    /// What it may do, as bits.
    pub scopes: u8,
    /// Requests that it may make in a minute, if that is not as usual.
    pub per_minute: Option<u32>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
}

impl Store {
    /// Keeps a token; returns its number.
    pub fn put_token(&self, token: &TokenRow) -> Result<i64, StoreError> {
        let connection = self.writer();
        connection.execute(
            "INSERT INTO tokens (name, hash, scopes, per_minute, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            (&token.name, token.hash, token.scopes, token.per_minute, token.created_at),
        )?;
        Ok(connection.last_insert_rowid())
    }

    /// All tokens, the oldest first, revoked ones too.
    pub fn tokens(&self) -> Result<Vec<TokenRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, name, hash, scopes, per_minute, created_at, revoked_at FROM tokens ORDER BY id",
        )?;
        let rows = statement.query_map([], token)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Revokes the tokens of this name that still hold; says how many those are.
    pub fn revoke_tokens(&self, name: &str, now: i64) -> Result<u64, StoreError> {
        let connection = self.writer();
        let revoked = connection.execute(
            "UPDATE tokens SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL",
            (name, now),
        )?;
        Ok(revoked as u64)
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        id: row.get(0)?,
        name: row.get(1)?,
        hash: row.get(2)?,
        scopes: row.get(3)?,
        per_minute: row.get(4)?,
        created_at: row.get(5)?,
        revoked_at: row.get(6)?,
    })
}
