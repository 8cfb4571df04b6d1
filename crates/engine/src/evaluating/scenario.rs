//! Replays a scenario.

use super::figures::{Confusion, Figures, ScenarioFigures, Step};
use super::labels::Labels;
use crate::error::EngineError;
use crate::input::Input;
use crate::summary::Count;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use watchfire_judge::ranking::{Candidate, Trace, rank, sensor, weight};
use watchfire_judge::{Assessed, Assessor, Decision, Facts, Ground, History, Judge, Judgement, Reputations};
use watchfire_signal::frame::{Framer, Limits};
use watchfire_signal::read::{Item, Mapping, RecordReader};
use watchfire_signal::{Alert, Decider, Priority, Verdict};

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Who {
    /// The labels decide everything that is decided: what is measured is reuse.
    #[default]
    Oracle,
    /// The embedded deciders first; the labels decide what these leave open, as a model would.
    Cascade,
    /// The embedded deciders alone.
    Embedded,
}

/// What is to be evaluated.
pub struct Evaluation<'e> {
    /// The scenarios, each in time order.
    pub inputs: Vec<Input>,
    /// Where the truth stands.
    pub labels: Labels,
    /// Who decides.
    pub who: Who,
    /// How long verdicts live, hostile and other ones, in milliseconds; as long as they do in a run if it is not said.
    pub lifetimes: Option<(i64, i64)>,
    /// Bounds on reading.
    pub limits: Limits,
    /// Mapping files.
    pub mappings: Arc<[Mapping]>,
    /// Rules, material table, network.
    pub ground: Ground,
    /// What is known of indicators.
    pub reputations: &'e dyn Reputations,
}

impl Evaluation<'_> {
    /// Replays every scenario.
    pub fn run(&self) -> Result<Figures, EngineError> {
        let mut figures = Figures::default();
        let mut confusion = Confusion::default();
        for input in &self.inputs {
            let (scenario, of_scenario) = self.scenario(input)?;
            figures.overall.add(&scenario);
            confusion.hostile += of_scenario.hostile;
            confusion.hostile_and_attack += of_scenario.hostile_and_attack;
            figures.scenarios.push(scenario);
        }
        "all".clone_into(&mut figures.overall.name);
        figures.overall.share(&confusion);
        Ok(figures)
    }

    fn scenario(&self, input: &Input) -> Result<(ScenarioFigures, Confusion), EngineError> {
        let unreadable = |reason: String, hint| EngineError::Unreadable { name: input.name(), reason, hint };
        let bytes =
            input.open().map_err(|error| unreadable(error.to_string(), "name a file that can be read"))?;
        let mut framer = Framer::new(bytes, Arc::new(AtomicU64::new(0)), self.limits, &self.mappings)
            .map_err(|error| unreadable(error.to_string(), error.hint()))?;
        let mut replay = Replay {
            evaluation: self,
            judge: Judge::new(self.ground.clone(), History::default()),
            ranker: Judge::new(self.ground.clone(), History::default()),
            assessor: Assessor::new(self.ground.clone()),
            figures: ScenarioFigures { name: input.name(), ..ScenarioFigures::default() },
            confusion: Confusion::default(),
            deciders: BTreeMap::new(),
            steps: Vec::new(),
            by_name: HashMap::new(),
            first_seen: Vec::new(),
            patterns: Vec::new(),
            places: HashMap::new(),
            origin: 0,
            time: 0,
            labelled: 0,
        };
        let mut reader = RecordReader::new(Arc::clone(&self.mappings));
        while let Some(chunk) = framer.next_chunk() {
            replay.figures.left_out += chunk.broken.len() as u64;
            let (labels, replay) = (&self.labels, &mut replay);
            chunk.read(&mut reader, |range: Range<usize>, items: &mut Vec<Item<'_>>| {
                for item in items.drain(..) {
                    let Item::Alert(alert) = item else {
                        replay.figures.left_out += 1;
                        continue;
                    };
                    replay.labelled += u64::from(labels.is_in(&chunk, range.clone()));
                    replay.alert(&alert, labels.step(&chunk, range.clone()));
                }
            });
        }
        if let Some(error) = framer.take_error() {
            return Err(unreadable(error.to_string(), error.hint()));
        }
        if replay.labelled == 0 {
            let reason = format!("no alert in it has a value {:?}", self.labels.field);
            return Err(unreadable(reason, "--labels names a column of CSV, or a member of JSON objects"));
        }
        Ok(replay.finish())
    }
}

/// A scenario as far as it has been replayed.
struct Replay<'r> {
    evaluation: &'r Evaluation<'r>,
    judge: Judge,
    /// Whoever ranks must not know the labels, not even through what was decided by them.
    ranker: Judge,
    assessor: Assessor,
    figures: ScenarioFigures,
    confusion: Confusion,
    deciders: BTreeMap<&'static str, u64>,
    steps: Vec<Step>,
    by_name: HashMap<String, usize>,
    /// Time of each step's first alert.
    first_seen: Vec<i64>,
    /// Patterns in the order of their first alerts.
    patterns: Vec<Pattern>,
    places: HashMap<i64, usize>,
    /// Time of the first alert.
    origin: i64,
    time: i64,
    labelled: u64,
}

