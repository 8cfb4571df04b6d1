//! The service over HTTP: an API that a SIEM can post to, live events, metrics, and a page that an analyst can work in.
//!
//! ```text
//!  connection ─▶ bounds ▸ host and origin ▸ who ▸ how often ▸ route ─▶ engine
//!  (how many, how slow)                                          └─▶ what it says, as JSON or as a problem
//! ```
//!
//! Everything that comes in is bounded: connections, headers, bodies, and the time for each. On loopback nobody needs a token
//! until one is made; anywhere else nobody is served without one. What alerts say is the attacker's text: it leaves as JSON,
//! and the page shows it as text.

#![expect(unused_qualifications, reason = "the attribute that describes a route names its types twice")]

mod app;
mod assets;
mod events;
mod figures;
mod findings;
mod guard;
mod listen;
mod measuring;
mod metrics;
mod problem;
mod proposing;
mod routes;
mod shape;
mod token;

pub use app::{Adopt, App, AppSettings, Watched, WatchedKind};
pub use listen::{ServeError, Stop, bind, serve};
pub use measuring::Measurements;
pub use token::{Scope, Scopes, Token};
