//! Measurements that could not be judged, kept until they are sent again.
//!
//! They are kept as the JSON they would be sent as, so whoever replays them reads them as anything else that comes in. One that
//! fails again is the same letter with more attempts: sending a batch twice during an outage does not keep it twice. There is room
//! for 100,000; where it is full, the newest are dropped and counted, so that an outage that lasts can't fill the disk.

use crate::{Store, StoreError};

/// Letters that are kept at most.
pub const MOST_MEASUREMENT_DEAD: u64 = 100_000;

/// A measurement that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasurementDeadRow {
    /// The measurement, as one JSON object.
    pub measurement: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up the last time.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// A letter that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMeasurementDead {
    /// Its number; later ones are greater.
    pub id: i64,
    /// What it says.
    pub row: MeasurementDeadRow,
}

impl Store {
    /// Keeps letters; one that waits already has more attempts, and the new reason. Says how many were dropped for lack of room.
    pub fn keep_measurement_dead(&self, rows: &[MeasurementDeadRow]) -> Result<u64, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction()?;
        let waiting: i64 =
            transaction.query_row("SELECT count(*) FROM measurement_dead", [], |row| row.get(0))?;
        let mut room = MOST_MEASUREMENT_DEAD.saturating_sub(waiting as u64);
        let mut dropped = 0_u64;
        {
            let mut again = transaction.prepare_cached(
                "UPDATE measurement_dead SET attempts = attempts + ?2, reason = ?3, at = ?4 WHERE measurement = ?1",
            )?;
            let mut keep = transaction.prepare_cached(
                "INSERT INTO measurement_dead (measurement, attempts, reason, at) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for row in rows {
                let values = (&row.measurement, row.attempts, &row.reason, row.at);
                if again.execute(values)? > 0 {
                    continue;
                }
                if room == 0 {
                    dropped += 1;
                    continue;
                }
                keep.execute(values)?;
                room -= 1;
            }
        }
        if dropped > 0 {
            transaction
                .execute("UPDATE measurement_dead_dropped SET count = count + ?1", [dropped as i64])?;
        }
        transaction.commit()?;
        Ok(dropped)
    }

    /// The letters that wait, oldest first, from the one after `after`.
    pub fn measurement_dead(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredMeasurementDead>, StoreError> {
        let connection = self.reader();
        let mut statement = connection.prepare_cached(
            "SELECT id, measurement, attempts, reason, at FROM measurement_dead
             WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let rows = statement.query_map((after, limit as i64), |row| {
            Ok(StoredMeasurementDead {
                id: row.get(0)?,
                row: MeasurementDeadRow {
                    measurement: row.get(1)?,
                    attempts: row.get(2)?,
                    reason: row.get(3)?,
                    at: row.get(4)?,
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Letters that wait, and those that were dropped for lack of room.
    pub fn measurement_dead_counts(&self) -> Result<(u64, u64), StoreError> {
        let connection = self.reader();
        let (waiting, dropped): (i64, i64) = connection.query_row(
            "SELECT (SELECT count(*) FROM measurement_dead), (SELECT count FROM measurement_dead_dropped)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        Ok((waiting as u64, dropped as u64))
    }

    /// Takes letters away, once they were judged. Says how many there were.
    pub fn forget_measurement_dead(&self, ids: &[i64]) -> Result<u64, StoreError> {
        let mut connection = self.writer();
        let transaction = connection.transaction()?;
        let mut gone = 0;
        {
            let mut delete = transaction.prepare_cached("DELETE FROM measurement_dead WHERE id = ?1")?;
            for id in ids {
                gone += delete.execute([id])? as u64;
            }
        }
        transaction.commit()?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Location;

    fn row(number: u64, attempts: u32) -> MeasurementDeadRow {
        let measurement = format!("{{\"user\":\"u{number}\"}}");
        MeasurementDeadRow { measurement, attempts, reason: "late".to_owned(), at: 1 }
    }

    #[test]
    fn a_measurement_that_fails_again_is_the_same_letter() {
        let store = Store::open(&Location::Memory).unwrap();
        assert_eq!(store.keep_measurement_dead(&[row(1, 2), row(2, 1)]).unwrap(), 0);
        assert_eq!(store.keep_measurement_dead(&[row(1, 3)]).unwrap(), 0);
        let kept = store.measurement_dead(0, 10).unwrap();
        let told: Vec<_> = kept.iter().map(|letter| letter.row.attempts).collect();
        assert_eq!(told, [5, 1]);
        assert_eq!(store.forget_measurement_dead(&[kept[0].id, 99]).unwrap(), 1);
        assert_eq!(store.measurement_dead_counts().unwrap(), (1, 0));
        assert_eq!(store.measurement_dead(kept[1].id, 10).unwrap(), []);
    }

    #[test]
    fn beyond_the_most_the_newest_are_dropped_and_counted() {
        let store = Store::open(&Location::Memory).unwrap();
        let many: Vec<_> = (0..MOST_MEASUREMENT_DEAD + 3).map(|number| row(number, 1)).collect();
        assert_eq!(store.keep_measurement_dead(&many).unwrap(), 3);
        assert_eq!(store.measurement_dead_counts().unwrap(), (MOST_MEASUREMENT_DEAD, 3));
        assert_eq!(store.keep_measurement_dead(&[row(7, 1)]).unwrap(), 0, "it has its place already");
    }
}
