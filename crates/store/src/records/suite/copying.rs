//! What every store that takes a copy promises.

use super::made;
use crate::records::compare::{Compared, Differing, compare};
use crate::records::copy::{Copied, CopyError, CopyTarget, Place, RecordTables, Standing, copy};
use crate::records::tables::{Record, TABLES, Table, Value};
use crate::records::{Answer, RecordError, SqliteRecords};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A store that gives few records a page, so that a copy of few records has many pages.
pub struct Narrow<'s> {
    /// The store.
    pub store: &'s dyn RecordTables,
    /// Records in a page at most.
    pub page: usize,
}

impl RecordTables for Narrow<'_> {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    fn page<'a>(&'a self, table: &'static Table, after: Option<&'a [Value]>) -> Answer<'a, Vec<Record>> {
        Box::pin(async move {
            let mut page = self.store.page(table, after).await?;
            page.truncate(self.page);
            Ok(page)
        })
    }

    fn last_number(&self, table: &'static Table) -> Answer<'_, i64> {
        self.store.last_number(table)
    }

    fn origin(&self) -> Answer<'_, [u8; 32]> {
        self.store.origin()
    }
}

/// A store whose writer falls at one of its writes: before it was done, or after it, with the answer lost.
pub struct Falling<'s> {
    /// The store.
    pub store: &'s dyn CopyTarget,
    /// Writes until then.
    pub left: AtomicU64,
    /// Whether the last one is done.
    pub is_done: bool,
}

impl RecordTables for Falling<'_> {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    fn page<'a>(&'a self, table: &'static Table, after: Option<&'a [Value]>) -> Answer<'a, Vec<Record>> {
        self.store.page(table, after)
    }

    fn last_number(&self, table: &'static Table) -> Answer<'_, i64> {
        self.store.last_number(table)
    }

    fn origin(&self) -> Answer<'_, [u8; 32]> {
        self.store.origin()
    }
}

impl CopyTarget for Falling<'_> {
    fn begin(&self, origin: [u8; 32]) -> Answer<'_, Standing> {
        self.store.begin(origin)
    }

    fn place(&self, table: &'static Table) -> Answer<'_, Place> {
        self.store.place(table)
    }

    fn put<'a>(
        &'a self,
        table: &'static Table,
        records: &'a [Record],
        from: &'a Place,
        to: &'a Place,
    ) -> Answer<'a, ()> {
        Box::pin(async move {
            let left = self.left.fetch_sub(1, Ordering::Relaxed);
            if left > 1 {
                return self.store.put(table, records, from, to).await;
            }
            if self.is_done {
                self.store.put(table, records, from, to).await?;
            }
            Err(RecordError::Lost("killed".into()))
        })
    }

    fn set_last_number(&self, table: &'static Table, number: i64) -> Answer<'_, ()> {
        self.store.set_last_number(table, number)
    }

    fn end(&self) -> Answer<'_, ()> {
        self.store.end()
    }
}

