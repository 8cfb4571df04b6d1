//! Opening a store: pragmas, migrations, and its connections: one that writes, and some that read.

use crate::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// `application_id` of a store: `Wtch`.
const APPLICATION_ID: i32 = 0x5774_6368;
/// Who may read at once; more wait for one another.
const READERS: usize = 3;
/// Pages in the log from which on a commit brings them over itself, where a checkpointer does not keep up: 160 MB.
const LONG_LOG: i64 = 40_000;
/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The schema, one entry per version. Entries are never changed, only added.
const MIGRATIONS: [&str; 10] = [
    include_str!("migrations/001.sql"),
    include_str!("migrations/002.sql"),
    include_str!("migrations/003.sql"),
    include_str!("migrations/004.sql"),
    include_str!("migrations/005.sql"),
    include_str!("migrations/006.sql"),
    include_str!("migrations/007.sql"),
    include_str!("migrations/008_articles.sql"),
    include_str!("migrations/009_measurements.sql"),
    include_str!("migrations/010_measurement_dead.sql"),
];

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// Nowhere: gone when the program ends.
    Memory,
    /// In a file.
    File(PathBuf),
}

impl Location {
    /// `:memory:` or a path.
    pub fn parse(text: &str) -> Self {
        if text == ":memory:" { Self::Memory } else { Self::File(PathBuf::from(text)) }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str(":memory:"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// An open store. Shared by reference between threads; writers wait for one another, readers do not wait for writers.
#[derive(Debug)]
pub struct Store {
    writer: Mutex<Connection>,
    /// None for a store in memory. All but the first are opened when those before are busy.
    readers: Vec<OnceLock<Mutex<Connection>>>,
    /// Whose turn it is, where all are busy.
    turn: AtomicUsize,
    path: Option<PathBuf>,
}

/// Brings what stands in the log into the file.
#[derive(Debug)]
pub struct Checkpointer {
    connection: Connection,
}

impl Checkpointer {
    /// Brings over as much as nobody is reading in the log. Nobody waits for it.
    pub fn run(&self) -> Result<(), StoreError> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }
}

impl Store {
    /// Opens a store, making the file and its folder if they are not there, and brings it to the current version.
    pub fn open(location: &Location) -> Result<Self, StoreError> {
        let path = match location {
            Location::Memory => {
                let connection = Connection::open_in_memory()?;
                prepare(&connection, Path::new(":memory:"))?;
                return Ok(Self::of(connection, Vec::new(), None));
            }
            Location::File(path) => path,
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|source| StoreError::Folder { path: folder.to_owned(), source })?;
        }
        let at = |source| StoreError::Open { path: path.clone(), source };
        let open = || -> Result<(Connection, bool), StoreError> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let writer = Connection::open_with_flags(path, flags).map_err(at)?;
            let migrated = prepare(&writer, path).map_err(|error| match error {
                StoreError::Sqlite(source)
                    if source.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) =>
                {
                    StoreError::Foreign { path: path.clone() }
                }
                StoreError::Sqlite(source) => at(source),
                other => other,
            })?;
            Ok((writer, migrated))
        };
        let (mut writer, migrated) = open()?;
        if migrated {
            // Making the tables took memory that this connection would keep for as long as it is open.
            drop(writer);
            writer = open()?.0;
        }
        let readers = (0..READERS).map(|_| OnceLock::new()).collect();
        let store = Self::of(writer, readers, Some(path.clone()));
        if let Some(first) = store.readers.first() {
            drop(first.set(Mutex::new(open_reader(path).map_err(at)?)));
        }
        Ok(store)
    }

    fn of(writer: Connection, readers: Vec<OnceLock<Mutex<Connection>>>, path: Option<PathBuf>) -> Self {
        Self { writer: Mutex::new(writer), readers, turn: AtomicUsize::new(0), path }
    }

    /// A connection that brings what stands in the log into the file, beside whoever writes: otherwise one commit in some
    /// hundreds does so, and takes ten times as long as the others. `None` for a store in memory. From then on commits do
    /// so only where the log has become long.
    pub fn checkpointer(&self) -> Result<Option<Checkpointer>, StoreError> {
        let Some(path) = &self.path else { return Ok(None) };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let at = |source| StoreError::Open { path: path.clone(), source };
        let connection = Connection::open_with_flags(path, flags).map_err(at)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "cache_size", -256)?;
        self.writer().pragma_update(None, "wal_autocheckpoint", LONG_LOG)?;
        Ok(Some(Checkpointer { connection }))
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held rolled its transaction back: the connection is sound.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reader(&self) -> MutexGuard<'_, Connection> {
        for reader in &self.readers {
            if reader.get().is_none()
                && let Some(path) = &self.path
                && let Ok(connection) = open_reader(path)
            {
                // Another thread may have been faster: then there is one more, and this one is closed.
                drop(reader.set(Mutex::new(connection)));
            }
            if let Some(Ok(reader)) = reader.get().map(Mutex::try_lock) {
                return reader;
            }
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.readers.len().max(1);
        let reader = self.readers.get(turn).and_then(OnceLock::get).unwrap_or(&self.writer);
        reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that reads. It costs a quarter of a megabyte: what is known of the schema, and a few pages.
fn open_reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags)?;
    reader.busy_timeout(BUSY_TIMEOUT)?;
    reader.pragma_update(None, "cache_size", -2048)?;
    reader.set_prepared_statement_cache_capacity(64);
    keep_plans(&reader)?;
    Ok(reader)
}

