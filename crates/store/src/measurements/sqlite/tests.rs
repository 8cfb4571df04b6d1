use super::SqliteMeasurements;
use crate::measurements::suite::Fresh;
use crate::measurements::{MeasurementStore, UserFailure, UserWrite};
use crate::{Location, Store};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};

static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn file(folder: &tempfile::TempDir) -> Location {
    Location::File(folder.path().join("store.db"))
}

fn write(user: &str, from: u64, value: &[u8]) -> UserWrite {
    UserWrite { user: user.to_owned(), from, value: value.to_vec() }
}

mod in_a_file {
    use super::{Arc, Fresh, Ready, SqliteMeasurements, Store, file, ready};

    fn fresh() -> Ready<Option<Fresh>> {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&file(&folder)).unwrap());
        ready(Some(Fresh { store: Arc::new(SqliteMeasurements::new(store)), keep: Box::new(folder) }))
    }

    crate::measurement_store_suite!(fresh);
}

mod in_memory {
    use super::{Arc, Fresh, Location, Ready, SqliteMeasurements, Store, ready};

    fn fresh() -> Ready<Option<Fresh>> {
        let store = Arc::new(Store::open(&Location::Memory).unwrap());
        ready(Some(Fresh { store: Arc::new(SqliteMeasurements::new(store)), keep: Box::new(()) }))
    }

    crate::measurement_store_suite!(fresh);
}

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(_, text) = event {
        STATEMENTS.lock().unwrap().push(text.to_owned());
    }
}

/// Counts at SQLite, which reports every statement that begins, transactions' own among them.
#[tokio::test]
async fn a_batch_of_a_hundred_users_is_one_statement_to_read_and_one_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&file(&folder)).unwrap());
    {
        // All readers at once, so that each is traced.
        for connection in &mut [store.reader(), store.reader(), store.reader(), store.writer()] {
            connection.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note)).unwrap();
        }
    }
    let measurements = SqliteMeasurements::new(store);
    let users: Vec<String> = (0..100).map(|index| format!("user{index}")).collect();
    for from in 0..3 {
        STATEMENTS.lock().unwrap().clear();
        assert_eq!(measurements.load(&users).await.len(), 100);
        let writes: Vec<_> = users.iter().map(|user| write(user, from, &[from as u8; 1_000])).collect();
        assert_eq!(measurements.save(&writes).await, vec![Ok(from + 1); 100]);
        let statements = STATEMENTS.lock().unwrap();
        assert_eq!(statements.len(), 2, "{statements:#?}");
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteMeasurements::new(Arc::new(Store::open(&file(&folder)).unwrap()));
    assert_eq!(open().save(&[write("user", 0, b"kept")]).await, [Ok(1)]);
    let found = open().load(&["user".to_owned()]).await;
    assert_eq!(found[0].as_ref().unwrap().as_ref().unwrap().value, b"kept");
}

#[tokio::test]
async fn values_beyond_one_statement_are_all_written() {
    let folder = tempfile::tempdir().unwrap();
    let measurements = SqliteMeasurements::new(Arc::new(Store::open(&file(&folder)).unwrap()));
    let value = vec![9; super::super::MOST_VALUE_BYTES];
    let writes: Vec<_> = (0..60).map(|index| write(&format!("user{index}"), 0, &value)).collect();
    assert_eq!(measurements.save(&writes).await, vec![Ok(1); 60]);
}

#[tokio::test]
async fn a_full_store_says_so_and_has_done_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&file(&folder)).unwrap());
    let pages: i64 = store.writer().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    store.writer().pragma_update(None, "max_page_count", pages + 2).unwrap();
    let measurements = SqliteMeasurements::new(store);
    let writes = [write("one", 0, &vec![1; 100_000]), write("two", 0, b"")];
    for answer in measurements.save(&writes).await {
        assert!(matches!(answer, Err(UserFailure::Failed(_))), "{answer:?}");
    }
    assert_eq!(measurements.load(&["one".to_owned(), "two".to_owned()]).await, [Ok(None), Ok(None)]);
}
