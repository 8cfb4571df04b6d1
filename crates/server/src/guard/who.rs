//! Who calls: whose token it is, or who signed in.

use super::sessions::Sessions;
use crate::problem::Problem;
use crate::token::{Scopes, hash, is_same};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;
use watchfire_engine::EngineError;
use watchfire_store::{Store, TokenRow};

/// How old the list of tokens may be: so long may a revoked token still be served.
const FRESH: Duration = Duration::from_secs(5);

/// Who calls, as routes see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    /// Their name.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) scopes: Scopes,
    /// Whether nobody asked for a token.
    pub(crate) is_open: bool,
}

/// Who calls, and what they are counted by.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Who,
    pub(crate) counted: Counted,
    /// What was said of the token.
    pub(crate) per_minute: Option<u32>,
}

/// What a caller's requests are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// Whoever is on this machine.
    Local,
    /// This token.
    Token(i64),
    /// The pages that were signed in with this token.
    Page(i64),
}

/// The tokens that hold.
pub(crate) struct Tokens {
    store: Arc<Store>,
    is_local: bool,
    known: RwLock<Vec<TokenRow>>,
    read_at: Mutex<Instant>,
}

impl Tokens {
    pub(super) fn load(store: Arc<Store>, is_local: bool) -> Result<Self, EngineError> {
        let known = RwLock::new(store.tokens()?);
        Ok(Self { store, is_local, known, read_at: Mutex::new(Instant::now()) })
    }

    /// Whether nobody needs a token: on loopback, as long as none was ever made.
    pub(crate) fn is_open(&self) -> bool {
        self.refresh();
        self.is_local && self.known.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Reads the list again if it is old. Tokens are made and revoked by another process.
    fn refresh(&self) {
        {
            let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
            if read_at.elapsed() < FRESH {
                return;
            }
            *read_at = Instant::now();
        }
        match self.store.tokens() {
            Ok(tokens) => *self.known.write().unwrap_or_else(PoisonError::into_inner) = tokens,
            Err(error) => tracing::error!(%error, "the tokens can't be read; those known before hold"),
        }
    }

    /// Whose token this is, if it holds. Every known token is compared, so that the time tells nothing.
    pub(crate) fn of(&self, text: &str) -> Option<TokenRow> {
        let given = hash(text);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = None;
        for token in known.iter() {
            if is_same(&token.hash, &given) && token.revoked_at.is_none() {
                found = Some(token.clone());
            }
        }
        found
    }

    fn by_id(&self, id: i64) -> Option<TokenRow> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|token| token.id == id && token.revoked_at.is_none()).cloned()
    }

    /// Who sent this request.
    pub(super) fn who(&self, request: &Request, sessions: &Sessions) -> Result<Caller, Problem> {
        self.who_by(request.headers(), !request.method().is_safe(), sessions)
    }

    /// Who sent these headers; `changes` says whether they want to change something.
    pub(crate) fn who_by(
        &self,
        headers: &HeaderMap,
        changes: bool,
        sessions: &Sessions,
    ) -> Result<Caller, Problem> {
        if let Some(token) = bearer(headers) {
            let row = self.of(token).ok_or_else(|| refused("this token does not hold"))?;
            return Ok(Caller {
                counted: Counted::Token(row.id),
                per_minute: row.per_minute,
                who: who(&row),
            });
        }
        if let Some(row) = sessions.token(headers).and_then(|id| self.by_id(id)) {
            if changes && !headers.contains_key("x-watchfire") {
                return Err(Problem::new(
                    StatusCode::FORBIDDEN,
                    "a signed-in page says X-Watchfire: 1 when it changes something",
                    "send that header, or use a token",
                ));
            }
            return Ok(Caller { counted: Counted::Page(row.id), per_minute: None, who: who(&row) });
        }
        if self.is_open() {
            let who = Who { name: "local".to_owned(), scopes: Scopes::ALL, is_open: true };
            return Ok(Caller { who, counted: Counted::Local, per_minute: None });
        }
        Err(refused("a token is needed"))
    }
}

fn who(row: &TokenRow) -> Who {
    Who { name: row.name.clone(), scopes: Scopes::from_bits(row.scopes), is_open: false }
}

fn refused(detail: &'static str) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        detail,
        "send Authorization: Bearer wf_…; watchfire token new NAME makes a token",
    )
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
