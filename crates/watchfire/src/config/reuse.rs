//! `[reuse]`: how far earlier verdicts may stand for later alerts.

use crate::exit::Problem;
use serde::Deserialize;
use watchfire_judge::reuse::Policy;

/// `[reuse]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReuseSettings {
    /// The greatest share of wrong verdicts among reused ones, in percent.
    pub(crate) greatest_error_percent: f64,
    /// The share of reused verdicts that is checked by asking nevertheless, in percent.
    pub(crate) checked_percent: f64,
    /// How long a verdict lives that was never confirmed, in minutes.
    pub(crate) first_life_minutes: i64,
    /// Which reused verdicts are checked follows from this.
    pub(crate) seed: u64,
}

impl Default for ReuseSettings {
    fn default() -> Self {
        let policy = Policy::default();
        Self {
            greatest_error_percent: 100.0 * policy.greatest_error,
            checked_percent: 100.0 * policy.checked,
            first_life_minutes: policy.first_life_ms / 60_000,
            seed: policy.seed,
        }
    }
}

impl ReuseSettings {
    /// Says which bound can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let wrong = |key: &str, value: String, expected: &str| {
            Err(Problem::usage(
                format!("[reuse] {key}: {value} is not {expected}"),
                "set in the settings file or by WATCHFIRE_REUSE_… in the environment, see docs/settings.md",
            ))
        };
        if !(0.01..=50.0).contains(&self.greatest_error_percent) {
            let value = self.greatest_error_percent.to_string();
            return wrong("greatest_error_percent", value, "between 0.01 and 50");
        }
        if !(0.0..=100.0).contains(&self.checked_percent) {
            return wrong("checked_percent", self.checked_percent.to_string(), "between 0 and 100");
        }
        if !(1..=525_600).contains(&self.first_life_minutes) {
            let value = self.first_life_minutes.to_string();
            return wrong("first_life_minutes", value, "between 1 and 525600 (a year)");
        }
        Ok(())
    }

    /// As the judge takes it.
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            greatest_error: self.greatest_error_percent / 100.0,
            checked: self.checked_percent / 100.0,
            first_life_ms: self.first_life_minutes * 60_000,
            fixed_life_ms: None,
            seed: self.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ReuseSettings;
    use watchfire_judge::reuse::Policy;

    #[test]
    fn what_is_shipped_is_the_judges_own() {
        let policy = ReuseSettings::default().policy();
        assert!((policy.checked - Policy::default().checked).abs() < 1e-12);
        assert_eq!(policy.first_life_ms, Policy::default().first_life_ms);
    }

    #[test]
    fn a_share_that_can_not_be_is_named() {
        let check = |text: &str| {
            toml::from_str::<ReuseSettings>(text).unwrap().check().map_err(|problem| problem.message)
        };
        assert_eq!(check("greatest_error_percent = 2"), Ok(()));
        let message = check("greatest_error_percent = 0").unwrap_err();
        assert_eq!(message, "[reuse] greatest_error_percent: 0 is not between 0.01 and 50");
        assert!(check("checked_percent = 101").is_err() && check("first_life_minutes = 0").is_err());
        assert!(check("checked_percent = nan").is_err());
    }
}
