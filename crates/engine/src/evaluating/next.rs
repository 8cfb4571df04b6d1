//! How well it is foretold what comes next.
//!
//! Each input is held back in turn: what there is to learn is learned from all others, then the held-back one is replayed,
//! and at each step on a machine it is asked what the next one will be. What came of it is learned once it was scored,
//! by the predictor and by those it is compared with alike; each is also asked without that. Machines of one input have
//! nothing to do with those of another, even if they have the same names.

use super::frequent::{Frequent, Guess};
use super::next_figures::{NextFigures, NextScenario, Question, Scored};
use super::scenario::{Evaluation, Read};
use crate::error::EngineError;
use crate::input::Input;
use std::collections::HashMap;
use watchfire_judge::propositions::{
    HORIZON_MS, NOTHING, Outcome, Place, Predictor, Seen, Tracker, rule_id, stage,
};
use watchfire_judge::{Assessor, rule_key};
use watchfire_signal::Field;

/// Machines whose questions are open at once.
const MACHINES: usize = 65_536;

/// The alerts of all inputs, as far as they count here.
#[derive(Default)]
struct Sightings {
    inputs: Vec<Vec<Sighting>>,
    rules: Vec<Rule>,
    by_key: HashMap<(String, Vec<String>), usize>,
}

struct Sighting {
    time: i64,
    machine: u64,
    actor: u64,
    /// Place among the rules.
    rule: usize,
    /// Whether it is part of an attack.
    is_attack: bool,
}

struct Rule {
    key: String,
    name: String,
    techniques: Vec<String>,
}

/// A question that is open.
struct Open {
    question: Question,
    at: i64,
}

impl Evaluation<'_> {
    /// Asks at every step of every scenario what comes next. Alerts of a rule on a machine that are further apart than
    /// `stretch_ms` are two steps. Of this evaluation's other choices, none plays a part but inputs, labels and ground.
    pub fn next_steps(&self, stretch_ms: i64) -> Result<NextFigures, EngineError> {
        let mut sightings = Sightings::default();
        for (number, input) in self.inputs.iter().enumerate() {
            self.sight(number, input, &mut sightings)?;
        }
        let names = self.inputs.iter().map(Input::name).enumerate();
        let scenarios = names.map(|(number, name)| held_back(&sightings, number, name, stretch_ms)).collect();
        Ok(NextFigures::of(scenarios, stretch_ms))
    }

    fn sight(&self, number: usize, input: &Input, sightings: &mut Sightings) -> Result<(), EngineError> {
        let mut assessor = Assessor::new(self.ground.clone());
        let mut sighted = Vec::new();
        let mut last = 0;
        let salt = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.read(input, |item| {
            let Read::Alert { alert, step, .. } = item else { return };
            last = alert.time.map_or(last, |time| time.as_millis().max(last));
            let facts = assessor.facts(alert, self.reputations);
            let assessed = assessor.assess(alert, &facts);
            let mut techniques: Vec<String> = alert.techniques.iter().map(ToString::to_string).collect();
            for rule in self.ground.rules.named(&assessed.hits) {
                techniques.extend(rule.techniques.iter().cloned());
            }
            let rules = &mut sightings.rules;
            let key = (rule_key(alert), techniques);
            let rule = *sightings.by_key.entry(key).or_insert_with_key(|(key, techniques)| {
                let name = alert.get(Field::RuleName).unwrap_or_default().to_owned();
                rules.push(Rule { key: key.clone(), name, techniques: techniques.clone() });
                rules.len() - 1
            });
            let is_known = facts.actor != facts.asset && !facts.actor.is_empty();
            sighted.push(Sighting {
                time: last,
                machine: assessed.entities.asset ^ salt,
                actor: if is_known { assessed.entities.actor ^ salt } else { 0 },
                rule,
                is_attack: step.is_some(),
            });
        })?;
        sightings.inputs.push(sighted);
        Ok(())
    }
}

