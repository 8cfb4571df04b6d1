//! Every kind of record on a real server: `checks/postgres cargo test -p watchfire-store-postgres --test records`.

mod copying;
mod kinds;
mod server;
