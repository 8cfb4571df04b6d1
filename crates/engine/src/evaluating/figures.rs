//! The figures of an evaluation, and their sums.

use crate::summary::Counts;
use serde::Serialize;
use watchfire_judge::reuse::Measured;

/// How well the alerts of all scenarios were judged.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Each scenario.
    pub scenarios: Vec<ScenarioFigures>,
    /// All of them taken together; its steps and patterns are left out.
    pub overall: ScenarioFigures,
}

/// How well the alerts of one scenario were judged.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ScenarioFigures {
    /// The input's name.
    pub name: String,
    /// Alerts judged.
    pub alerts: u64,
    /// Records that are no alerts, or can't be read.
    pub left_out: u64,
    /// Alerts that are earlier than one before them. Time-ordered input has none.
    pub out_of_order: u64,
    /// Alerts that are part of an attack.
    pub attack_alerts: u64,
    /// Patterns.
    pub patterns: u64,
    /// Alerts that somebody was asked about.
    pub calls: u64,
    /// The same of a thousand alerts.
    pub calls_per_1000: f64,
    /// Why somebody was asked.
    #[serde(serialize_with = "crate::summary::counts_as_map")]
    pub calls_by_reason: Counts,
    /// Alerts that got an earlier decision's verdict.
    pub reused: u64,
    /// Of these, those that the truth contradicts.
    pub wrong_reuse: u64,
    /// The same as a share of all alerts, in percent.
    pub wrong_reuse_percent: f64,
    /// Reused verdicts that whoever is asked would have contradicted; where they don't lie, the same as wrong ones.
    pub contradicted: u64,
    /// The same as a share of the reused ones, in percent.
    pub contradicted_percent: f64,
    /// What checks found of reuse while it went on, without labels but those they asked for.
    pub checks: Measured,
    /// What share of the reused verdicts would be contradicted, as these checks bound it, in percent, with 95 % confidence.
    pub contradicted_at_most_percent: Option<f64>,
    /// Attack alerts whose verdict is not hostile.
    pub missed: u64,
    /// The same as a share of the attack alerts, in percent.
    pub missed_percent: f64,
    /// Of the alerts with a hostile verdict, the share that is part of an attack.
    pub precision: f64,
    /// Of the attack alerts, the share with a hostile verdict.
    pub recall: f64,
    /// Alerts by who decided.
    #[serde(serialize_with = "crate::summary::counts_as_map")]
    pub by_decider: Counts,
    /// Steps of attacks.
    pub steps_total: u64,
    /// Steps of which at least one alert got a hostile verdict.
    pub steps_caught: u64,
    /// How many patterns an analyst has to open, in the order of their priority, until every step was seen.
    pub opened_until_all_seen: u64,
    /// Each step.
    pub steps: Vec<Step>,
}

/// A step of an attack.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Step {
    /// What the labels call it.
    pub name: String,
    /// Its alerts.
    pub alerts: u64,
    /// Those of them with a hostile verdict.
    pub caught: u64,
    /// From its first alert to the first with a hostile verdict, in seconds; `None` if there is none.
    pub delay_s: Option<f64>,
    /// The place of the first pattern that holds one of its alerts, among those an analyst opens; from 1.
    pub opened_as: u64,
}

/// What is counted of alerts whose truth is known.
#[derive(Debug, Default)]
pub(super) struct Confusion {
    pub(super) hostile_and_attack: u64,
    pub(super) hostile: u64,
}

impl ScenarioFigures {
    /// Works out the shares.
    pub(super) fn share(&mut self, confusion: &Confusion, checks: Measured) {
        let part = |part: u64, all: u64| if all == 0 { 0.0 } else { part as f64 / all as f64 };
        self.calls_per_1000 = 1000.0 * part(self.calls, self.alerts);
        self.wrong_reuse_percent = 100.0 * part(self.wrong_reuse, self.alerts);
        self.contradicted_percent = 100.0 * part(self.contradicted, self.reused);
        self.checks = checks;
        let is_checked = checks.all().reused > 0;
        self.contradicted_at_most_percent =
            checks.at_most().filter(|_| is_checked).map(|share| 100.0 * share);
        self.missed = self.attack_alerts - confusion.hostile_and_attack;
        self.missed_percent = 100.0 * part(self.missed, self.attack_alerts);
        self.precision = part(confusion.hostile_and_attack, confusion.hostile);
        self.recall = part(confusion.hostile_and_attack, self.attack_alerts);
    }

    /// Adds a scenario's counts to those of all.
    pub(super) fn add(&mut self, other: &Self) {
        self.alerts += other.alerts;
        self.left_out += other.left_out;
        self.out_of_order += other.out_of_order;
        self.attack_alerts += other.attack_alerts;
        self.patterns += other.patterns;
        self.calls += other.calls;
        self.reused += other.reused;
        self.wrong_reuse += other.wrong_reuse;
        self.contradicted += other.contradicted;
        self.steps_total += other.steps_total;
        self.steps_caught += other.steps_caught;
        self.opened_until_all_seen = self.opened_until_all_seen.max(other.opened_until_all_seen);
        add_counts(&mut self.by_decider, &other.by_decider);
        add_counts(&mut self.calls_by_reason, &other.calls_by_reason);
    }
}

fn add_counts(all: &mut Counts, counts: &Counts) {
    for count in counts {
        match all.iter_mut().find(|known| known.name == count.name) {
            Some(known) => known.alerts += count.alerts,
            None => all.push(count.clone()),
        }
    }
}
