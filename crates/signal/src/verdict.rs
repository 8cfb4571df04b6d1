//! What was decided, and by whom: OCSF's words.

/// OCSF `verdict_id`, the subset that Watchfire gives.
///
/// An alert that nobody has judged has no verdict at all; it is not [`Verdict::Unknown`]. Missing evidence leads to
/// [`Verdict::InsufficientData`], never to [`Verdict::FalsePositive`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Verdict {
    /// Reserved by OCSF; Watchfire does not give it.
    Unknown = 0,
    /// The rule was wrong: what it names did not happen.
    FalsePositive = 1,
    /// What the rule names did happen, and is hostile.
    TruePositive = 2,
    /// Looks hostile; a person should look.
    Suspicious = 4,
    /// It did happen, and is allowed or harmless.
    BenignPositive = 5,
    /// Nobody could tell from what there is.
    InsufficientData = 7,
    /// The same alert again.
    Duplicate = 10,
}

impl Verdict {
    /// The verdicts that Watchfire gives, worst first.
    pub const ALL: [Self; 6] = [
        Self::TruePositive,
        Self::Suspicious,
        Self::InsufficientData,
        Self::BenignPositive,
        Self::FalsePositive,
        Self::Duplicate,
    ];

    /// OCSF's number for it.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The verdict of that OCSF number, or `None` for one that Watchfire does not give.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.id() == id)
    }

    /// The name used in outputs and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::FalsePositive => "false_positive",
            Self::TruePositive => "true_positive",
            Self::Suspicious => "suspicious",
            Self::BenignPositive => "benign_positive",
            Self::InsufficientData => "insufficient_data",
            Self::Duplicate => "duplicate",
        }
    }

    /// The verdict of that name, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// Whether it says that an attack, or what may be one, took place.
    pub const fn is_hostile(self) -> bool {
        matches!(self, Self::TruePositive | Self::Suspicious)
    }

    /// Whether it closes the alert without anyone looking.
    pub const fn is_benign(self) -> bool {
        matches!(self, Self::BenignPositive | Self::FalsePositive | Self::Duplicate)
    }
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Decider {
    /// A Sigma rule that is sure of itself.
    Rule = 1,
    /// A person, through `watchfire decide`, on this pattern.
    Analyst = 2,
    /// Statistics over what was seen and decided before.
    Statistics = 3,
    /// A language model.
    Llm = 4,
    /// Nobody was sure: what is left when every decider abstained.
    Fallback = 5,
}

impl Decider {
    /// Every decider.
    pub const ALL: [Self; 5] = [Self::Rule, Self::Analyst, Self::Statistics, Self::Llm, Self::Fallback];

    /// The number it has in the store.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The decider of that number.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|decider| decider.id() == id)
    }

    /// The name used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Analyst => "analyst",
            Self::Statistics => "statistics",
            Self::Llm => "llm",
            Self::Fallback => "fallback",
        }
    }
}

/// How soon a person should look, 0 (never) to 100 (now).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Priority(u8);

impl Priority {
    /// A priority from a score; what is above 100 or below 0 is brought into bounds.
    pub fn from_score(score: f64) -> Self {
        Self(score.clamp(0.0, 100.0).round() as u8)
    }

    /// The score, 0–100.
    pub const fn score(self) -> u8 {
        self.0
    }

    /// OCSF's `priority_id`: 1 Low, 2 Medium, 3 High, 4 Critical.
    pub const fn id(self) -> u8 {
        match self.0 {
            0..=29 => 1,
            30..=59 => 2,
            60..=84 => 3,
            _ => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Decider, Priority, Verdict};

    #[test]
    fn verdicts_and_deciders_are_found_again() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_id(verdict.id()), Some(verdict));
            assert_eq!(Verdict::from_name(verdict.name()), Some(verdict));
            assert!(!(verdict.is_hostile() && verdict.is_benign()));
        }
        for decider in Decider::ALL {
            assert_eq!(Decider::from_id(decider.id()), Some(decider));
        }
    }

    #[test]
    fn a_priority_stays_within_its_bounds() {
        assert_eq!(Priority::from_score(1e9).score(), 100);
        assert_eq!(Priority::from_score(-3.0).score(), 0);
        assert_eq!(Priority::from_score(f64::NAN).score(), 0);
        assert_eq!(Priority::from_score(85.0).id(), 4);
    }
}
