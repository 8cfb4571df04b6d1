//! One worker: a process of the program as it is released, and what it says of itself.

use crate::error::OracleError;
use crate::process::{self, Signal};
use crate::settings::KEY;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;

/// What starts workers.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Variables that it is given besides those of this process; of these it has none that begins with `WATCHFIRE_`.
    pub environment: Vec<(String, String)>,
    /// Where settings and logs are kept.
    pub folder: PathBuf,
}

/// What a worker counts. It is printed, and nothing is judged by it: one that is killed has not told its last second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Records that it read.
    pub records: u64,
    /// Alerts in them.
    pub alerts: u64,
    /// Items that are no alerts.
    pub set_aside: u64,
    /// Items that can't be read.
    pub dead: u64,
    /// Alerts that were stored already when they came.
    pub redelivered: u64,
    /// Questions that it put to a model.
    pub asked: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Verdicts that it put out.
    pub put_out: u64,
    /// Transactions that it took back.
    pub withdrawn: u64,
    /// Alerts that wait for an answer.
    pub waiting: u64,
}

impl Counts {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            records: self.records + other.records,
            alerts: self.alerts + other.alerts,
            set_aside: self.set_aside + other.set_aside,
            dead: self.dead + other.dead,
            redelivered: self.redelivered + other.redelivered,
            asked: self.asked + other.asked,
            answered: self.answered + other.answered,
            put_out: self.put_out + other.put_out,
            withdrawn: self.withdrawn + other.withdrawn,
            waiting: self.waiting + other.waiting,
        }
    }

    /// The counts in a line of the worker's log, if it is the one that has them.
    fn read(line: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Line {
            #[serde(default)]
            message: String,
            #[serde(default)]
            fields: Option<serde_json::Value>,
        }
        if !line.contains("\"worker\"") {
            return None;
        }
        let told: Line = serde_json::from_str(line).ok()?;
        // Fields stand beside the message, or with it in an object of their own.
        if told.message == "worker" {
            return serde_json::from_str(line).ok();
        }
        let fields = told.fields.filter(|fields| fields["message"] == "worker")?;
        serde_json::from_value(fields).ok()
    }
}

#[derive(Debug, Default)]
struct Heard {
    counts: Counts,
    last: String,
    /// Where it panicked, and the line after that.
    panic: Option<String>,
    panicked_just_now: bool,
}

impl Heard {
    fn hear(&mut self, line: String) {
        if let Some(counts) = Counts::read(&line) {
            self.counts = counts;
        } else if line.contains("panicked at ") {
            self.panic.get_or_insert(line);
            self.panicked_just_now = true;
        } else if std::mem::take(&mut self.panicked_just_now) {
            if let Some(panic) = &mut self.panic {
                panic.push(' ');
                panic.push_str(&line);
            }
        } else {
            self.last = line;
        }
    }
}

/// A worker's process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Worker {
    /// Its name in its settings.
    pub name: String,
    /// Whose links it has.
    pub place: usize,
    id: i32,
    child: Child,
    heard: Arc<Mutex<Heard>>,
    listening: JoinSet<()>,
    /// Whether it is stopped (SIGSTOP).
    pub is_hung: bool,
}

impl Worker {
    /// Starts `PROGRAM worker --config FILE`. Its log goes to `log`, behind what is there.
    pub fn start(
        program: &Program,
        name: String,
        place: usize,
        settings: &Path,
        log: PathBuf,
    ) -> Result<Self, OracleError> {
        let failed = |source| OracleError::Worker { program: program.path.clone(), source };
        let mut command = Command::new(&program.path);
        let own = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| name.to_str().is_some_and(|name| name.starts_with("WATCHFIRE_")));
        // Settings are in the file alone.
        own.for_each(|name| {
            command.env_remove(name);
        });
        command
            .args([OsStr::new("worker"), OsStr::new("--config"), settings.as_os_str()])
            .env(KEY, "test-key")
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command.envs(program.environment.iter().map(|(name, text)| (name, text)));
        let mut child = command.spawn().map_err(failed)?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let mut listening = JoinSet::new();
        if let Some(lines) = child.stderr.take() {
            listening.spawn(listen(lines, log, Arc::clone(&heard)));
        }
        Ok(Self { name, place, id, child, heard, listening, is_hung: false })
    }

    /// Its process.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: Signal) -> Result<(), OracleError> {
        self.is_hung = signal == Signal::STOP || (self.is_hung && signal != Signal::CONT);
        process::signal(self.id, signal)?;
        Ok(())
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end. Dropping the future waits no longer.
    pub async fn wait(&mut self) -> Option<ExitStatus> {
        let status = self.child.wait().await.ok();
        while self.listening.join_next().await.is_some() {}
        status
    }

    /// What it said of itself last.
    pub fn counts(&self) -> Counts {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).counts
    }

    /// Where it panicked first, or else the last line that it said; cut short.
    pub fn last_words(&self) -> String {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.panic.as_ref().unwrap_or(&heard.last).chars().take(300).collect()
    }
}

async fn listen(lines: ChildStderr, log: PathBuf, heard: Arc<Mutex<Heard>>) {
    // A log that can't be written is missed only by who looks for it.
    let mut log = tokio::fs::OpenOptions::new().create(true).append(true).open(log).await.ok();
    let mut lines = BufReader::new(lines).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(log) = &mut log {
            let _ = log.write_all(format!("{line}\n").as_bytes()).await;
        }
        heard.lock().unwrap_or_else(PoisonError::into_inner).hear(line);
    }
    if let Some(log) = &mut log {
        let _ = log.flush().await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Heard};

    #[test]
    fn of_a_panic_the_place_and_the_reason_are_kept() {
        let mut heard = Heard::default();
        for line in ["starts", "thread 'main' panicked at a.rs:1:1:", "no runtime", "stack backtrace:"] {
            heard.hear(line.to_owned());
        }
        assert_eq!(heard.panic.as_deref(), Some("thread 'main' panicked at a.rs:1:1: no runtime"));
        assert_eq!(heard.last, "stack backtrace:");
    }

    #[test]
    fn the_counts_are_in_one_line_of_the_log_wherever_its_fields_stand() {
        let flat =
            r#"{"timestamp":"t","level":"INFO","message":"worker","records":7,"put_out":6,"target":"w"}"#;
        let deep = r#"{"level":"INFO","fields":{"message":"worker","records":7,"put_out":6}}"#;
        let wanted = Counts { records: 7, put_out: 6, ..Counts::default() };
        assert_eq!((Counts::read(flat), Counts::read(deep)), (Some(wanted), Some(wanted)));
        for other in [r#"{"message":"a worker joined"}"#, r#"{"message":"x","name":"worker"}"#, "worker", ""]
        {
            assert_eq!(Counts::read(other), None, "{other}");
        }
        assert_eq!(wanted.and(wanted).records, 14);
    }
}
