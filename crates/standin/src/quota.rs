//! So much per so long, as people write it: `15/6s`, `1000000/1m`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// An amount in any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The most.
    pub amount: u64,
    /// In any window this long.
    pub window: Duration,
}

/// Text that is no quota or duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuotaError {
    /// Not an amount, a slash and a duration.
    #[error("{0:?} is no quota\nhint: write an amount and a window, like 15/6s")]
    Quota(String),
    /// Not a number with a unit.
    #[error("{0:?} is no duration\nhint: write a number and ms, s, m, h or d, like 200ms")]
    Duration(String),
}

/// Reads `200ms`, `6s`, `1m`, `2h` or `1d`.
pub fn duration(text: &str) -> Result<Duration, QuotaError> {
    let wrong = || QuotaError::Duration(text.to_owned());
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let milliseconds = match text.trim().get(digits.len()..).ok_or_else(wrong)? {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(wrong)
}

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, QuotaError> {
        let wrong = || QuotaError::Quota(text.to_owned());
        let (amount, window) = text.split_once('/').ok_or_else(wrong)?;
        let amount = amount.trim().parse().map_err(|_| wrong())?;
        Ok(Self { amount, window: duration(window)? })
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}ms", self.amount, self.window.as_millis())
    }
}

impl<'de> Deserialize<'de> for Quota {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Quota {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Quota, duration};
    use std::time::Duration;

    #[test]
    fn quotas_read_as_people_write_them() {
        let quota: Quota = "15/6s".parse().unwrap();
        assert_eq!(quota, Quota { amount: 15, window: Duration::from_secs(6) });
        assert_eq!(quota.to_string().parse(), Ok(quota));
        for wrong in ["", "15", "15/", "/6s", "-1/6s", "15/6", "15/6weeks", "15/é", "1/99999999999999999999d"]
        {
            assert!(wrong.parse::<Quota>().is_err(), "{wrong}");
        }
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert!(duration("18446744073709551615d").is_err());
    }
}
