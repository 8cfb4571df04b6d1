//! What an error of PostgreSQL means: was it done, and should one come again?
//!
//! An error that the server reports ends the statement's transaction, and nothing was done; all but a few, which say that the
//! server itself goes down. Then, as where the connection breaks or no answer comes, nobody knows: a write may have become
//! durable just before its answer was lost. Codes: PostgreSQL's documentation, appendix A.

use deadpool_postgres::PoolError;
use std::error::Error as _;
use std::time::Duration;
use tokio_postgres::Error;
use watchfire_store::fleet::FleetError;
use watchfire_store::measurements::UserFailure;

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server has no room or no time for it now; nothing was done.
    Throttled,
    /// It is not known whether it was done.
    Lost(String),
    /// It was not done, and trying again may help.
    Failed(String),
    /// It was not done, since somebody else was in the way for a moment: trying again at once helps.
    Crossed(String),
    /// It was not done, and trying again does not help.
    Refused(String),
}

impl From<Failure> for UserFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Throttled => Self::Throttled { after: None },
            Failure::Lost(message) => Self::Lost(message),
            Failure::Failed(message) | Failure::Crossed(message) => Self::Failed(message),
            Failure::Refused(message) => Self::Refused(message),
        }
    }
}

impl From<Failure> for FleetError {
    /// Whatever a worker does may be done again, so that what is lost and what was not done are the same to it.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Throttled => {
                Self::Unavailable("it has no connection free, or somebody holds what is needed".to_owned())
            }
            Failure::Lost(message) | Failure::Failed(message) | Failure::Crossed(message) => {
                Self::Unavailable(message)
            }
            Failure::Refused(message) => Self::Refused(message),
        }
    }
}

/// Whether a lost answer leaves open what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Reading,
    Writing,
}

impl Doing {
    fn lost(self, message: String) -> Failure {
        match self {
            Self::Reading => Failure::Failed(message),
            Self::Writing => Failure::Lost(message),
        }
    }
}

/// What a statement's error means for its users.
pub(crate) fn of(error: &Error, doing: Doing) -> Failure {
    match error.code() {
        Some(code) => of_code(code.code(), described(error), doing),
        None => doing.lost(described(error)),
    }
}

/// What it means that there is no connection.
pub(crate) fn of_pool(error: &PoolError) -> Failure {
    match error {
        PoolError::Timeout(_) => Failure::Throttled,
        PoolError::Backend(source) if source.code().is_some() => of(source, Doing::Reading),
        other => Failure::Failed(other.to_string().trim_end().to_owned()),
    }
}

/// What it means that no answer came for so long.
pub(crate) fn without_answer(doing: Doing, after: Duration) -> Failure {
    doing.lost(format!("no answer for {} ms", after.as_millis()))
}

/// Whether the connection is as it was before the error: only what is known to touch the statement alone.
pub(crate) fn leaves_connection(error: &Error) -> bool {
    error.code().is_some_and(|code| matches!(code.code(), "40001" | "40P01" | "55P03" | "57014"))
}

fn of_code(code: &str, message: String, doing: Doing) -> Failure {
    match code {
        // Too many connections; a configured limit; a lock that is held; a server that starts or stops.
        "53300" | "53400" | "55P03" | "57P03" => Failure::Throttled,
        // The server, or this connection's part of it, is shut down or fell.
        "40003" | "57P01" | "57P02" | "57P04" | "57P05" => doing.lost(message),
        // An alert was on its way to the default partition when its month was made: it finds it the next time.
        "23514" => Failure::Crossed(message),
        _ => match code.get(..2) {
            // Broken connections, errors of the system's and of the server's own.
            Some("08" | "58" | "XX") => doing.lost(message),
            // What is not supported, wrong data, broken constraints, no right to it, no such database, schema or table, beyond limits.
            Some("0A" | "22" | "23" | "28" | "3D" | "3F" | "42" | "54") => Failure::Refused(message),
            // Serialization and deadlocks.
            Some("40") => Failure::Crossed(message),
            // A read-only standby, a full disk, the statement's timeout, and what comes new.
            _ => Failure::Failed(message),
        },
    }
}

/// The error with its cause, since an error alone says only of what kind it is.
fn described(error: &Error) -> String {
    if let Some(reported) = error.as_db_error() {
        return format!("{} ({})", reported.message(), reported.code().code());
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Doing, Failure, of_code};

    #[test]
    fn only_what_may_have_been_done_is_lost() {
        let lost = |code, doing| matches!(of_code(code, String::new(), doing), Failure::Lost(_));
        for code in ["08006", "57P01", "57P02", "40003", "58030", "XX000"] {
            assert!(lost(code, Doing::Writing), "{code}");
            assert!(!lost(code, Doing::Reading), "{code}: a reading does nothing");
        }
        for code in ["40001", "40P01", "57014", "53100", "23505", "42P01", "25006", "", "é"] {
            assert!(!lost(code, Doing::Writing), "{code}");
        }
    }

    #[test]
    fn who_was_crossed_goes_again_at_once() {
        let crossed = |code| matches!(of_code(code, String::new(), Doing::Writing), Failure::Crossed(_));
        assert!(["40001", "40P01", "23514"].into_iter().all(crossed));
        assert!(!["23505", "57014", "55P03"].into_iter().any(crossed));
    }

    #[test]
    fn what_trying_again_does_not_help_is_refused() {
        let refused = |code| matches!(of_code(code, String::new(), Doing::Writing), Failure::Refused(_));
        assert!(["42P01", "42501", "3F000", "22021", "54000"].into_iter().all(refused));
        assert!(!["40001", "40P01", "57014", "53100", "53300", "25006", "26000"].into_iter().any(refused));
    }
}