/// Learns from all inputs but one, and is asked about that.
fn held_back(sightings: &Sightings, number: usize, name: String, stretch_ms: i64) -> NextScenario {
    let mut contest = Contest::new(stretch_ms);
    for (_, input) in sightings.inputs.iter().enumerate().filter(|(other, _)| *other != number) {
        contest.replay(sightings, input, None);
    }
    contest.learned = Some((contest.predictor.clone(), contest.frequent.clone()));
    let mut scored = Scored::default();
    let (mut alerts, mut steps) = (0, 0);
    if let Some(input) = sightings.inputs.get(number) {
        alerts = input.len() as u64;
        steps = contest.replay(sightings, input, Some(&mut scored));
    }
    NextScenario::of(name, alerts, steps, contest.predictor.footprint() as u64, scored)
}

/// Those who are asked.
struct Contest {
    stretch_ms: i64,
    predictor: Predictor,
    frequent: Frequent,
    /// What was known before the held-back input.
    learned: Option<(Predictor, Frequent)>,
}

impl Contest {
    fn new(stretch_ms: i64) -> Self {
        Self {
            stretch_ms,
            predictor: Predictor::parted(stretch_ms),
            frequent: Frequent::default(),
            learned: None,
        }
    }

    /// Replays an input; asks, if what is answered is to be scored. Returns how many steps there were.
    fn replay(&mut self, sightings: &Sightings, input: &[Sighting], mut scored: Option<&mut Scored>) -> u64 {
        let mut tracker = Tracker::new(MACHINES, self.stretch_ms);
        let mut open: HashMap<u64, Open> = HashMap::new();
        let mut steps = 0;
        for sighting in input {
            let seen = sightings.seen(sighting);
            let tactic = || stage(seen.techniques);
            let step = tracker.observe(sighting.time, sighting.machine, rule_id(seen.rule), tactic);
            if let Some(step) = step {
                let overdue = tracker.overdue(sighting.time);
                for outcome in overdue.iter().chain(step.ends.iter()) {
                    self.outcome(outcome, sighting.is_attack, &mut open, scored.as_deref_mut());
                }
            }
            self.predictor.observe(&seen);
            let Some(step) = step else { continue };
            steps += 1;
            if scored.is_some() {
                let question = self.ask(&step.place);
                open.insert(sighting.machine, Open { question, at: sighting.time });
            }
        }
        let end = input.last().map_or(0, |last| last.time);
        loop {
            let overdue = tracker.overdue(end);
            if overdue.is_empty() {
                break;
            }
            for outcome in &overdue {
                self.outcome(outcome, false, &mut open, scored.as_deref_mut());
            }
        }
        if let Some(scored) = scored {
            scored.undecided += open.values().filter(|open| end - open.at <= HORIZON_MS).count() as u64;
        }
        steps
    }

    /// Scores what was said, then learns from what came.
    fn outcome(
        &mut self,
        outcome: &Outcome,
        is_attack: bool,
        open: &mut HashMap<u64, Open>,
        scored: Option<&mut Scored>,
    ) {
        if let Some(scored) = scored
            && let Some(open) = open.remove(&outcome.place.entity)
        {
            scored.score(&open.question, outcome, is_attack && outcome.next != NOTHING);
        }
        self.frequent.learn(outcome.place.rule, outcome.next);
    }

    fn ask(&self, place: &Place) -> Question {
        let (distribution, forecast) = self.predictor.on_machine(place);
        // As many candidates as there are: each rule that is known but this one, what is not known, and nothing.
        let candidates = self.predictor.known() + 1;
        let (unlearned, frequent_unlearned) = match &self.learned {
            Some((predictor, frequent)) if predictor.known() > 0 => (
                Guess::from(predictor.on_machine(place).0).among(predictor.known() + 1),
                frequent.guess(place.rule).among(candidates),
            ),
            _ => (Guess::default().among(candidates), Guess::default().among(candidates)),
        };
        let guesses = [
            Guess::from(distribution).among(candidates),
            self.frequent.guess(place.rule).among(candidates),
            unlearned,
            frequent_unlearned,
            Guess::default().among(candidates),
        ];
        Question { guesses, forecast }
    }
}

impl Sightings {
    fn seen(&self, sighting: &Sighting) -> Seen<'_> {
        let rule = &self.rules[sighting.rule];
        Seen {
            time: sighting.time,
            entity: [sighting.machine, sighting.actor],
            rule: &rule.key,
            name: &rule.name,
            techniques: &rule.techniques,
            hostile: sighting.is_attack,
        }
    }
}
