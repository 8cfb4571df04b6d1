//! Replays a scenario.

use super::answers::Answers;
use super::figures::{Confusion, Figures, ScenarioFigures, Step};
use super::labels::Labels;
use super::oracle::{Lies, Oracle};
use super::ranks::Ranks;
use crate::error::EngineError;
use crate::input::Input;
use crate::summary::Count;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use watchfire_judge::learning::{Learned, Teacher};
use watchfire_judge::reuse::{Measured, Policy, Why};
use watchfire_judge::{Assessed, Assessor, Ground, History, Judge, Reputations, rule_key};
use watchfire_signal::frame::{Framer, Limits};
use watchfire_signal::read::{Item, Mapping, RecordReader};
use watchfire_signal::{Alert, Verdict};

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

/// Which alerts share a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Key {
    /// Those that agree in their material fields: how it is in a run.
    #[default]
    Material,
    /// Those of the same vendor's rule.
    Rule,
    /// Those of the same vendor's rule on the same machine.
    RuleAndMachine,
}

impl Key {
    fn of(self, assessed: &Assessed) -> i64 {
        let entities = &assessed.entities;
        let hash = match self {
            Self::Material => return assessed.pattern,
            Self::Rule => entities.rule,
            Self::RuleAndMachine => entities.rule.rotate_left(32) ^ entities.asset,
        };
        (hash >> 1).cast_signed()
    }
}

/// What is to be evaluated.
pub struct Evaluation<'e> {
    /// The scenarios, each in time order.
    pub inputs: Vec<Input>,
    /// Where the truth stands.
    pub labels: Labels,
    /// Who decides.
    pub who: Who,
    /// How far verdicts are reused.
    pub reuse: Policy,
    /// Which alerts share a verdict.
    pub key: Key,
    /// What was learned before.
    pub learned: Learned,
    /// Whether each scenario is also judged by what there is to learn from the labels of all others.
    pub leave_one_out: bool,
    /// What is answered in place of the labels, for each input; empty if labels answer.
    pub answers: Vec<Answers>,
    /// Whether the labels lie.
    pub lies: Option<Lies>,
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
        let mut measured = Measured::default();
        for (number, input) in self.inputs.iter().enumerate() {
            let (scenario, of_scenario) = self.scenario(number, input)?;
            figures.overall.add(&scenario);
            measured.add(&scenario.checks);
            confusion.hostile += of_scenario.hostile;
            confusion.hostile_and_attack += of_scenario.hostile_and_attack;
            figures.scenarios.push(scenario);
        }
        "all".clone_into(&mut figures.overall.name);
        figures.overall.share(&confusion, measured);
        Ok(figures)
    }

    /// What there is to learn from everybody's labels but those of the scenario with this number.
    fn taught(&self, but: usize) -> Result<Learned, EngineError> {
        let mut learned = self.learned.clone();
        if self.leave_one_out {
            let others = self.inputs.iter().enumerate().filter(|(number, _)| *number != but);
            for (_, input) in others {
                learned.merge(&self.teach(input)?);
            }
        }
        Ok(learned)
    }

    /// What there is to learn from an input's labels.
    fn teach(&self, input: &Input) -> Result<Learned, EngineError> {
        let mut teacher = Teacher::new(Learned::default());
        let mut assessor = Assessor::new(self.ground.clone());
        let mut last = 0;
        self.read(input, |item| {
            let Read::Alert { alert, step, .. } = item else { return };
            last = alert.time.map_or(last, |time| time.as_millis().max(last));
            let facts = assessor.facts(alert, self.reputations);
            let assessed = assessor.assess(alert, &facts);
            teacher.alert(&assessed, &rule_key(alert), last, step.is_some(), 1.0);
        })?;
        Ok(teacher.learned())
    }

    /// Reads an input, one record after another.
    pub(super) fn read(&self, input: &Input, mut take: impl FnMut(Read<'_, '_>)) -> Result<(), EngineError> {
        let unreadable = |reason: String, hint| EngineError::Unreadable { name: input.name(), reason, hint };
        let bytes =
            input.open().map_err(|error| unreadable(error.to_string(), "name a file that can be read"))?;
        let mut framer = Framer::new(bytes, Arc::new(AtomicU64::new(0)), self.limits, &self.mappings)
            .map_err(|error| unreadable(error.to_string(), error.hint()))?;
        let mut reader = RecordReader::new(Arc::clone(&self.mappings));
        while let Some(chunk) = framer.next_chunk() {
            chunk.broken.iter().for_each(|_| take(Read::LeftOut));
            chunk.read(&mut reader, |range: Range<usize>, items: &mut Vec<Item<'_>>| {
                for item in items.drain(..) {
                    let Item::Alert(alert) = item else {
                        take(Read::LeftOut);
                        continue;
                    };
                    take(Read::Alert {
                        alert: &alert,
                        is_labelled: self.labels.is_in(&chunk, range.clone()),
                        step: self.labels.step(&chunk, range.clone()),
                    });
                }
            });
        }
        framer.take_error().map_or(Ok(()), |error| Err(unreadable(error.to_string(), error.hint())))
    }

    fn scenario(&self, number: usize, input: &Input) -> Result<(ScenarioFigures, Confusion), EngineError> {
        let judge = Judge::new(self.ground.clone(), History::default())
            .reusing(self.reuse.clone())
            .learned(self.taught(number)?);
        let mut replay = Replay {
            evaluation: self,
            judge,
            oracle: Oracle::new(self.who),
            answers: self.answers.get(number),
            record: 0,
            ranker: Judge::new(self.ground.clone(), History::default()),
            assessor: Assessor::new(self.ground.clone()),
            figures: ScenarioFigures { name: input.name(), ..ScenarioFigures::default() },
            confusion: Confusion::default(),
            deciders: BTreeMap::new(),
            whys: BTreeMap::new(),
            steps: Vec::new(),
            by_name: HashMap::new(),
            first_seen: Vec::new(),
            ranks: Ranks::default(),
            time: 0,
            labelled: 0,
        };
        self.read(input, |item| match item {
            Read::LeftOut => {
                replay.figures.left_out += 1;
                replay.record += 1;
            }
            Read::Alert { alert, is_labelled, step } => {
                replay.labelled += u64::from(is_labelled);
                replay.alert(alert, step);
                replay.record += 1;
            }
        })?;
        if replay.labelled == 0 {
            return Err(EngineError::Unreadable {
                name: input.name(),
                reason: format!("no alert in it has a value {:?}", self.labels.field),
                hint: "--labels names a column of CSV, or a member of JSON objects",
            });
        }
        Ok(replay.finish())
    }
}

