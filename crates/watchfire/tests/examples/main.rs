//! What the documentation shows works as it shows it: the example files, every command, every format, and nothing that
//! an attacker wrote reaches a terminal or a page as it is.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod brute_force;
mod commands;
mod day;
mod dead;
mod decide;
mod hostile;
mod input;
mod learn;
mod output;
mod reuse;
mod verify;
