//! What can't be simulated, and why.

use super::scenario;
use thiserror::Error;

/// What is wrong with a scenario or a calibration.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CapacityError {
    /// A value that makes no sense, or that the simulation isn't made for.
    #[error("{key} is {value}, which is not between {low} and {high}")]
    OutOfRange {
        /// The key, as in files and flags.
        key: String,
        /// What it was set to.
        value: f64,
        /// The least that it may be.
        low: f64,
        /// The most that it may be.
        high: f64,
    },
    /// Half a worker.
    #[error("{key} is {value}, which is no whole number")]
    NotWhole {
        /// The key, as in files and flags.
        key: String,
        /// What it was set to.
        value: f64,
    },
    /// No such key.
    #[error("nothing here is called {0:?}")]
    UnknownKey(String),
    /// Deciders take more than everything.
    #[error(
        "rules, analysts and statistics decide {0} of all alerts together, which is more than all of them"
    )]
    Shares(f64),
    /// The peak alone is more than the day's alerts.
    #[error("a peak of {peak} times the mean for {hours} h is more alerts than the whole day has")]
    Peak {
        /// Times the mean.
        peak: f64,
        /// Hours a day.
        hours: f64,
    },
    /// A peak is one of a day.
    #[error("the day has a peak, but only {0} h of it are simulated")]
    PartOfADay(f64),
    /// One value for several groups that were given apart.
    #[error("{key} is of one group of budgets, and the scenario has {groups}")]
    SeveralGroups {
        /// The key.
        key: String,
        /// How many groups there are.
        groups: usize,
    },
    /// It would take too long, or too much memory.
    #[error("about {0:.0} questions and windows would have to be gone through, more than {most}", most = super::MOST_STEPS)]
    TooMuch(f64),
}

impl CapacityError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::OutOfRange { .. } | Self::NotWhole { .. } => {
                "docs/capacity.md says what each key means and may be".to_owned()
            }
            Self::UnknownKey(_) => format!("there are: {}", scenario::names().join(", ")),
            Self::Shares(_) => {
                "lower by_rules, by_analysts or by_statistics: what is left is open".to_owned()
            }
            Self::Peak { .. } => "lower peak or peak_hours: their product is at most 24".to_owned(),
            Self::PartOfADay(_) => "set hours to 24 or more, or peak to 1".to_owned(),
            Self::SeveralGroups { .. } => "set it in each [[budgets]] of the scenario's file".to_owned(),
            Self::TooMuch(_) => {
                "lower hours, checked_share or new_share, or have verdicts live longer".to_owned()
            }
        }
    }
}