/// What is read.
pub(super) enum Read<'r, 'a> {
    Alert {
        alert: &'r Alert<'a>,
        is_labelled: bool,
        step: Option<String>,
    },
    /// A record that is no alert, or can't be read.
    LeftOut,
}

/// A scenario as far as it has been replayed.
struct Replay<'r> {
    evaluation: &'r Evaluation<'r>,
    judge: Judge,
    oracle: Oracle,
    answers: Option<&'r Answers>,
    /// The place of the record that is being judged.
    record: u64,
    /// Whoever ranks must not know the labels, not even through what was decided by them.
    ranker: Judge,
    assessor: Assessor,
    figures: ScenarioFigures,
    confusion: Confusion,
    deciders: BTreeMap<&'static str, u64>,
    whys: BTreeMap<String, u64>,
    steps: Vec<Step>,
    by_name: HashMap<String, usize>,
    /// Time of each step's first alert.
    first_seen: Vec<i64>,
    ranks: Ranks,
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
        let unlabelled = self.ranker.judge(alert, &facts, &assessed, time, &());
        self.ranks.add(alert, &assessed, &unlabelled, time, step);

        assessed.pattern = self.evaluation.key.of(&assessed);
        let lies = self.evaluation.lies.is_some_and(|lies| lies.about(assessed.pattern, self.figures.alerts));
        let says_attack = step.is_some() != lies;
        let by_label = if says_attack { Verdict::TruePositive } else { Verdict::BenignPositive };
        let answer = self.answers.map_or(Some(by_label), |answers| answers.of(self.record));
        self.oracle.knows(answer);
        let judgement = self.judge.judge(alert, &facts, &assessed, time, &self.oracle);
        let decision = &judgement.decision;
        let is_hostile = decision.verdict.is_hostile();
        self.figures.alerts += 1;
        if self.oracle.was_asked() {
            self.figures.calls += 1;
            *self.whys.entry(decision.detail.why.clone()).or_default() += 1;
        }
        if !judgement.fresh {
            self.figures.reused += 1;
            self.figures.wrong_reuse += u64::from(is_hostile != step.is_some());
            self.figures.contradicted +=
                u64::from(answer.is_some_and(|answer| answer.is_hostile() != is_hostile));
        }
        let decider = if decision.detail.learned { "learned" } else { decision.decider.name() };
        *self.deciders.entry(decider).or_default() += 1;
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

    fn finish(mut self) -> (ScenarioFigures, Confusion) {
        self.ranks.number(&mut self.steps);
        let measured = self.judge.measured();
        let figures = &mut self.figures;
        figures.patterns = self.ranks.len();
        figures.steps_total = self.steps.len() as u64;
        figures.steps_caught = self.steps.iter().filter(|step| step.caught > 0).count() as u64;
        figures.opened_until_all_seen = self.steps.iter().map(|step| step.opened_as).max().unwrap_or(0);
        figures.steps = self.steps;
        figures.by_decider =
            self.deciders.into_iter().map(|(name, alerts)| Count { name: name.to_owned(), alerts }).collect();
        figures.calls_by_reason = Why::ALL
            .iter()
            .filter_map(|why| {
                Some(Count { name: why.name().to_owned(), alerts: *self.whys.get(why.name())? })
            })
            .collect();
        figures.share(&self.confusion, measured);
        (self.figures, self.confusion)
    }
}