/// Brings a connection and its store into order. Says whether the store was brought up to date.
fn prepare(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // In one transaction: another process may be making the store between two questions.
    connection.execute_batch("BEGIN")?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    connection.execute_batch("COMMIT")?;
    if (tables > 0 || version > 0) && application != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let known = MIGRATIONS.len() as u32;
    if version > known {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known });
    }
    use_write_ahead_log(connection)?;
    // With a write-ahead log, NORMAL can't corrupt; only what was committed since the last checkpoint may be missing
    // after a power cut, and then the chunk's mark is missing with it. FULL makes a commit durable before it returns.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    connection.pragma_update(None, "cache_size", -16384)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    if version < known {
        migrate(connection)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    keep_plans(connection)?;
    Ok(version < known)
}

/// A prepared statement is planned once, not anew for every value that is bound to it.
fn keep_plans(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Turns the write-ahead log on. Unlike everything else that needs a lock, this does not wait for one: where another
/// process is making the same store, its transactions are waited for in between.
fn use_write_ahead_log(connection: &Connection) -> Result<(), StoreError> {
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
            }
            other => return Ok(other?),
        }
    }
    Ok(connection.pragma_update(None, "journal_mode", "WAL")?)
}

/// Brings the schema up to date. The version is read again once the store is locked: another process may be doing the
/// same.
fn migrate(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let migrated = (|| {
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for (index, migration) in MIGRATIONS.iter().enumerate().skip(version as usize) {
            connection.execute_batch(migration)?;
            connection.pragma_update(None, "user_version", index as u32 + 1)?;
        }
        connection.pragma_update(None, "application_id", APPLICATION_ID)
    })();
    connection.execute_batch(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    Ok(migrated?)
}

#[cfg(test)]
mod tests {
    use super::{Location, MIGRATIONS, Store};
    use crate::StoreError;

    #[test]
    fn a_store_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("a/b/store.db"));
        drop(Store::open(&location).unwrap());
        Store::open(&location).unwrap();
    }

    #[test]
    fn a_store_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let location = Location::File(path.clone());
        drop(Store::open(&location).unwrap());
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let error = Store::open(&location).unwrap_err();
        assert!(
            matches!(error, StoreError::Newer { found: 99, known, .. } if known == MIGRATIONS.len() as u32)
        );
    }

    #[test]
    fn another_programs_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(a)").unwrap();
        let error = Store::open(&Location::File(path)).unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "these are my notes, more than sixteen bytes of them\n".repeat(100)).unwrap();
        let error = Store::open(&Location::File(text)).unwrap_err();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    }
}
