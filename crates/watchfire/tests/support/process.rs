//! Runs a process within bounds of time, and watches how much memory it takes.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;
use watchfire_flow::{Clock, SystemClock};

/// No run of these tests takes longer; one that does hangs.
const LONGEST: Duration = Duration::from_secs(300);
/// How often a process is looked at.
const STEP: Duration = Duration::from_millis(5);

/// A process that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub elapsed: Duration,
    /// The most memory it was seen to hold (`VmHWM`), where the system tells.
    pub peak_kib: Option<u64>,
}

impl Finished {
    /// Standard output.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Everything about it, for a failed assertion.
    pub fn told(&self) -> String {
        let cut = |text: String| text.chars().take(3000).collect::<String>();
        format!(
            "{}\n--- standard output\n{}\n--- standard error\n{}",
            self.status,
            cut(self.out()),
            cut(self.err())
        )
    }

    /// Asserts the exit status, and that whatever went wrong was no panic.
    #[track_caller]
    pub fn ends_with(&self, status: i32) -> &Self {
        self.is_no_panic();
        assert_eq!(self.status.code(), Some(status), "exit status: {}", self.told());
        self
    }

    #[track_caller]
    pub fn is_no_panic(&self) -> &Self {
        assert!(!self.err().contains("panicked"), "a panic: {}", self.told());
        assert!(self.status.code().is_some_and(|code| code <= 3), "exit status: {}", self.told());
        self
    }

    /// Asserts that standard error says something with all of these in it, and what to do about it.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        let err = self.err();
        for part in parts {
            assert!(err.contains(part), "nothing of {part:?}: {}", self.told());
        }
        let hints: Vec<&str> =
            err.lines().filter_map(|line| line.trim_start().strip_prefix("hint: ")).collect();
        assert!(!hints.is_empty(), "no hint: {}", self.told());
        assert!(hints.iter().all(|hint| !hint.trim().is_empty()), "an empty hint: {}", self.told());
        self
    }
}

/// Runs a command to its end, with these bytes on standard input.
pub fn finish(command: &mut Command, stdin: Vec<u8>) -> Finished {
    let clock = SystemClock::new();
    let mut child = start(command);
    // Fed from a thread of its own, since the process may want to write before it has read everything.
    let mut input = child.stdin.take().expect("standard input is piped");
    let feeder = spawn(move || {
        // Whoever stops reading early has a reason.
        let _ = input.write_all(&stdin);
    });
    let stdout = collect(child.stdout.take().expect("standard output is piped"));
    let stderr = collect(child.stderr.take().expect("standard error is piped"));
    let mut peak_kib = None;
    let status = loop {
        // The last look before the end misses what came after it, by less than a step.
        peak_kib = peak_of(child.id()).or(peak_kib);
        if let Some(status) = child.try_wait().expect("the process can be waited for") {
            break status;
        }
        if clock.elapsed() > LONGEST {
            let _ = child.kill();
            panic!("{command:?} hangs");
        }
        pause(STEP);
    };
    let elapsed = clock.elapsed();
    feeder.join().expect("the feeder ends");
    let (stdout, stderr) = (stdout.join().expect("a reader ends"), stderr.join().expect("a reader ends"));
    Finished { status, stdout, stderr, elapsed, peak_kib }
}

/// Starts a command with all three streams piped.
pub fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Reads a stream to its end, on a thread of its own.
pub fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is what there is.
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
}

/// Waits for a while.
pub fn pause(duration: Duration) {
    let (_keep, wait) = channel::<()>();
    let _ = wait.recv_timeout(duration);
}

fn peak_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
