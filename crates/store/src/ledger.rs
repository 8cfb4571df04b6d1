//! What calls cost, and what is kept from one process to the next so that they stay within their limits.

use crate::{LedgerRow, LedgerTotal, Store, StoreError};
use rusqlite::OptionalExtension;

impl Store {
    /// The ledger's sums from `since` (milliseconds since 1970) to before `until`, by service, model, tier and outcome,
    /// the dearest first.
    pub fn ledger(&self, since: i64, until: i64) -> Result<Vec<LedgerTotal>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT service, model, tier, outcome, count(*), sum(items), sum(input), sum(cached_input),
                 sum(cache_write), sum(output), sum(thinking), coalesce(sum(cost_nano), 0),
                 sum(cost_nano IS NULL), min(at), max(at), sum(checks),
                 coalesce(sum(cost_nano * checks / max(items, 1)), 0)
             FROM ledger WHERE at >= ?1 AND at < ?2
             GROUP BY service, model, tier, outcome ORDER BY 12 DESC, 1, 2, 3, 4",
        )?;
        let rows = statement.query_map((since, until), |row| {
            let count = |column| row.get::<_, i64>(column).map(|count| count as u64);
            Ok(LedgerTotal {
                service: row.get(0)?,
                model: row.get(1)?,
                tier: row.get(2)?,
                outcome: row.get(3)?,
                calls: count(4)?,
                items: count(5)?,
                input: count(6)?,
                cached_input: count(7)?,
                cache_write: count(8)?,
                output: count(9)?,
                thinking: count(10)?,
                cost_nano: row.get(11)?,
                unpriced: count(12)?,
                first: row.get(13)?,
                last: row.get(14)?,
                checks: count(15)?,
                checks_nano: row.get(16)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The ledger's lines, in the order in which they were entered. For stores that live for a short while: all of them.
    pub fn ledger_lines(&self) -> Result<Vec<LedgerRow>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT at, service, model, tier, outcome, items, checks, input, cached_input, cache_write, output,
                 thinking, cost_nano, latency_ms
             FROM ledger ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            let count = |column| row.get::<_, i64>(column).map(|count| count as u64);
            Ok(LedgerRow {
                at: row.get(0)?,
                service: row.get(1)?,
                model: row.get(2)?,
                tier: row.get(3)?,
                outcome: row.get(4)?,
                items: row.get(5)?,
                checks: row.get(6)?,
                input: count(7)?,
                cached_input: count(8)?,
                cache_write: count(9)?,
                output: count(10)?,
                thinking: count(11)?,
                cost_nano: row.get(12)?,
                latency_ms: count(13)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where a budget stood, and when that was written.
    pub fn budget(&self, name: &str) -> Result<Option<(String, i64)>, StoreError> {
        let connection = self.reader();
        let found = connection
            .query_row("SELECT state, at FROM budgets WHERE name = ?1", [name], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(found)
    }

    /// Keeps where a budget stands.
    pub fn put_budget(&self, name: &str, state: &str, now: i64) -> Result<(), StoreError> {
        self.writer().execute(
            "INSERT OR REPLACE INTO budgets (name, state, at) VALUES (?1, ?2, ?3)",
            (name, state, now),
        )?;
        Ok(())
    }

    /// A secret of this store: 32 random bytes, the same from the first time they are asked for.
    pub fn secret(&self, name: &str) -> Result<[u8; 32], StoreError> {
        let connection = self.writer();
        connection.execute(
            "INSERT INTO secrets (name, value) VALUES (?1, randomblob(32)) ON CONFLICT (name) DO NOTHING",
            [name],
        )?;
        Ok(connection.query_row("SELECT value FROM secrets WHERE name = ?1", [name], |row| row.get(0))?)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Commit, DecisionRow, LedgerRow, Location, QuestionRow, Store};

    fn decision(id: i64, decider: u8) -> DecisionRow {
        DecisionRow {
            id,
            pattern: 7,
            valid_from: 0,
            valid_until: 10,
            volume: 0,
            verdict: 0,
            severity: 1,
            decider,
            confidence: 0.0,
            detail: "{}".to_owned(),
        }
    }

    fn line(cost_nano: Option<i64>) -> LedgerRow {
        LedgerRow {
            at: 5,
            service: "gemini".to_owned(),
            model: "m".to_owned(),
            tier: "standard".to_owned(),
            outcome: "answered".to_owned(),
            items: 2,
            checks: 1,
            input: 100,
            cached_input: 10,
            cache_write: 0,
            output: 20,
            thinking: 3,
            cost_nano,
            latency_ms: 12,
        }
    }

    #[test]
    fn an_answer_takes_the_decisions_place_and_its_question_away_and_is_paid_for() {
        let store = Store::open(&Location::Memory).unwrap();
        let source = store.source(b"head", "a.json", 0).unwrap();
        let question = |decision, priority| QuestionRow {
            decision,
            priority,
            attempts: 0,
            body: format!("question {decision}"),
        };
        let commit = Commit {
            decisions: vec![decision(1, 5), decision(2, 5)],
            questions: vec![question(1, 10), question(2, 90)],
            ..Commit::default()
        };
        store.commit(source, &[commit], 0).unwrap();
        let waiting = store.questions(10, u32::MAX).unwrap();
        assert_eq!(waiting.iter().map(|row| row.decision).collect::<Vec<_>>(), [2, 1], "most urgent first");

        let answer = DecisionRow { verdict: 2, ..decision(2, 4) };
        store.answer(std::slice::from_ref(&answer), &[1], &[line(Some(42)), line(None)]).unwrap();
        assert_eq!(store.decision(2).unwrap(), Some(answer));
        let waiting = store.questions(10, u32::MAX).unwrap();
        assert_eq!(waiting.iter().map(|row| (row.decision, row.attempts)).collect::<Vec<_>>(), [(1, 1)]);
        let kept = store.answered(2).unwrap().unwrap();
        assert_eq!((kept.at, kept.body.as_str()), (5, "question 2"), "what was asked is kept");
        assert_eq!(store.answered(1).unwrap(), None, "what is open is not answered");
        assert_eq!(store.decisions_by(4).unwrap(), [2]);
        let totals = store.ledger(0, 6).unwrap();
        assert_eq!(totals.len(), 1);
        let total = &totals[0];
        assert_eq!((total.calls, total.items, total.cost_nano, total.unpriced), (2, 4, 42, 1));
        assert_eq!((total.checks, total.checks_nano), (2, 21));
        assert!(store.ledger(6, 10).unwrap().is_empty());
    }

    #[test]
    fn a_secret_stays_the_same_and_a_budget_is_found_again() {
        let store = Store::open(&Location::Memory).unwrap();
        assert_eq!(store.secret("a").unwrap(), store.secret("a").unwrap());
        assert_ne!(store.secret("a").unwrap(), store.secret("b").unwrap());
        assert_eq!(store.budget("x").unwrap(), None);
        store.put_budget("x", "{}", 3).unwrap();
        store.put_budget("x", "{1}", 4).unwrap();
        assert_eq!(store.budget("x").unwrap(), Some(("{1}".to_owned(), 4)));
    }
}