impl Replay<'_> {
    fn alert(&mut self, alert: &Alert<'_>, step: Option<String>) {
        if let Some(time) = alert.time {
            self.figures.out_of_order += u64::from(time.as_millis() < self.time);
            self.time = time.as_millis();
        }
        let time = self.time;
        let step = step.map(|name| self.step(name));
        let facts = self.assessor.facts(alert, self.evaluation.reputations);
        let mut assessed = self.assessor.assess(alert, &facts);
        if let Some((hostile, benign)) = self.evaluation.lifetimes {
            (assessed.lifetime_ms, assessed.benign_lifetime_ms) = (hostile, benign);
        }
        self.rank(alert, &facts, &assessed, step);

        let judgement = self.judge.judge(alert, &facts, &assessed, time, &());
        let is_asked = judgement.fresh
            && match self.evaluation.who {
                Who::Oracle => true,
                Who::Cascade => judgement.decision.decider == Decider::Fallback,
                Who::Embedded => false,
            };
        let (verdict, decider) = if is_asked {
            self.figures.calls += 1;
            let decision = told(&judgement, &assessed, step.is_some());
            let verdict = decision.verdict;
            self.judge.settle(decision);
            (verdict, Decider::Llm)
        } else {
            (judgement.decision.verdict, judgement.decision.decider)
        };
        let is_hostile = verdict.is_hostile();
        self.figures.alerts += 1;
        if !judgement.fresh {
            self.figures.reused += 1;
            self.figures.wrong_reuse += u64::from(is_hostile != step.is_some());
        }
        *self.deciders.entry(decider.name()).or_default() += 1;
        self.confusion.hostile += u64::from(is_hostile);
        let Some(step) = step else { return };
        self.figures.attack_alerts += 1;
        self.confusion.hostile_and_attack += u64::from(is_hostile);
        let first_seen = self.first_seen[step];
        let step = &mut self.steps[step];
        step.alerts += 1;
        if is_hostile {
            step.caught += 1;
            step.delay_s.get_or_insert((time - first_seen) as f64 / 1e3);
        }
    }

    /// The place of a step.
    fn step(&mut self, name: String) -> usize {
        let (steps, first_seen, time) = (&mut self.steps, &mut self.first_seen, self.time);
        *self.by_name.entry(name).or_insert_with_key(|name| {
            steps.push(Step { name: name.clone(), ..Step::default() });
            first_seen.push(time);
            steps.len() - 1
        })
    }

    fn rank(&mut self, alert: &Alert<'_>, facts: &Facts<'_>, assessed: &Assessed, step: Option<usize>) {
        let judgement = self.ranker.judge(alert, facts, assessed, self.time, &());
        if self.patterns.is_empty() {
            self.origin = self.time;
        }
        let place = *self.places.entry(assessed.pattern).or_insert(self.patterns.len());
        if place == self.patterns.len() {
            self.patterns.push(Pattern {
                priority: Priority::default(),
                verdict: Verdict::Unknown,
                trace: Trace::default(),
                rule: assessed.entities.rule,
                host: assessed.entities.asset,
                sensor: sensor(alert),
                steps: Vec::new(),
            });
        }
        let (time, origin) = (self.time, self.origin);
        let Some(pattern) = self.patterns.get_mut(place) else { return };
        if judgement.priority >= pattern.priority {
            (pattern.priority, pattern.verdict) = (judgement.priority, judgement.decision.verdict);
        }
        pattern.trace.add(time, origin);
        if let Some(step) = step.filter(|step| !pattern.steps.contains(step)) {
            pattern.steps.push(step);
        }
    }

    fn finish(mut self) -> (ScenarioFigures, Confusion) {
        let candidates: Vec<Candidate<'_>> = self.patterns.iter().map(Pattern::candidate).collect();
        for (opened, place) in rank(&candidates).into_iter().enumerate() {
            for &step in self.patterns.get(place).map_or(&[][..], |pattern| &pattern.steps) {
                let step = &mut self.steps[step];
                if step.opened_as == 0 {
                    step.opened_as = opened as u64 + 1;
                }
            }
        }
        let figures = &mut self.figures;
        figures.patterns = self.patterns.len() as u64;
        figures.steps_total = self.steps.len() as u64;
        figures.steps_caught = self.steps.iter().filter(|step| step.caught > 0).count() as u64;
        figures.opened_until_all_seen = self.steps.iter().map(|step| step.opened_as).max().unwrap_or(0);
        figures.steps = self.steps;
        figures.by_decider =
            self.deciders.into_iter().map(|(name, alerts)| Count { name: name.to_owned(), alerts }).collect();
        figures.share(&self.confusion);
        (self.figures, self.confusion)
    }
}

/// A pattern, as an analyst comes across it.
struct Pattern {
    priority: Priority,
    /// The verdict of its most urgent alert.
    verdict: Verdict,
    trace: Trace,
    rule: u64,
    host: u64,
    sensor: u64,
    /// Places of its steps.
    steps: Vec<usize>,
}

impl Pattern {
    fn candidate(&self) -> Candidate<'_> {
        let Self { trace, rule, host, sensor, .. } = self;
        let weight = weight(self.priority, self.verdict);
        Candidate { trace, rule: *rule, host: *host, sensor: *sensor, weight }
    }
}

/// The decision that the labels make in the place of an open one.
fn told(judgement: &Judgement, assessed: &Assessed, is_attack: bool) -> Decision {
    let decision = (*judgement.decision).clone();
    let (verdict, lifetime) = if is_attack {
        (Verdict::TruePositive, assessed.lifetime_ms)
    } else {
        (Verdict::BenignPositive, assessed.benign_lifetime_ms)
    };
    let valid_until = decision.valid_from.saturating_add(lifetime);
    Decision { verdict, decider: Decider::Llm, confidence: 1.0, valid_until, ..decision }
}
