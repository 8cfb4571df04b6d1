//! `[learning]`: what is learned from those who were asked.

use crate::exit::Problem;
use serde::Deserialize;
use watchfire_judge::learning::Learned;
use watchfire_store::Store;

/// `[learning]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LearningSettings {
    /// Whether what was learned decides anything.
    pub(crate) enabled: bool,
    /// A rule is harmless if less than this share of its episodes is part of an attack, in percent.
    pub(crate) harmless_below_percent: f64,
}

impl Default for LearningSettings {
    fn default() -> Self {
        Self { enabled: true, harmless_below_percent: 100.0 * Learned::default().harmless_below }
    }
}

impl LearningSettings {
    /// Says which bound can't be kept.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if (0.1..=50.0).contains(&self.harmless_below_percent) {
            return Ok(());
        }
        Err(Problem::usage(
            format!(
                "[learning] harmless_below_percent: {} is not between 0.1 and 50",
                self.harmless_below_percent
            ),
            "set in the settings file or by WATCHFIRE_LEARNING_… in the environment, see docs/settings.md",
        ))
    }

    /// What was learned, as far as it may decide.
    pub(crate) fn learned(&self, store: &Store) -> Result<Learned, Problem> {
        let mut learned = if self.enabled { watchfire_engine::learned(store)? } else { Learned::default() };
        learned.harmless_below = self.harmless_below_percent / 100.0;
        Ok(learned)
    }
}

#[cfg(test)]
mod tests {
    use super::LearningSettings;

    #[test]
    fn a_share_that_can_not_be_is_named() {
        let check = |text: &str| {
            toml::from_str::<LearningSettings>(text).unwrap().check().map_err(|problem| problem.message)
        };
        assert_eq!(check("enabled = false"), Ok(()));
        let message = check("harmless_below_percent = 60").unwrap_err();
        assert_eq!(message, "[learning] harmless_below_percent: 60 is not between 0.1 and 50");
    }
}
