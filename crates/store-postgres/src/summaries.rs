//! What the page shows of all alerts without counting them: how many there were in each hour, by verdict and severity.
//!
//! Counts are kept per hour and decision, in the transaction that writes, moves or deletes alerts, and joined with the decisions when
//! they are asked for. A materialised view would be refreshed as a whole, and late; counts per verdict would be one row that all
//! writers wait for, and wrong once a decision is answered. Here writers meet where they meet anyway, on a pattern.

use crate::Postgres;
use crate::failure::Doing;
use crate::found::{column, small, unsigned};
use tokio_postgres::types::Type;
use watchfire_store::fleet::FleetError;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;
/// Rows at most: two years of hours with twenty kinds each.
const MOST_ROWS: i64 = 400_000;

/// Alerts of one hour, verdict and severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourRow {
    /// When the hour began, in milliseconds since 1970.
    pub start_ms: i64,
    /// OCSF verdict.
    pub verdict: u8,
    /// OCSF severity.
    pub severity: u8,
    /// How many alerts.
    pub alerts: u64,
}

impl Postgres {
    /// How many alerts there were in each hour that begins at `from_ms` or later and before `until_ms` (milliseconds since 1970), by
    /// verdict and severity, in order; hours without alerts are left out. At most 400,000 rows.
    pub async fn alert_hours(&self, from_ms: i64, until_ms: i64) -> Result<Vec<HourRow>, FleetError> {
        let first = from_ms.div_euclid(HOUR_MS) + i64::from(from_ms.rem_euclid(HOUR_MS) > 0);
        let end = until_ms.div_euclid(HOUR_MS) + i64::from(until_ms.rem_euclid(HOUR_MS) > 0);
        let rows = self
            .ask(
                Doing::Reading,
                "SELECT hour, verdict, severity, alerts FROM alert_hours
                 WHERE hour >= $1 AND hour < $2 ORDER BY hour, verdict, severity LIMIT $3",
                &[Type::INT8, Type::INT8, Type::INT8],
                &[&first, &end, &MOST_ROWS],
            )
            .await?;
        let mut hours = Vec::with_capacity(rows.len());
        for row in &rows {
            hours.push(HourRow {
                start_ms: column::<i64>(row, 0)?.saturating_mul(HOUR_MS),
                verdict: small(row, 1)?,
                severity: small(row, 2)?,
                alerts: unsigned(row, 3)?,
            });
        }
        Ok(hours)
    }
}
