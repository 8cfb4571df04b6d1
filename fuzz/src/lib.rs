//! What the fuzz targets share.
//!
//! Random bytes are hardly ever JSON, and JSON of random shape is hardly ever an alert: a fuzzer left to itself spends
//! its time before the readers, not in them. So inputs are changed as what they are. [`Shape`] takes a JSON record
//! apart, changes some of its values and keys, pins the few keys by which its reader knows it, and writes it again;
//! [`Tokens`] does the same with delimited text. Both draw words from the source of the reader that is tried, and now
//! and then let libFuzzer at the bytes.
//!
//! A target does not only wait for a panic: [`record`] and the targets' own assertions hold the code to what its
//! documentation promises.

mod chance;
mod hostile;
mod json;
mod promises;
mod shape;
mod tokens;
mod words;

pub use chance::Chance;
pub use json::Json;
pub use promises::{record, row};
pub use shape::Shape;
pub use tokens::Tokens;
pub use words::Words;
