//! What several workers share over Redis or Valkey: a provider's limits, what is known of its health, and answers.
//!
//! A credential has one limit, however many programs use it. If each had its part of it, all but one part would lie idle
//! whenever the work is not spread evenly; if each had all of it, the provider would refuse. So the workers count together:
//!
//! - [`SharedBudget`]: a [`watchfire_flow::Budget`] whose slots are granted by one script on the server. It keeps what the
//!   local one keeps: no window of the provider's clock holds more than the limit, and all of the limit can be used.
//! - [`SharedBreaker`]: whoever finds the service dead tells everybody, and one of all finds out whether it is back.
//! - [`SharedCache`]: what one has loaded all have, with copies at hand; what one forgets all forget.
//!
//! The server is not needed to be right, only to be quick. It may be slow, go away, come back with nothing in its memory or
//! with an old one, or be out of reach for one worker only: then a worker uses less, never more. How, the `budget` module
//! argues case by case.
//!
//! Nothing runs and nothing is allocated before one of these is started. Each has one connection, which is not mended but
//! made anew, because whoever lost one has to find out what became of what was asked last.

mod breaker;
mod budget;
mod cache;
mod connection;
mod line;
mod settings;

pub use breaker::{SharedBreaker, SharedPermit};
pub use budget::{Mode, SharedBudget, SharedSlot};
pub use cache::{SharedCache, SharedCacheSettings};
pub use settings::{RedisError, RedisSettings};
