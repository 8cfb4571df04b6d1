//! What articles promise, on a paused clock: against a stand-in that counts arrivals as a provider does, a fake web of
//! feeds, and the store itself as the one who knows.

#![expect(clippy::unwrap_used, reason = "a test")]

mod answers;
mod batches;
mod day;
mod geocoding;
mod heard;
mod intake;
mod kills;
mod lists;
mod outages;
mod polling;
mod readers;
mod world;
