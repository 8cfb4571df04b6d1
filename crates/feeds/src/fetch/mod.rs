//! How feeds and articles are fetched: from an address to bytes, politely, and from nobody who was not meant.
//!
//! Whoever writes a feed writes the addresses in it, and whoever holds a domain says where its name leads and what its server
//! answers. So nothing that comes back is believed: not its length, its type, its charset, its redirects or its dates. Each of
//! them has a bound in [`FetchSettings`].
//!
//! What to ask next and what an answer means is decided by [`Exchange`], which does no input or output and takes the time as
//! a parameter. [`Fetcher`] is the thin edge around it: it waits for its turn at the host ([`Hosts`]), reads what the host
//! wants of robots ([`Robots`]), sends, and counts the time. When to come again is [`Schedule`]'s to say.
//!
//! How far a request may go is checked for every hop of a chain of redirects and again when the connection is made, because a
//! name can lead elsewhere by then. A feed may be allowed to be private; what it redirects to is not.

mod exchange;
mod fetcher;
mod headers;
mod hosts;
mod outcome;
mod robots;
mod robots_cache;
mod schedule;
mod source;
#[cfg(test)]
mod tests;

pub use exchange::{Ask, Exchange};
pub use fetcher::Fetcher;
pub use hosts::{HostTurn, Hosts};
pub use outcome::{Document, Failure, Fetched, Outcome, Refusal};
pub use robots::Robots;
pub use schedule::{Bounds, Heard, Hints, Schedule, Skipped};
pub use source::{FetchSettings, Source, Validators, Wanted};
