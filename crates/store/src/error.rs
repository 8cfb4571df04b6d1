//! What can go wrong with the store.

use std::path::PathBuf;

/// Why the store can't do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file can't be made or opened.
    #[error("can't open the store {}", path.display())]
    Open {
        /// Where it should be.
        path: PathBuf,
        /// What the system said.
        source: rusqlite::Error,
    },
    /// The folder can't be made.
    #[error("can't make the folder {}", path.display())]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is a store of a later version of Watchfire.
    #[error("the store {} has version {found}, and this program knows versions up to {known}", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The latest version known.
        known: u32,
    },
    /// The file is not a Watchfire store.
    #[error("{} is not a Watchfire store", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("no room left for the store")]
    Full(#[source] rusqlite::Error),
    /// Another process is writing and did not finish in time.
    #[error("the store is in use by another process")]
    Busy(#[source] rusqlite::Error),
    /// Anything else that SQLite reports.
    #[error("the store failed")]
    Sqlite(#[source] rusqlite::Error),
    /// A value in the store is not what it should be.
    #[error("the store holds {what} that can't be read")]
    Corrupt {
        /// What it is.
        what: &'static str,
    },
}

impl StoreError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Open { .. } | Self::Folder { .. } => {
                "name another place with --store FILE, or use --store :memory: to keep nothing"
            }
            Self::Newer { .. } => "use the newer Watchfire that wrote it, or another file with --store",
            Self::Foreign { .. } => {
                "--store names a file of Watchfire's own; choose a path that does not exist yet"
            }
            Self::Full(_) => {
                "free some space and run the same command again: it goes on where it stopped, nothing is judged twice"
            }
            Self::Busy(_) => "wait for the other run to end, or use another file with --store",
            Self::Sqlite(_) | Self::Corrupt { .. } => {
                "keep a copy of the file, then try again with another --store; the input can be judged anew"
            }
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::Full(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            _ => Self::Sqlite(error),
        }
    }
}
