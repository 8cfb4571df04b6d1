//! Processes by their numbers: signals, and the time that they had on a core.
//!
//! Figures are those of Linux's `/proc/PID/stat` (proc(5)): fields 14 to 17, in ticks of the clock.

use crate::error::OracleError;
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, test_kill_process};

/// Sends a signal. A process that is not there any more is no error: `false`.
pub fn signal(id: i32, signal: Signal) -> Result<bool, OracleError> {
    let Some(pid) = Pid::from_raw(id) else { return Ok(false) };
    match kill_process(pid, signal) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(error) => Err(OracleError::Process { id, source: error.into() }),
    }
}

/// Whether it is there.
pub fn is_there(id: i32) -> bool {
    Pid::from_raw(id).is_some_and(|pid| test_kill_process(pid).is_ok())
}

/// What `/proc` says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    id: i32,
    parent: i32,
    /// Ticks of its own, and of children that ended and were waited for.
    own: u64,
    waited: u64,
}

/// The line of `/proc/PID/stat`. The second field is the program's name in brackets, which may itself have blanks and brackets.
fn stat(line: &str) -> Option<Stat> {
    let id = line.split(' ').next()?.parse().ok()?;
    let (_, rest) = line.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |place: usize| fields.get(place)?.trim().parse::<u64>().ok();
    Some(Stat {
        id,
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        waited: number(13)? + number(14)?,
    })
}

fn all() -> Vec<Stat> {
    let Ok(folders) = std::fs::read_dir("/proc") else { return Vec::new() };
    folders
        .flatten()
        .filter(|folder| folder.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|folder| stat(&std::fs::read_to_string(folder.path().join("stat")).ok()?))
        .collect()
}

/// The processes that a process started and that are still there.
pub fn children(id: i32) -> Vec<i32> {
    all().into_iter().filter(|stat| stat.parent == id).map(|stat| stat.id).collect()
}

/// Seconds of a core that a process had, with those of the children that are there, and of those it waited for.
pub fn core_seconds(id: i32) -> f64 {
    let ticks: u64 = all()
        .into_iter()
        .filter(|stat| stat.id == id || stat.parent == id)
        .map(|stat| stat.own + if stat.id == id { stat.waited } else { 0 })
        .sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Seconds of a core that a process had, without its children.
pub fn own_core_seconds(id: i32) -> f64 {
    let line = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat(&line).map_or(0.0, |stat| stat.own as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// This process.
pub fn own() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

#[cfg(test)]
mod tests {
    use super::{Stat, core_seconds, is_there, own, signal, stat};
    use rustix::process::Signal;

    #[test]
    fn a_program_may_be_called_anything() {
        let line = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 0 0 0 11 12 3 4 20 0 1 0 100 0 0";
        assert_eq!(stat(line), Some(Stat { id: 42, parent: 7, own: 23, waited: 7 }));
        assert_eq!(stat("42 (cut"), None);
        assert_eq!(stat(""), None);
    }

    #[test]
    fn a_signal_reaches_a_child_and_what_has_ended_is_not_there() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        assert!(is_there(id) && super::children(own()).contains(&id));
        assert!(signal(id, Signal::KILL).unwrap());
        child.wait().unwrap();
        assert!(!is_there(id));
        assert!(!signal(id, Signal::KILL).unwrap());
        assert!(!signal(0, Signal::KILL).unwrap(), "not all of our own group");
        assert!(core_seconds(own()) >= 0.0);
    }
}
