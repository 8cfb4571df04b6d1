//! What a measurement came to.

use serde::{Deserialize, Serialize};

/// Why a measurement is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Too far from what was expected.
    Outlier,
    /// Older than what was judged already.
    Stale,
    /// Its id was used for another measurement.
    Duplicate,
    /// Outside the metric's range.
    OutOfRange,
    /// Not a number, or infinite.
    NotFinite,
    /// The metric has no such unit.
    UnknownUnit,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Outlier, Self::Stale, Self::Duplicate, Self::OutOfRange, Self::NotFinite, Self::UnknownUnit];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outlier => "outlier",
            Self::Stale => "stale",
            Self::Duplicate => "duplicate",
            Self::OutOfRange => "out_of_range",
            Self::NotFinite => "not_finite",
            Self::UnknownUnit => "unknown_unit",
        }
    }
}

/// Whether a measurement is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// It is.
    Accepted,
    /// It is not.
    Rejected(Reason),
}

/// What a measurement came to. Values are in the metric's base unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Whether it is believed.
    pub judgement: Judgement,
    /// 0 to 1: `confidence / (1 + (deviation / half width of the band)²)`, so 0.5 at the gate once the filter is warm; 0
    /// where the value was not compared with anything.
    pub quality: f64,
    /// What was expected, and between what it would have been accepted; `None` where the value was not compared with anything.
    pub band: Option<Band>,
    /// The series changed its level with this measurement.
    pub shift: bool,
    /// It was judged before, and this is what was said then.
    pub repeated: bool,
}

/// What was expected of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The most likely value.
    pub expected: f64,
    /// The least value that is accepted.
    pub lower: f64,
    /// The greatest value that is accepted.
    pub upper: f64,
}

impl Outcome {
    /// Rejected without a comparison.
    pub const fn refused(reason: Reason) -> Self {
        Self {
            judgement: Judgement::Rejected(reason),
            quality: 0.0,
            band: None,
            shift: false,
            repeated: false,
        }
    }

    /// Whether it is believed.
    pub fn is_accepted(&self) -> bool {
        self.judgement == Judgement::Accepted
    }

    /// Why not, if it is not.
    pub const fn reason(&self) -> Option<Reason> {
        match self.judgement {
            Judgement::Accepted => None,
            Judgement::Rejected(reason) => Some(reason),
        }
    }
}
