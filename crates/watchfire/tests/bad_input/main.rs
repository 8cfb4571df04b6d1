//! The bad-input matrix: whatever is wrong with a file, the store or the settings, the program ends in good time, with
//! the right exit status, says what is wrong and what to do about it, keeps its balance, and judges whatever can be
//! judged around it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod compressed;
mod files;
mod full;
mod records;
mod settings;
mod sources;
mod stores;
mod text;
