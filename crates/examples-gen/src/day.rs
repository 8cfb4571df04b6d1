//! A day's records in order, and as many days as a load test asks for.

use crate::moment::Day;
use crate::noise;
use crate::record::Record;
use crate::stories;
use std::io::{self, Write};

/// How many days [`write_load`] goes back at most: to 1971, since no sensor reports from before 1970.
pub const MOST_DAYS: u32 = 20_000;

/// All records of a day, in order of time.
pub fn day(seed: u64, day: Day) -> Vec<Record> {
    let mut records = stories::records(seed, day);
    records.extend(noise::records(seed, day));
    // The sort is stable: records of the same moment stay in the order of their sources.
    records.sort_by_key(|record| record.at);
    records
}

/// Writes `alerts` records, or all of [`MOST_DAYS`] days if that is less: the example day as the last one, and as many
/// days before it as it takes, each with noise of its own and the same attacks. Memory holds one day at a time. Returns
/// how many records were written.
pub fn write_load(seed: u64, alerts: u64, out: &mut impl Write) -> io::Result<u64> {
    // The first day's size says how many days are needed; a few more or less records a day change little.
    let a_day = day(seed, Day::EXAMPLE).len().max(1) as u64;
    let days = u32::try_from(alerts.div_ceil(a_day)).unwrap_or(MOST_DAYS).clamp(1, MOST_DAYS);
    let mut written = 0;
    for back in (0..days).rev() {
        for record in day(seed.wrapping_add(u64::from(back)), Day::EXAMPLE.before(back)) {
            if written == alerts {
                return Ok(written);
            }
            out.write_all(record.line.as_bytes())?;
            out.write_all(b"\n")?;
            written += 1;
        }
    }
    Ok(written)
}
