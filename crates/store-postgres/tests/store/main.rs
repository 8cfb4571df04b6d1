//! The store on a real server: `checks/postgres cargo test -p watchfire-store-postgres`.

mod beside;
mod conformance;
mod connection;
mod failures;
mod fleet;
mod proxy;
mod server;
