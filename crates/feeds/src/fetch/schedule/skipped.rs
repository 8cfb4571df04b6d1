//! Hours and days at which a feed does not want to be asked (RSS 2.0, `skipHours` and `skipDays`).

use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;
/// How far into the next allowed hour polls are spread.
const SPREAD_MS: f64 = 10.0 * 60_000.0;

/// Hours and days of the week to skip, in Greenwich.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Skipped {
    /// One bit for each hour, the lowest for midnight.
    hours: u32,
    /// One bit for each day, the lowest for Monday.
    days: u8,
}

impl Skipped {
    /// Skips an hour, 0–23; 24 is midnight too, as some write. Others are passed over.
    pub fn hour(&mut self, hour: u8) {
        if hour <= 24 {
            self.hours |= 1 << (hour % 24);
        }
    }

    /// Skips a day by its English name in any case. Others are passed over.
    pub fn day(&mut self, name: &str) {
        const DAYS: [&str; 7] =
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        if let Some(day) = DAYS.iter().position(|day| name.trim().eq_ignore_ascii_case(day)) {
            self.days |= 1 << day;
        }
    }

    /// Whether a moment is skipped.
    pub fn skips(self, moment_ms: i64) -> bool {
        let hour = moment_ms.div_euclid(HOUR_MS);
        // 1970 began on a Thursday.
        let day = (hour.div_euclid(24) + 3).rem_euclid(7);
        self.hours & (1 << hour.rem_euclid(24)) != 0 || self.days & (1 << day) != 0
    }

    /// The first moment from this one on that is not skipped; if it is a later one, spread over the first minutes of its
    /// hour by `chance`, from 0 to 1. Who wants all hours skipped is not obeyed.
    pub(super) fn next_allowed(self, moment_ms: i64, chance: f64) -> i64 {
        if !self.skips(moment_ms) {
            return moment_ms;
        }
        let this_hour = moment_ms.div_euclid(HOUR_MS);
        (1..=7 * 24)
            .map(|later| this_hour.saturating_add(later).saturating_mul(HOUR_MS))
            .find(|start| !self.skips(*start))
            .map_or(moment_ms, |start| start.saturating_add((chance * SPREAD_MS) as i64))
    }
}