fn silent(_: &'static Table, _: u64) {}

/// Copies, and panics where that fails.
pub async fn copied(from: &dyn RecordTables, to: &dyn CopyTarget) -> Copied {
    match copy(from, to, &silent).await {
        Ok(copied) => copied,
        Err(error) => panic!("{error}: {error:?}"),
    }
}

/// The tables that differ.
pub async fn differing(first: &dyn RecordTables, second: &dyn RecordTables) -> Vec<Compared> {
    match compare(first, second, &silent).await {
        Ok(compared) => compared.into_iter().filter(|compared| !compared.is_same()).collect(),
        Err(error) => panic!("{error}: {error:?}"),
    }
}

/// Whatever the records are, and wherever the copy is killed, however often: started again it goes on, and in the end the copy
/// is the same, record by record.
pub async fn a_copy_is_the_same_wherever_it_was_killed(to: &dyn CopyTarget, seed: u64, most: u64) {
    let made = made::store(seed, most);
    let from = SqliteRecords::new(made);
    let mut chance = made::Chance(seed ^ 0x5eed);
    let narrow = Narrow { store: &from, page: 1 + chance.below(7) as usize };
    let mut falls = 0;
    for _ in 0..chance.below(5) {
        let falling = Falling {
            store: to,
            left: AtomicU64::new(1 + chance.below(most * 2)),
            is_done: chance.below(2) == 0,
        };
        match copy(&narrow, &falling, &silent).await {
            Ok(_) => break,
            Err(CopyError::Write { source: RecordError::Lost(_), .. }) => falls += 1,
            Err(error) => panic!("seed {seed}, fall {falls}: {error}: {error:?}"),
        }
    }
    let copied = copied(&narrow, to).await;
    assert_eq!(copied.records.len(), TABLES.len());
    assert_eq!(differing(&from, to).await, [], "seed {seed}, {falls} falls");
    for table in TABLES.iter().filter(|table| table.is_numbered) {
        let numbers = (from.last_number(table).await, to.last_number(table).await);
        let (Ok(first), Ok(second)) = numbers else { panic!("{numbers:?}") };
        assert_eq!(first, second, "seed {seed}: {}", table.name);
    }
}

/// A copy that is whole is not made again.
pub async fn a_second_copy_brings_nothing(to: &dyn CopyTarget) {
    let from = SqliteRecords::new(made::store(11, 9));
    let first = copied(&from, to).await;
    assert_eq!(first.standing, Standing::Begun);
    let second = copied(&from, to).await;
    assert_eq!(second.standing, Standing::Whole);
    for ((brought, all), (again, still)) in first.records.into_iter().zip(second.records) {
        assert_eq!((brought, all), (all, all));
        assert_eq!((again, still), (0, all));
    }
}

/// Nothing is added to what a copy did not bring.
pub async fn a_copy_of_another_store_is_left_alone(to: &dyn CopyTarget) {
    copied(&SqliteRecords::new(made::store(12, 5)), to).await;
    let other = SqliteRecords::new(made::store(13, 5));
    let refused = copy(&other, to, &silent).await;
    assert!(matches!(refused, Err(CopyError::OfAnother { .. })), "{refused:?}");
}

/// Each kind of difference, named with its key, and the column with both values.
pub async fn what_differs_is_found_and_named(to: &dyn CopyTarget) {
    let made = Arc::clone(&made::store(14, 6));
    let Some(decisions) = TABLES.iter().find(|table| table.name == "decisions") else { panic!("none") };
    made::disturb(&made, "DELETE FROM decisions; DELETE FROM forgotten; DELETE FROM budgets");
    let numbers = [1, 2, 3].map(|number| {
        let mut record = vec![Value::Integer(0); decisions.columns.len()];
        record[0] = Value::Integer(number);
        record[8] = Value::Real(0.5);
        record[9] = Value::Text("a\0b".to_owned());
        record
    });
    made::add(&made, decisions, &numbers);
    made::disturb(&made, "INSERT INTO forgotten (rule, before) VALUES ('b', 1), ('c', 2), ('d', 3)");
    let from = SqliteRecords::new(Arc::clone(&made));
    copied(&from, to).await;
    assert_eq!(differing(&from, to).await, []);

    made::disturb(
        &made,
        "UPDATE decisions SET confidence = 0.25, detail = 'new' WHERE id = 2;
         DELETE FROM forgotten WHERE rule = 'c'; INSERT INTO forgotten (rule, before) VALUES ('a', 9);
         INSERT INTO budgets (name, state, at) VALUES ('x', '{}', 1)",
    );
    let found = differing(&from, to).await;
    let told: Vec<_> = found
        .iter()
        .flat_map(|compared| compared.shown.iter().map(|shown| (compared.table.name, &shown.key, &shown.how)))
        .collect();
    let text = |text: &str| vec![Value::Text(text.to_owned())];
    let changed = Differing::Columns(vec![
        (8, Value::Real(0.25), Value::Real(0.5)),
        (9, Value::Text("new".to_owned()), Value::Text("a\0b".to_owned())),
    ]);
    assert_eq!(
        told,
        [
            ("decisions", &vec![Value::Integer(2)], &changed),
            ("budgets", &text("x"), &Differing::Missing),
            ("forgotten", &text("a"), &Differing::Missing),
            ("forgotten", &text("c"), &Differing::Extra),
        ]
    );
}
