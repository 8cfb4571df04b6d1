//! What is told while it runs: a line at a time, on standard error, with the time since the start.

use std::fmt::Display;
use std::io::Write;
use tokio::time::Instant;

/// Tells how it goes.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    start: Instant,
    quiet: bool,
}

impl Told {
    /// From now on; nothing at all if `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self { start: Instant::now(), quiet }
    }

    /// A line.
    pub fn say(&self, text: impl Display) {
        if !self.quiet {
            // Nobody has to listen.
            let _ = writeln!(std::io::stderr(), "{:7.1} s  {text}", self.start.elapsed().as_secs_f64());
        }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
