//! What services said of indicators, so that none is asked twice while its answer holds.
//!
//! An answer and the line in the ledger that paid for it are written together.

use crate::questions::enter;
use crate::{LedgerRow, ServiceAnswerRow, Store, StoreError};
use rusqlite::TransactionBehavior;

impl Store {
    /// The newest answers, at most `limit`, whether they still hold or not.
    pub fn service_answers(&self, limit: usize) -> Result<Vec<ServiceAnswerRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT service, kind, value, reputation, evidence, at, until FROM service_answers
             ORDER BY until DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([limit as i64], |row| {
            Ok(ServiceAnswerRow {
                service: row.get(0)?,
                kind: row.get(1)?,
                value: row.get(2)?,
                reputation: row.get(3)?,
                evidence: row.get(4)?,
                at: row.get(5)?,
                until: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether anybody said anything.
    pub fn has_service_answers(&self) -> Result<bool, StoreError> {
        let connection = self.reader();
        Ok(connection.query_row("SELECT EXISTS (SELECT 1 FROM service_answers)", [], |row| row.get(0))?)
    }

    /// Keeps answers and what the calls for them took, in one transaction.
    pub fn put_service_answers(
        &self,
        answers: &[ServiceAnswerRow],
        ledger: &[LedgerRow],
    ) -> Result<(), StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in answers {
            transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO service_answers (service, kind, value, reputation, evidence, at, until)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute((
                    &row.service,
                    row.kind,
                    &row.value,
                    row.reputation,
                    &row.evidence,
                    row.at,
                    row.until,
                ))?;
        }
        enter(&transaction, ledger)?;
        transaction.commit()?;
        Ok(())
    }

    /// Forgets answers that ceased to hold before `until`.
    pub fn forget_service_answers(&self, until: i64) -> Result<u64, StoreError> {
        Ok(self.writer().execute("DELETE FROM service_answers WHERE until < ?1", [until])? as u64)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Location, ServiceAnswerRow, Store};

    fn answer(service: &str, reputation: u8, until: i64) -> ServiceAnswerRow {
        ServiceAnswerRow {
            service: service.to_owned(),
            kind: 0,
            value: "203.0.113.9".to_owned(),
            reputation,
            evidence: Some("12 of 90".to_owned()),
            at: until - 10,
            until,
        }
    }

    #[test]
    fn an_answer_is_kept_for_each_service_and_a_newer_one_takes_its_place() {
        let store = Store::open(&Location::Memory).unwrap();
        for row in [answer("virustotal", 4, 20), answer("abuseipdb", 8, 30), answer("virustotal", 8, 40)] {
            store.put_service_answers(&[row], &[]).unwrap();
        }
        assert_eq!(
            store.service_answers(10).unwrap(),
            [answer("virustotal", 8, 40), answer("abuseipdb", 8, 30)]
        );
        assert_eq!(store.service_answers(1).unwrap().len(), 1);
        assert_eq!(store.forget_service_answers(35).unwrap(), 1);
        assert_eq!(store.service_answers(10).unwrap(), [answer("virustotal", 8, 40)]);
    }
}
