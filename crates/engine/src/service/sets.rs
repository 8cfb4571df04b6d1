//! What a service is started with, and why it refuses.

use super::webhooks::Target;
use crate::reputation::ReputationCache;
use std::sync::Arc;
use watchfire_flow::Clock;
use watchfire_judge::learning::Learned;
use watchfire_judge::reuse::Policy;
use watchfire_judge::{Asking, Ground, History};
use watchfire_signal::frame::Limits;
use watchfire_signal::read::Mapping;
use watchfire_store::Store;

/// Everything that a service takes.
pub struct Setup {
    /// Where everything is kept.
    pub store: Arc<Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Rules, material table, network.
    pub ground: Ground,
    /// Mapping files.
    pub mappings: Arc<[Mapping]>,
    /// Bounds on reading.
    pub limits: Limits,
    /// What is known of indicators.
    pub reputations: Arc<ReputationCache>,
    /// Whether services are asked about indicators: [`Service::enrich`](super::Service::enrich).
    pub enriches: bool,
    /// What analysts decided.
    pub history: History,
    /// Whether a model is asked.
    pub asking: Asking,
    /// How far earlier verdicts may stand for later alerts.
    pub reuse: Policy,
    /// What was learned of rules.
    pub learned: Learned,
    /// Whether the text of alerts is kept, compressed.
    pub keep_raw: bool,
    /// Requests that are worked on at once; what comes beyond is refused.
    pub max_requests: usize,
    /// Who is told of hostile verdicts.
    pub webhooks: Vec<Target>,
}

/// Why a request was not accepted. Nothing of it was kept; only of [`Refusal::NotForwarded`] some may be where it was to go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no room: try again in a moment.
    #[error("too many requests are being worked on")]
    Busy,
    /// What was sent can't be read at all.
    #[error("{reason}")]
    Unreadable {
        /// Why.
        reason: String,
        /// What can be done.
        hint: &'static str,
    },
    /// What was sent unpacks to more than is accepted.
    #[error("the request unpacks to more than {0} bytes")]
    TooLarge(usize),
    /// The same key came with another body before.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The store failed: try again, it may pass.
    #[error("the store failed: {0}")]
    Store(String),
    /// What it rests on did not get into the store, or the service failed: try again.
    #[error("it could not be finished: {0}")]
    Failed(String),
    /// It was not passed on, or nobody knows whether it was: try again.
    #[error("it was not passed on: {0}")]
    NotForwarded(String),
    /// A record is longer than what is passed on may be.
    #[error("a record has {bytes} bytes, and what is passed on may have {most}")]
    LongRecord {
        /// What it has, with its key.
        bytes: usize,
        /// What it may have.
        most: usize,
    },
}

impl Refusal {
    /// Whether the same request may be accepted later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Busy | Self::Store(_) | Self::Failed(_) | Self::NotForwarded(_) => true,
            Self::Unreadable { .. } | Self::TooLarge(_) | Self::KeyReused | Self::LongRecord { .. } => false,
        }
    }

    /// What whoever sent it can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Busy => "send it again in a second; an Idempotency-Key makes that safe",
            Self::Unreadable { hint, .. } => hint,
            Self::TooLarge(_) => "send it in several requests",
            Self::KeyReused => {
                "give each request a key of its own, and the same key only to the same request"
            }
            Self::Store(_) => "nothing was kept; send it again. Is the disk full?",
            Self::Failed(_) => "nothing was kept; send it again",
            Self::NotForwarded(_) => "send it again: records of it that are there already are judged twice",
            Self::LongRecord { .. } => "nothing was passed on; send it without that record, or shorten it",
        }
    }
}
