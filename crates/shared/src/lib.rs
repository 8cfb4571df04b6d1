//! What several workers share over Redis or Valkey.

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
