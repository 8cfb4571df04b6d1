//! What came of a run: a table for people, JSON for programs.

use crate::judging::{Findings, Kind, Totals};
use crate::race::Race;
use crate::settings::Limit;
use crate::strike::Strike;
use crate::worker::Counts;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;
use watchfire_standin::{Books, Provider};

/// What the stand-in saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Asked {
    /// Calls in all.
    pub calls: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls that were refused for a limit.
    pub refused: u64,
    /// Most calls in any window of the limit.
    pub most_in_window: u64,
    /// The limit.
    pub limit: u64,
    /// Its window, in seconds.
    pub window_s: f64,
}

impl Asked {
    /// What is in its books. Calls that it refused, and more in a window than the limit, are findings.
    pub fn of(books: &Books, limit: Option<Limit>, findings: &mut Findings) -> Self {
        let limit = limit.unwrap_or(Limit { requests: u64::MAX, window_s: 1.0 });
        let tally = books.tally().providers.remove(&Provider::Gemini).unwrap_or_default();
        let window = Duration::from_secs_f64(limit.window_s);
        let most_in_window = books.max_in_any(Provider::Gemini, window);
        for _ in 0..tally.refused {
            findings.add(Kind::Refused, || format!("by {:?}", tally.refused_by));
        }
        for over in limit.requests..most_in_window {
            findings.add(Kind::OverLimit, || format!("{} in {} s", over + 1, limit.window_s));
        }
        Self {
            calls: tally.calls,
            answered: tally.answered,
            refused: tally.refused,
            most_in_window,
            limit: limit.requests,
            window_s: limit.window_s,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Where all chance came from.
    pub seed: u64,
    /// How long it took.
    pub seconds: f64,
    /// Strikes by kind.
    pub strikes: BTreeMap<&'static str, u64>,
    /// What was there to be judged.
    pub totals: Totals,
    /// What the stand-in saw, if it was asked.
    pub asked: Option<Asked>,
    /// What the workers counted. Those that were killed did not tell their last second.
    pub workers: Counts,
    /// Workers that ended by themselves.
    pub fallen: u64,
    /// What is unsound.
    pub findings: Findings,
    /// How fast it was, where that was the question.
    pub race: Option<Race>,
}

/// How often each kind of strike.
pub fn kinds(strikes: &[Strike]) -> BTreeMap<&'static str, u64> {
    let mut kinds = BTreeMap::new();
    for strike in strikes {
        *kinds.entry(strike.kind()).or_default() += 1;
    }
    kinds
}

impl Report {
    /// The table.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let mut row = |name: &str, value: String| {
            // Writing to a text can't fail.
            let _ = writeln!(text, "{name:<34} {value}");
        };
        let strikes: Vec<String> =
            self.strikes.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let totals = &self.totals;
        row("seed", self.seed.to_string());
        row("time", format!("{:.1} s", self.seconds));
        if !strikes.is_empty() {
            row("strikes", strikes.join(", "));
        }
        row(
            "records",
            format!(
                "{} of {} keys: {} alerts, {} records set aside, {} items broken",
                totals.records, totals.keys, totals.alerts, totals.set_aside, totals.dead
            ),
        );
        row(
            "put out",
            format!(
                "{} verdicts ({} by a model), {} dead letters; {} written and withdrawn",
                totals.verdicts, totals.by_model, totals.dead_letters, totals.withdrawn
            ),
        );
        row("questions still open", totals.questions.to_string());
        row(
            "workers say",
            format!(
                "{} records read, {} alerts delivered again, {} transactions withdrawn, {} questions asked, {} answered",
                self.workers.records,
                self.workers.redelivered,
                self.workers.withdrawn,
                self.workers.asked,
                self.workers.answered
            ),
        );
        if let Some(asked) = &self.asked {
            row(
                "the model says",
                format!(
                    "{} calls, {} answered, {} refused; {} of {} in {} s at most",
                    asked.calls,
                    asked.answered,
                    asked.refused,
                    asked.most_in_window,
                    asked.limit,
                    asked.window_s
                ),
            );
        }
        if let Some(race) = &self.race {
            race.rows(&mut row);
        }
        for kind in Kind::ALL {
            row(kind.name(), self.findings.count(kind).to_string());
        }
        for kind in Kind::ALL {
            for example in self.findings.examples(kind) {
                let _ = writeln!(text, "  {}: {example}", kind.name());
            }
        }
        let _ = writeln!(text, "{}", if self.findings.is_sound() { "sound" } else { "NOT SOUND" });
        text
    }
}
