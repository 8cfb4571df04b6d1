//! Asking intelligence services about the indicators of alerts while they come in.
//!
//! An alert is judged at once, by what is known then. What it names is asked about afterwards, some at a time and the most urgent
//! first, so that what comes in later is not behind everything that came before it. The next alert with the same indicator is
//! judged by the answer; those before it stay as they were judged.

use super::Service;
use crate::enriching::{EnrichProgress, Enricher, Wanted};
use crate::error::EngineError;
use crate::summary::Enriched;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// Indicators that are asked about in one round.
const ROUND: usize = 40;
/// How often it is looked for new ones.
const IDLE: Duration = Duration::from_secs(2);
/// How long nobody is asked after a service said that no more is allowed.
const STOPPED: Duration = Duration::from_secs(300);

/// How asking services goes, for whoever watches.
#[derive(Debug, Default)]
pub struct Enrichment {
    rounds: Mutex<Vec<Told>>,
}

/// What a service was asked since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Its name.
    pub service: String,
    /// Calls made, with those that failed.
    pub calls: u64,
    /// Times that it said *too many*.
    pub rate_limited: u64,
    /// Why it is not asked for a while; empty if it is.
    pub stopped: String,
}

impl Enrichment {
    /// What each service was asked since the start.
    pub fn told(&self) -> Vec<Told> {
        self.rounds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, enriched: &Enriched) {
        let mut rounds = self.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        for by in &enriched.services {
            let place = rounds.iter().position(|told| told.service == by.service);
            let place = place.unwrap_or_else(|| {
                rounds.push(Told { service: by.service.clone(), ..Told::default() });
                rounds.len() - 1
            });
            if let Some(told) = rounds.get_mut(place) {
                told.calls += by.calls;
                told.rate_limited += by.rate_limited;
                told.stopped.clone_from(&by.stopped);
            }
        }
    }
}

impl Service {
    /// Asks services about what alerts name, until it is dropped. What is answered is stored at once; dropping the future loses
    /// at most the calls that are on their way.
    pub async fn enrich(&self, enricher: &Enricher, enrichment: &Enrichment) -> Result<(), EngineError> {
        let Some(wanted) = &self.shared.wanted else { return Ok(()) };
        loop {
            let reputations = &self.shared.reputations;
            let these: Wanted =
                wanted.most_urgent(ROUND, |indicator| enricher.would_ask(reputations, indicator));
            if these.is_empty() {
                sleep(IDLE).await;
                continue;
            }
            let progress = EnrichProgress::new();
            let shared = &self.shared;
            let asked =
                enricher.ask_all(&shared.store, reputations, &these, &shared.clock, &progress).await?;
            enrichment.add(&asked);
            let are_stopped = asked.services.iter().all(|by| !by.stopped.is_empty());
            sleep(if are_stopped { STOPPED } else { Duration::ZERO }).await;
        }
    }
}
