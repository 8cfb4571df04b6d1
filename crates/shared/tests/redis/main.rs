//! Promises that only a real server can break: `checks/redis cargo test -p watchfire-shared` provides it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says on standard error why it did not run"
)]

mod breaker;
mod cache;
mod encrypted;
mod failing;
mod limits;
mod link;
mod provider;
mod server;
mod strikes;
mod together;
