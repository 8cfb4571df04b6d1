//! Propositions: what may come next, and what to do.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Whether there are propositions. *None* and *could not ask* are different answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// There are.
    Found,
    /// There are none: whoever was asked has nothing to propose.
    None,
    /// Whoever was to be asked could not be.
    Failed,
    /// There was no time to ask.
    TimedOut,
}

impl Status {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::None => "none",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
        }
    }
}

/// What may come next, and what to do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Propositions {
    /// Whether there are any.
    pub(crate) status: Status,
    /// Who was asked: predictor, service, cache.
    pub(crate) from: &'static str,
    /// Why there are none, if there are none.
    pub(crate) why: String,
    /// What may come next, the likeliest first.
    pub(crate) next: Vec<Next>,
    /// What others did about such alerts, the most frequent first.
    pub(crate) actions: Vec<Action>,
}

/// Something that may come next.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Next {
    /// The rule's or the technique's name.
    pub(crate) what: String,
    /// rule or technique.
    pub(crate) kind: String,
    /// The technique's id.
    pub(crate) technique: Option<String>,
    /// The tactic's name.
    pub(crate) tactic: Option<String>,
    /// How likely, 0–1.
    pub(crate) probability: f64,
    /// Within how many seconds, nine times of ten.
    pub(crate) within_s: Option<f64>,
    /// On what grounds.
    pub(crate) grounds: String,
}

/// Something to do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Action {
    /// What.
    pub(crate) action: String,
    /// How likely it is what somebody would choose, 0–1.
    pub(crate) probability: f64,
    /// How often it was chosen.
    pub(crate) chosen: u64,
    /// Of how many times.
    pub(crate) of: u64,
    /// How that ended, how often.
    pub(crate) outcomes: BTreeMap<String, u64>,
    /// On what grounds.
    pub(crate) grounds: String,
}

impl Propositions {
    /// None, for this reason.
    pub(crate) fn none(why: impl Into<String>) -> Self {
        Self {
            status: Status::None,
            from: "predictor",
            why: why.into(),
            next: Vec::new(),
            actions: Vec::new(),
        }
    }
}
