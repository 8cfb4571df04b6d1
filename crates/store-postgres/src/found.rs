//! Rows as they come from the server.

use crate::failure::Failure;
use crate::text::OwnedText;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use watchfire_store::{DecisionRow, LedgerTotal};

/// The columns of [`decision`], of a table or subquery `d`.
pub(crate) const DECISION: &str = "d.id, d.pattern, d.valid_from, d.valid_until, d.volume, d.verdict, d.severity, d.decider, d.confidence, d.detail";

/// A column of a row.
pub(crate) fn column<'a, T: FromSql<'a>>(row: &'a Row, place: usize) -> Result<T, Failure> {
    row.try_get(place).map_err(|error| unreadable(&error))
}

/// A text column.
pub(crate) fn text(row: &Row, place: usize) -> Result<String, Failure> {
    Ok(column::<OwnedText>(row, place)?.0)
}

/// A text column that may be empty.
pub(crate) fn optional_text(row: &Row, place: usize) -> Result<Option<String>, Failure> {
    Ok(column::<Option<OwnedText>>(row, place)?.map(|text| text.0))
}

/// A small number: a verdict, a severity, a priority.
pub(crate) fn small(row: &Row, place: usize) -> Result<u8, Failure> {
    u8::try_from(column::<i16>(row, place)?).map_err(|error| unreadable(&error))
}

/// A number without a sign, of which the table has the bits.
pub(crate) fn unsigned(row: &Row, place: usize) -> Result<u64, Failure> {
    column::<i64>(row, place).map(|number| number as u64)
}

/// So many bytes.
pub(crate) fn bytes<const LENGTH: usize>(row: &Row, place: usize) -> Result<[u8; LENGTH], Failure> {
    column::<&[u8]>(row, place)?.try_into().map_err(|error| unreadable(&error))
}

/// A decision, from this column on.
pub(crate) fn decision(row: &Row, first: usize) -> Result<DecisionRow, Failure> {
    Ok(DecisionRow {
        id: column(row, first)?,
        pattern: column(row, first + 1)?,
        valid_from: column(row, first + 2)?,
        valid_until: column(row, first + 3)?,
        volume: small(row, first + 4)?,
        verdict: small(row, first + 5)?,
        severity: small(row, first + 6)?,
        decider: small(row, first + 7)?,
        confidence: column(row, first + 8)?,
        detail: text(row, first + 9)?,
    })
}

/// What can't be read won't be the next time either.
pub(crate) fn unreadable(error: &dyn std::error::Error) -> Failure {
    Failure::Refused(format!("the table holds what can't be read: {error}"))
}

/// The sums over the ledger that [`ledger_total`] reads, where `WHERE` goes between these two. A sum of bigint is numeric.
pub(crate) const LEDGER_TOTALS: [&str; 2] = [
    "SELECT service, model, tier, outcome, count(*), sum(items)::bigint, sum(input)::bigint,
         sum(cached_input)::bigint, sum(cache_write)::bigint, sum(output)::bigint, sum(thinking)::bigint,
         coalesce(sum(cost_nano), 0)::bigint, count(*) FILTER (WHERE cost_nano IS NULL), min(at), max(at),
         sum(checks)::bigint, coalesce(sum(cost_nano * checks / greatest(items, 1)), 0)::bigint
     FROM ledger",
    "GROUP BY service, model, tier, outcome ORDER BY 12 DESC, 1, 2, 3, 4",
];

/// A row of [`LEDGER_TOTALS`].
pub(crate) fn ledger_total(row: &Row) -> Result<LedgerTotal, Failure> {
    let count = |place| unsigned(row, place);
    Ok(LedgerTotal {
        service: text(row, 0)?,
        model: text(row, 1)?,
        tier: text(row, 2)?,
        outcome: text(row, 3)?,
        calls: count(4)?,
        items: count(5)?,
        input: count(6)?,
        cached_input: count(7)?,
        cache_write: count(8)?,
        output: count(9)?,
        thinking: count(10)?,
        cost_nano: column(row, 11)?,
        unpriced: count(12)?,
        first: column(row, 13)?,
        last: column(row, 14)?,
        checks: count(15)?,
        checks_nano: column(row, 16)?,
    })
}
