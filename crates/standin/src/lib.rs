//! Stand-in services: one program that speaks the wire format of every provider that is asked, and is as strict as they.
//!
//! A limiter that was only ever tried against itself proves nothing: what counts is what arrives on somebody else's
//! clock. So this crate is the other side. It stamps a request when it *arrives*, counts it in sliding windows that are
//! aligned to nothing, refuses with the body and headers that the provider would send, and remembers every arrival, so
//! that a test can ask how many ever lay in one window. It also keeps the provider's side of the bill, in nano-dollars,
//! so that a ledger can be compared with it to the cent.
//!
//! It can be told to be slow, to fail, to hang, to refuse, to answer garbage and to obey instructions that stand in the
//! text it is asked about ([`Behaviour`]); everything random comes from one seed.
//!
//! Batches can be created, listed, looked at, cancelled and read as each provider documents it, and can expire or fail. The
//! intelligence services keep to their free plans unless limits are set ([`Limits::documented`]), and what each was asked
//! about is kept ([`Books::lookups`], `GET /__standin/lookups`), so that a test can say what it never heard of.
//!
//! Three ways to use it: [`Standin::start`] listens on a port of its own; [`Standin::in_process`] is an
//! [`Http`](watchfire_http::Http) without sockets, for tests on a paused clock; and the program `watchfire-standin`.
//!
//! The models find the places of articles too, and how many articles came in how many calls is counted
//! ([`ProviderTally::place_calls`]). The geocoder speaks Nominatim's language at `/search`, and shuts its door on whoever
//! asks faster than its policy allows.
//!
//! A call passes five steps: which provider, the key, the limits, the fate that the behaviour deals it, the answer. The
//! three families of answers are `llm`, `intel` and `geocoder`.

mod behaviour;
mod clock;
mod config;
mod encoding;
mod exchange;
mod gazetteer;
mod geocoder;
mod intel;
mod limits;
mod llm;
mod prices;
mod provider;
mod quota;
mod server;
mod service;
mod tally;

pub use behaviour::{Behaviour, Garbage};
pub use config::{Config, Reputation};
pub use limits::{Limits, Refused};
pub use llm::tokens;
pub use prices::{Price, Prices};
pub use provider::Provider;
pub use quota::{Quota, QuotaError, duration};
pub use server::{Books, InProcess, Running, Standin, StartError};
pub use tally::{Lookups, ProviderTally, Tally};
