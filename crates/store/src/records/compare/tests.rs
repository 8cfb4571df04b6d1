use super::compare;
use crate::records::copy::RecordTables;
use crate::records::suite::made;
use crate::records::tables::{Record, Table, Value};
use crate::records::{Answer, RecordError, SqliteRecords};

/// A store that gives a table's records the wrong way round.
struct Backwards(SqliteRecords);

impl RecordTables for Backwards {
    fn name(&self) -> &'static str {
        "backwards"
    }

    fn page<'a>(&'a self, table: &'static Table, after: Option<&'a [Value]>) -> Answer<'a, Vec<Record>> {
        Box::pin(async move {
            let mut page = self.0.page(table, after).await?;
            page.reverse();
            Ok(page)
        })
    }

    fn last_number(&self, table: &'static Table) -> Answer<'_, i64> {
        self.0.last_number(table)
    }

    fn origin(&self) -> Answer<'_, [u8; 32]> {
        self.0.origin()
    }
}

#[tokio::test]
async fn a_side_that_is_not_in_order_is_an_error_and_no_difference() {
    let made = made::store(5, 9);
    let from = SqliteRecords::new(made);
    let failed = compare(&from, &Backwards(from.clone()), &|_, _| {}).await.unwrap_err();
    assert!(matches!(failed.source, RecordError::Refused(_)), "{failed:?}");
    assert_eq!(failed.store, "backwards");
}
