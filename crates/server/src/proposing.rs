//! Propositions as they go out.

use crate::app::App;
use crate::shape::{Action, Next, Propositions, Status};
use tokio::time::Instant;
use watchfire_engine::service::{About, Timing};
use watchfire_judge::propositions::{Ending, Kind, Proposal};

impl App {
    /// What is proposed about this very alert.
    pub(crate) fn propose(&self, about: &About) -> Propositions {
        let proposal = self.service().propositions().about(about);
        self.counted(of(&proposal, "predictor"))
    }

    /// What is proposed about alerts of this type, if there is time left for it.
    pub(crate) fn propose_type(&self, about: &About, until: Instant) -> Propositions {
        let started = Instant::now();
        if started >= until {
            return self.counted(Propositions {
                status: Status::TimedOut,
                ..Propositions::none("the time budget of the request is over")
            });
        }
        let service = self.service();
        let (proposal, from) = service.propositions().about_type(about, service.clock().elapsed());
        service.live().took(Timing::Propose, started.elapsed());
        self.counted(of(&proposal, from.name()))
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
    let why = [proposal.silent, proposal.silent_on_actions]
        .into_iter()
        .flatten()
        .map(|silence| silence.why())
        .collect::<Vec<_>>()
        .join("; ");
    let status = if next.is_empty() && actions.is_empty() { Status::None } else { Status::Found };
    Propositions { status, from, why, next, actions }
}
