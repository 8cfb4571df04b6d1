//! Runs the program as a user would, each time in a folder of its own, and reads what it leaves.
//!
//! Nothing here knows the program from within: what a test sees is the exit status, the two streams, the files and the
//! store, which it reads by SQL of its own.

#![allow(dead_code, reason = "every test uses a part of its own")]

pub mod alerts;
pub mod process;
pub mod served;

use process::{Finished, finish};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A folder with a store in it, in which the program is run.
pub struct Workbench {
    folder: TempDir,
}

impl Workbench {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.path("store.db")
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a folder can be made");
        }
        std::fs::write(&path, bytes).expect("a file can be written");
        path
    }

    /// The program, with this folder for everything that it would otherwise look for in the user's.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.bare(env!("CARGO_BIN_EXE_watchfire"));
        command.arg("--store").arg(self.store()).args(arguments);
        command
    }

    /// Any other program, in the same surroundings.
    pub fn bare(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WATCHFIRE_") {
                command.env_remove(name);
            }
        }
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "RUST_BACKTRACE"] {
            command.env_remove(name);
        }
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(name, self.folder.path());
        }
        command.env("USER", "tester").current_dir(self.folder.path());
        command
    }

    /// Runs the program.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Finished {
        finish(&mut self.command(arguments), Vec::new())
    }

    /// Runs `triage` on these files.
    pub fn triage(&self, files: &[&Path]) -> Triaged {
        self.triage_with(files, &[] as &[&str])
    }

    /// Runs `triage` on these files with more arguments.
    pub fn triage_with<S: AsRef<OsStr>>(&self, files: &[&Path], more: &[S]) -> Triaged {
        self.triage_fed(files, more, Vec::new())
    }

    /// Runs `triage` with bytes on standard input.
    pub fn triage_fed<S: AsRef<OsStr>>(&self, files: &[&Path], more: &[S], stdin: Vec<u8>) -> Triaged {
        let json = self.path("summary.json");
        // What an earlier run wrote must not be taken for this one's.
        let _ = std::fs::remove_file(&json);
        let mut command = self.command(["triage", "--summary-json"]);
        command.arg(&json).args(more).args(files);
        let finished = finish(&mut command, stdin);
        let summary = std::fs::read(&json).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Triaged { finished, summary }
    }

    /// The dead letters that wait, as `dead list` shows them.
    pub fn dead_letters(&self) -> Vec<Value> {
        let listed = self.run(["dead", "list", "--json"]);
        listed.ends_with(0);
        let letters =
            listed.out().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        for letter in &letters as &Vec<Value> {
            for key in ["reason", "hint", "file"] {
                assert!(letter[key].as_str().is_some_and(|text| !text.is_empty()), "no {key}: {letter}");
            }
            assert!(letter["line"].as_u64().is_some_and(|line| line > 0), "no line: {letter}");
        }
        letters
    }

    /// Opens the store beside the program.
    pub fn sql(&self) -> Connection {
        Connection::open_with_flags(self.store(), OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the store can be opened")
    }

    /// One number from the store.
    pub fn count(&self, sql: &str) -> i64 {
        self.sql().query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }
}

/// A run of `triage` that came to its end.
#[derive(Debug)]
pub struct Triaged {
    pub finished: Finished,
    /// What `--summary-json` wrote, if the run came that far.
    pub summary: Option<Value>,
}

impl Triaged {
    /// Asserts the exit status, and that every record is accounted for.
    #[track_caller]
    pub fn ends_with(&self, status: i32) -> &Self {
        self.finished.ends_with(status);
        self.is_balanced();
        self
    }

    /// Asserts that every record is accounted for, in all and by input.
    #[track_caller]
    pub fn is_balanced(&self) -> &Self {
        let summary = self.summary();
        for part in summary["inputs"].as_array().into_iter().flatten().chain([summary]) {
            let pending = part.get("pending").map_or(0, number);
            let sum = number(&part["judged"]) + number(&part["set_aside"]) + number(&part["dead"]) + pending;
            assert_eq!(number(&part["received"]), sum, "out of balance: {part}");
        }
        for key in ["received", "judged", "set_aside", "dead"] {
            let inputs = summary["inputs"].as_array().into_iter().flatten();
            assert_eq!(
                self.count(key),
                inputs.map(|input| number(&input[key])).sum::<u64>(),
                "{key} of the inputs"
            );
        }
        for key in ["by_severity", "by_verdict", "by_format", "by_decider", "by_category"] {
            let counts = summary[key].as_object().into_iter().flatten();
            assert_eq!(self.count("judged"), counts.map(|(_, count)| number(count)).sum::<u64>(), "{key}");
        }
        self
    }

    #[track_caller]
    pub fn summary(&self) -> &Value {
        self.summary.as_ref().unwrap_or_else(|| panic!("no summary was written: {}", self.finished.told()))
    }

    #[track_caller]
    pub fn count(&self, key: &str) -> u64 {
        number(&self.summary()[key])
    }

    /// Asserts how many records were judged, set aside and dead.
    #[track_caller]
    pub fn came_to(&self, judged: u64, set_aside: u64, dead: u64) -> &Self {
        let found = ["judged", "set_aside", "dead"].map(|key| self.count(key));
        let reasons = &self.summary()["dead_by_reason"];
        assert_eq!(
            found,
            [judged, set_aside, dead],
            "judged, set aside, dead ({reasons}): {}",
            self.finished.told()
        );
        self
    }

    /// A share between 0 and 1.
    #[track_caller]
    pub fn share(&self, of: &str, key: &str) -> f64 {
        self.summary()[of][key].as_f64().unwrap_or_else(|| panic!("no {of}.{key}"))
    }
}

#[track_caller]
pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("not a count: {value}"))
}

/// A file of the examples folder.
pub fn example(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples")).join(name)
}
