//! Calls to other people's services: one pooled client, bounded bodies, and failures told apart.
//!
//! Providers differ in what they say, not in how it travels. So this floor knows only requests and responses; what a
//! status or a body means is for whoever asked. A redirect is an answer like any other and is not followed: a key must
//! not travel to an address that the settings do not name.
//!
//! [`Http`] is a trait so that what stands on it can be tried against recorded answers; [`Client`] is the real one.

mod client;
mod failure;
mod message;
mod reach;

pub use client::{Client, Pool};
pub use failure::HttpError;
pub use message::{Method, Request, Response};
pub use reach::{BadAddress, Found, Lookup, Reach, destination, is_public};

use std::future::Future;
use std::pin::Pin;

/// A response that is on its way.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, HttpError>> + Send + 'a>>;

/// Whatever sends requests.
pub trait Http: Send + Sync {
    /// Sends a request once and reads the whole answer. Any status is an answer. Dropping the future ends the call; the
    /// service may have seen it all the same.
    fn send(&self, request: Request) -> Answer<'_>;
}
