//! Gives every alert a verdict, a severity, a priority and a reason.
//!
//! Judging has two halves. What can be told from one alert alone is *assessed*, for many alerts at once: addresses and
//! roles ([`Facts`]), reputations, the rules that match ([`rules`]), the pattern ([`Stem`]). What depends on the alerts
//! before it is *judged*, one after another ([`Judge`]): statistics, reuse of earlier decisions, and a cascade of
//! deciders of which each may abstain.
//!
//! Nothing here does I/O beyond reading rule files, and nothing depends on the clock: the same alerts in the same
//! order get the same verdicts.

mod assess;
pub mod attack;
mod category;
mod decision;
mod facts;
mod hashes;
mod history;
pub mod injection;
mod judge;
pub mod learning;
mod material;
mod network;
mod pattern;
pub mod propositions;
pub mod ranking;
mod reason;
pub mod reuse;
pub mod rules;
pub mod statistics;
mod text;

pub use assess::{Assessed, Assessor, Ground, rule_key};
pub use attack::{Tactic, Tactics};
pub use category::Category;
pub use decision::{Decision, Detail};
pub use facts::{Facts, Reputations};
pub use history::{AnalystWord, BaseRate, History};
pub use judge::{Archive, Asking, Judge, Judgement, analyst_decision_id, weight};
pub use material::{Material, MaterialEntry, MaterialError, MaterialTable};
pub use network::{Network, Role};
pub use pattern::{Stem, material_values, pattern_id as pattern_number, stem};
pub use reason::known;
pub use rules::{RuleProblem, RuleSet};
pub use text::tame;
