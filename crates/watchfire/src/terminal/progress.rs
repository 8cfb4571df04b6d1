//! Progress while a run goes on: a bar on a terminal, plain lines elsewhere, JSON on request.

use super::{grouped, list_problems, write_err};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use watchfire_engine::{Progress, ReputationCache, Snapshot};
use watchfire_flow::{Clock, SystemClock};

/// How often a bar is drawn.
const BAR_STEP: Duration = Duration::from_millis(100);
/// How often a JSON event is written.
const JSON_STEP: Duration = Duration::from_millis(500);
/// How often a plain line is written.
const LINE_STEP: Duration = Duration::from_secs(5);
/// How often lists are looked at for changes.
const REFRESH: Duration = Duration::from_secs(10);

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgressMode {
    Silent,
    Bar,
    Lines,
    Json,
}

impl ProgressMode {
    /// How often it is told.
    pub(super) fn step(self) -> Duration {
        match self {
            Self::Bar => BAR_STEP,
            Self::Json => JSON_STEP,
            Self::Lines | Self::Silent => LINE_STEP,
        }
    }

    /// By what the user asked for and where standard error goes.
    pub(crate) fn choose(quiet: bool, json: bool) -> Self {
        match (quiet, json) {
            (true, _) => Self::Silent,
            (_, true) => Self::Json,
            _ if io::stderr().is_terminal() => Self::Bar,
            _ => Self::Lines,
        }
    }
}

/// Runs `work` and tells its progress meanwhile; looks after changed lists, too.
pub(crate) fn with_progress<T>(
    mode: ProgressMode,
    progress: &Progress,
    reputations: &ReputationCache,
    work: impl FnOnce() -> T,
) -> T {
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let clock = SystemClock::new();
            let bar = (mode == ProgressMode::Bar).then(bar);
            let mut refreshed = Duration::ZERO;
            while wait.recv_timeout(mode.step()) == Err(RecvTimeoutError::Timeout) {
                let (snapshot, elapsed) = (progress.snapshot(), clock.elapsed());
                match (&bar, mode) {
                    (Some(bar), _) => draw(bar, &snapshot, elapsed),
                    (None, ProgressMode::Lines) => write_err(&format!("{}\n", line(&snapshot, elapsed))),
                    (None, ProgressMode::Json) => {
                        write_err(&format!("{}\n", event("progress", &snapshot, elapsed)));
                    }
                    _ => {}
                }
                if elapsed.saturating_sub(refreshed) > REFRESH {
                    refreshed = elapsed;
                    if let Some(problems) = reputations.refresh() {
                        list_problems(&problems);
                    }
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            if mode == ProgressMode::Json {
                write_err(&format!("{}\n", event("done", &progress.snapshot(), clock.elapsed())));
            }
        });
        let result = work();
        drop(done);
        result
    })
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
    // A template that can't be parsed leaves the default one.
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {percent:>3} %  {msg}") {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
}

fn draw(bar: &ProgressBar, snapshot: &Snapshot, elapsed: Duration) {
    match percent(snapshot) {
        Some(percent) => bar.set_position(percent as u64),
        None => bar.set_position(0),
    }
    bar.set_message(line(snapshot, elapsed));
    bar.tick();
}

/// How much of the input is read, by its size as it lies there; `None` if that is not known.
fn percent(snapshot: &Snapshot) -> Option<f64> {
    (snapshot.total_bytes > 0)
        .then(|| (100.0 * snapshot.read_bytes as f64 / snapshot.total_bytes as f64).min(100.0))
}

/// How long it will still take if it goes on as it has.
fn remaining(snapshot: &Snapshot, elapsed: Duration) -> Option<Duration> {
    let share = percent(snapshot)? / 100.0;
    (share > 0.0).then(|| elapsed.mul_f64((1.0 - share) / share))
}

fn line(snapshot: &Snapshot, elapsed: Duration) -> String {
    let mut text = grouped(snapshot.received);
    if let Some(percent) = percent(snapshot) {
        // How many there will be is only known from how many there were.
        let total = if percent > 0.0 { snapshot.received as f64 * 100.0 / percent } else { 0.0 };
        text.push_str(&format!(" of about {} records, {percent:.0} %", grouped(total.round() as u64)));
    } else {
        text.push_str(" records");
    }
    text.push_str(&format!(
        ", {} hostile, {} decided",
        grouped(snapshot.hostile),
        grouped(snapshot.decisions)
    ));
    if snapshot.dead > 0 {
        text.push_str(&format!(", {} dead", grouped(snapshot.dead)));
    }
    text.push_str(&format!(", {}", clock(elapsed)));
    if let Some(remaining) = remaining(snapshot, elapsed) {
        text.push_str(&format!(", ETA {}", clock(remaining)));
    }
    text
}

pub(super) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

fn event(kind: &str, snapshot: &Snapshot, elapsed: Duration) -> String {
    serde_json::json!({
        "event": kind,
        "received": snapshot.received,
        "judged": snapshot.judged,
        "set_aside": snapshot.set_aside,
        "dead": snapshot.dead,
        "hostile": snapshot.hostile,
        "decisions": snapshot.decisions,
        "bytes": snapshot.read_bytes,
        "bytes_total": snapshot.total_bytes,
        "percent": percent(snapshot),
        "elapsed_s": elapsed.as_secs_f64(),
        "eta_s": remaining(snapshot, elapsed).map(|remaining| remaining.as_secs_f64()),
        "calls": 0,
        "cost_usd": 0.0,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::{event, line};
    use std::time::Duration;
    use watchfire_engine::Snapshot;

    #[test]
    fn the_line_tells_done_total_percent_elapsed_and_eta() {
        let snapshot = Snapshot {
            total_bytes: 1000,
            read_bytes: 250,
            received: 1500,
            judged: 1400,
            set_aside: 98,
            dead: 2,
            decisions: 12,
            hostile: 7,
        };
        assert_eq!(
            line(&snapshot, Duration::from_secs(75)),
            "1,500 of about 6,000 records, 25 %, 7 hostile, 12 decided, 2 dead, 1:15, ETA 3:45"
        );
        assert!(event("progress", &snapshot, Duration::from_secs(75)).contains("\"eta_s\":225.0"));
        let unknown = Snapshot { total_bytes: 0, ..snapshot };
        assert_eq!(
            line(&unknown, Duration::from_hours(1)),
            "1,500 records, 7 hostile, 12 decided, 2 dead, 1:00:00"
        );
    }
}
