//! Tells how far work has come while it goes on.

use super::progress::ProgressMode;
use super::write_err;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use watchfire_flow::{Clock, SystemClock};

/// What can be told of work at any moment.
pub(super) trait Told: Sync {
    /// The share that is done, in percent.
    fn percent(&self) -> u64;
    /// A line, after so much time.
    fn line(&self, elapsed: Duration) -> String;
    /// The same as a JSON object; `over` when it is the last one.
    fn event(&self, elapsed: Duration, over: bool) -> String;
}

/// Runs `work` and tells its progress meanwhile.
pub(super) fn watching<T>(mode: ProgressMode, told: &impl Told, work: impl FnOnce() -> T) -> T {
    let (done, wait) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let clock = SystemClock::new();
            let bar = (mode == ProgressMode::Bar).then(bar);
            while wait.recv_timeout(mode.step()) == Err(RecvTimeoutError::Timeout) {
                let elapsed = clock.elapsed();
                match (&bar, mode) {
                    (Some(bar), _) => {
                        bar.set_position(told.percent());
                        bar.set_message(told.line(elapsed));
                        bar.tick();
                    }
                    (None, ProgressMode::Lines) => write_err(&format!("{}\n", told.line(elapsed))),
                    (None, ProgressMode::Json) => write_err(&format!("{}\n", told.event(elapsed, false))),
                    _ => {}
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            if mode == ProgressMode::Json {
                write_err(&format!("{}\n", told.event(clock.elapsed(), true)));
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
