//! Signed-in pages. A session is a random number in a cookie that scripts can't read and that goes to our own pages only.

use axum::http::{HeaderMap, header};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use watchfire_flow::Clock;

/// The cookie's name.
pub(crate) const COOKIE: &str = "watchfire_session";
/// How long nobody may use a session before it ends, in milliseconds.
const IDLE_MS: i64 = 12 * 3_600_000;
/// How many there may be; then the one that was not used longest ends.
const MOST: usize = 1000;

struct Session {
    token: i64,
    used_at: i64,
}

/// Signed-in pages, by the hash of what their cookie says.
pub(crate) struct Sessions {
    known: Mutex<HashMap<[u8; 32], Session>>,
    clock: Arc<dyn Clock>,
}

impl Sessions {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { known: Mutex::default(), clock }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs a token in; returns what the cookie says.
    pub(crate) fn begin(&self, token: i64) -> Result<String, getrandom::Error> {
        let text = crate::token::random_digits()?;
        let now = self.clock.unix_millis();
        let mut known = self.known();
        known.retain(|_, session| now - session.used_at < IDLE_MS);
        if known.len() >= MOST
            && let Some(oldest) = known.iter().min_by_key(|(_, session)| session.used_at).map(|(key, _)| *key)
        {
            known.remove(&oldest);
        }
        known.insert(crate::token::hash(&text), Session { token, used_at: now });
        Ok(text)
    }

    /// The token that the page of these headers was signed in with.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<i64> {
        let key = cookie(headers)?;
        let now = self.clock.unix_millis();
        let mut known = self.known();
        let session = known.get_mut(&key).filter(|session| now - session.used_at < IDLE_MS)?;
        session.used_at = now;
        Some(session.token)
    }

    /// Signs the page of these headers out.
    pub(crate) fn end(&self, headers: &HeaderMap) {
        if let Some(key) = cookie(headers) {
            self.known().remove(&key);
        }
    }
}

fn cookie(headers: &HeaderMap) -> Option<[u8; 32]> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| crate::token::hash(value))
}
