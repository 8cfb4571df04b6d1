//! Propositions as they go out.

use crate::app::App;
use crate::shape::{Action, Next, Propositions, Status};
use std::sync::Arc;
use tokio::time::Instant;
use watchfire_engine::service::{About, NotAsked, Proposed, Timing};
use watchfire_judge::propositions::{Ending, Kind, Proposal};

impl App {
    /// What is proposed about this very alert.
    pub(crate) fn propose(&self, about: &About) -> Propositions {
        let proposal = self.service().propositions().about(about);
        self.counted(of(&proposal, "predictor"))
    }

    /// What is proposed about alerts of this type, if there is time left for it: what is remembered, here or by all instances, else
    /// what the service says, if there is one, else what the predictor says.
    pub(crate) async fn propose_type(&self, about: &About, alert: &str, until: Instant) -> Propositions {
        let started = Instant::now();
        let service = self.service();
        let (propositions, now) = (service.propositions(), service.clock().elapsed());
        let consultant = self.shared.consultant.as_ref();
        // What several instances share is remembered where they all hear of it being forgotten.
        let is_shared = consultant.is_some_and(|consultant| consultant.shared().is_some());
        let remembered = if is_shared { None } else { propositions.recall(about, now) };
        let answer = match (remembered, consultant) {
            (Some(remembered), _) => of(&remembered, "cache"),
            (None, _) if started >= until => {
                not_asked(Status::TimedOut, "predictor", "the time budget of the request is over")
            }
            (None, None) => {
                let proposal = propositions.about_any(about);
                propositions.remember(about, &proposal, now);
                of(&proposal, "predictor")
            }
            (None, Some(consultant)) => match consultant.ask(&about.rule, alert, until).await {
                Ok(Proposed { proposal, was_kept }) => {
                    let proposal = Arc::new(proposal);
                    if is_shared {
                        propositions.looked(was_kept);
                    } else {
                        propositions.remember(about, &proposal, now);
                    }
                    of(&proposal, if was_kept { "cache" } else { "service" })
                }
                Err(error @ NotAsked::TimedOut) => not_asked(Status::TimedOut, "service", &error.to_string()),
                Err(error @ NotAsked::Failed(_)) => {
                    service.live().failed("propositions");
                    not_asked(Status::Failed, "service", &error.to_string())
                }
            },
        };
        service.live().took(Timing::Propose, started.elapsed());
        self.counted(answer)
    }

    /// What is proposed about a pattern's type now, as JSON, for the log of choices.
    pub(crate) fn proposed(&self, about: &About) -> String {
        let proposal = self.service().propositions().about(about);
        let Propositions { next, actions, .. } = of(&proposal, "predictor");
        let next = next.iter().map(|next| serde_json::to_value(next).unwrap_or_default());
        let actions = actions.iter().map(|action| serde_json::to_value(action).unwrap_or_default());
        serde_json::Value::Array(next.chain(actions).collect()).to_string()
    }

    fn counted(&self, propositions: Propositions) -> Propositions {
        self.service().propositions().count(propositions.status.name(), propositions.from);
        propositions
    }
}

fn not_asked(status: Status, from: &'static str, why: &str) -> Propositions {
    Propositions { status, from, ..Propositions::none(why) }
}

fn of(proposal: &Proposal, from: &'static str) -> Propositions {
    let next: Vec<Next> = proposal
        .next
        .iter()
        .map(|next| Next {
            what: next.what.clone(),
            kind: match next.kind {
                Kind::Rule => "rule",
                Kind::Technique => "technique",
            }
            .to_owned(),
            technique: next.technique.map(str::to_owned),
            tactic: next.tactic.clone(),
            probability: next.probability,
            within_s: next.within_s,
            grounds: next.grounds.clone(),
        })
        .collect();
    let actions: Vec<Action> = proposal
        .actions
        .iter()
        .map(|action| Action {
            action: action.action.clone(),
            probability: action.probability,
            chosen: u64::from(action.chosen),
            of: u64::from(action.of),
            outcomes: Ending::ALL
                .iter()
                .zip(action.endings)
                .filter(|(_, times)| *times > 0)
                .map(|(ending, times)| (ending.name().to_owned(), u64::from(times)))
                .collect(),
            grounds: action.grounds.clone(),
        })
        .collect();
    let is_empty = next.is_empty() && actions.is_empty();
    let mut why = [proposal.silent, proposal.silent_on_actions]
        .into_iter()
        .flatten()
        .map(watchfire_judge::propositions::Silence::why)
        .collect::<Vec<_>>()
        .join("; ");
    if is_empty && why.is_empty() {
        "whoever was asked has nothing to propose".clone_into(&mut why);
    }
    let status = if is_empty { Status::None } else { Status::Found };
    Propositions { status, from, why, next, actions }
}
