//! Judged alerts, as other programs want them: one format per file.
//!
//! Writers take a [`Record`], which borrows everything, and append to a buffer: a chunk's alerts are written to one
//! buffer by the thread that judged them, and go out in the order of the input.

mod csv;
mod ecs;
mod ndjson;
mod ocsf;

use crate::{Alert, Decider, Priority, Reputation, Severity, Timestamp, Verdict};

/// A judged alert.
#[derive(Debug, Clone)]
pub struct Record<'r> {
    /// Its id, such as `5f3a9c01be-1532`.
    pub id: &'r str,
    /// The alert.
    pub alert: &'r Alert<'r>,
    /// When it happened: the alert's own time, or the time of the one before it where it has none.
    pub time: Timestamp,
    /// What was decided.
    pub verdict: Verdict,
    /// How bad.
    pub severity: Severity,
    /// How soon to look.
    pub priority: Priority,
    /// How sure, 0–1.
    pub confidence: f64,
    /// Who decided.
    pub decider: Decider,
    /// Whether an earlier decision on the same pattern was used again.
    pub reused: bool,
    /// What it is about, such as `brute_force`.
    pub category: &'r str,
    /// One sentence that says why; safe to print.
    pub reason: &'r str,
    /// ATT&CK technique ids.
    pub techniques: &'r [String],
    /// Titles of Watchfire's rules that matched.
    pub rules: &'r [String],
    /// What to do, in order.
    pub next_steps: &'r [String],
    /// What the reason rests on: names and values.
    pub evidence: &'r [(String, String)],
    /// The language model that decided, with the hash of its instructions; empty if none did.
    pub model: &'r str,
    /// How it was asked; empty if none was.
    pub settings: &'r str,
    /// The decision that holds for it, in hexadecimal: the same for all alerts that share it.
    pub decision: &'r str,
    /// From when the decision holds, in milliseconds since 1970: the time of the alert that it was made on.
    pub valid_from: i64,
    /// The pattern it belongs to, in hexadecimal.
    pub pattern: &'r str,
    /// Until when the decision holds for its pattern, in milliseconds since 1970.
    pub valid_until: i64,
    /// Version of the deciders.
    pub version: &'r str,
    /// The machine or account it is about; empty if there is none.
    pub asset: &'r str,
    /// The worst that is known of its indicators.
    pub reputation: Reputation,
    /// What is known of the source, and of the destination.
    pub reputations: (Reputation, Reputation),
}

/// A format to write alerts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// One JSON object a line, Watchfire's own names.
    Ndjson,
    /// OCSF Detection Finding (class 2004), one a line.
    Ocsf,
    /// Elastic Common Schema, one a line.
    Ecs,
    /// RFC 4180, with a header.
    Csv,
}

impl OutputFormat {
    /// What stands before the first alert.
    pub fn header(self) -> &'static str {
        match self {
            Self::Csv => csv::HEADER,
            Self::Ndjson | Self::Ocsf | Self::Ecs => "",
        }
    }

    /// Appends an alert, with its line end.
    pub fn write(self, record: &Record<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Ndjson => ndjson::write(record, out),
            Self::Ocsf => ocsf::write(record, out),
            Self::Ecs => ecs::write(record, out),
            Self::Csv => csv::write(record, out),
        }
    }
}
