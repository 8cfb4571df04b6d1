//! Counts a run's alerts, in the order of the input.

use crate::names::{Labels, TopNames};
use crate::summary::{Count, Counts, InputSummary};
use crate::timeline::TimelineBuilder;
use quick_cache::unsync::Cache;
use smallvec::SmallVec;
use std::sync::Arc;
use watchfire_judge::ranking::{Trace, sensor};
use watchfire_judge::statistics::{BoundedMap, Distinct};
use watchfire_judge::{Assessed, Category, Decision, Facts, Judgement, material_values, tame};
use watchfire_signal::{Alert, Decider, Field, Format, Priority, Reputation, Severity, Timestamp, Verdict};
use watchfire_store::{PatternRow, SourceId};

/// Patterns that are counted apart.
const MAX_PATTERNS: usize = 50_000;
/// Alerts whose exact content is remembered over a run.
pub(crate) const EXACT: usize = 262_144;
/// The same while the service runs: content comes again soon there, or not at all.
pub(crate) const EXACT_LATELY: usize = 16_384;
/// Example names kept with a pattern.
const EXAMPLES: usize = 5;
/// Longest name kept, in characters.
const MAX_NAME: usize = 100;

/// Everything counted in a run.
pub(crate) struct Tally {
    pub(crate) inputs: Vec<InputSummary>,
    pub(crate) received: u64,
    pub(crate) judged: u64,
    pub(crate) set_aside: u64,
    pub(crate) dead: u64,
    pub(crate) exact_hits: u64,
    pub(crate) fresh: u64,
    by_verdict: [u64; 16],
    by_severity: [u64; 7],
    by_decider: [u64; 8],
    fresh_by_decider: [u64; 8],
    by_format: [u64; Format::ALL.len()],
    by_category: [u64; Category::ALL.len()],
    pub(crate) aside: Labels,
    pub(crate) reasons: Labels,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) timeline: TimelineBuilder,
    pub(crate) sources: TopNames,
    pub(crate) hosts: TopNames,
    pub(crate) users: TopNames,
    pub(crate) tactics: [(u64, u8); 14],
    pub(crate) patterns: BoundedMap<i64, PatternTally>,
    /// Time of the alert that was counted first.
    origin: Option<i64>,
    pub(crate) pattern_count: u64,
    exact: Cache<u64, ()>,
}

/// What was counted of one pattern.
#[derive(Debug)]
pub(crate) struct PatternTally {
    pub(crate) key: [u8; 16],
    pub(crate) description: Arc<str>,
    pub(crate) format: Format,
    pub(crate) rule_id: String,
    pub(crate) rule: String,
    pub(crate) asset: String,
    pub(crate) asset_hash: u64,
    pub(crate) rule_hash: u64,
    pub(crate) sensor: u64,
    pub(crate) trace: Trace,
    pub(crate) alerts: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) priority: Priority,
    pub(crate) reputation: Reputation,
    /// The alert with the highest priority, and the decision that held for it.
    pub(crate) example: (SourceId, u64),
    pub(crate) decision: Arc<Decision>,
    pub(crate) sources: Examples,
    pub(crate) users: Examples,
    /// Whether it was seen in the current chunk.
    touched: bool,
}

/// Some names, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Examples {
    pub(crate) names: SmallVec<[String; 2]>,
    pub(crate) distinct: Distinct,
}

impl Examples {
    fn add(&mut self, hash: u64, name: &str) {
        if self.distinct.insert(hash) && self.names.len() < EXAMPLES {
            self.names.push(tame(name, MAX_NAME));
        }
    }
}

/// An alert, as it is counted.
pub(crate) struct Counted<'c> {
    pub(crate) alert: &'c Alert<'c>,
    pub(crate) facts: &'c Facts<'c>,
    pub(crate) assessed: &'c Assessed,
    pub(crate) judgement: &'c Judgement,
    pub(crate) time: i64,
    pub(crate) source: SourceId,
    pub(crate) ordinal: u64,
}

impl Tally {
    pub(crate) fn new(exact: usize) -> Self {
        Self {
            inputs: Vec::new(),
            received: 0,
            judged: 0,
            set_aside: 0,
            dead: 0,
            exact_hits: 0,
            fresh: 0,
            by_verdict: [0; 16],
            by_severity: [0; 7],
            by_decider: [0; 8],
            fresh_by_decider: [0; 8],
            by_format: [0; Format::ALL.len()],
            by_category: [0; Category::ALL.len()],
            aside: Labels::default(),
            reasons: Labels::default(),
            first: i64::MAX,
            last: i64::MIN,
            timeline: TimelineBuilder::new(),
            sources: TopNames::new(),
            hosts: TopNames::new(),
            users: TopNames::new(),
            tactics: [(0, 0); 14],
            patterns: BoundedMap::new(MAX_PATTERNS),
            origin: None,
            pattern_count: 0,
            exact: Cache::new(exact),
        }
    }

    /// Counts an alert; `touched` collects the patterns of the chunk.
    pub(crate) fn alert(
        &mut self,
        counted: &Counted<'_>,
        material: &[(&'static str, String)],
        touched: &mut Vec<i64>,
    ) {
        let Counted { alert, facts, assessed, judgement, time, .. } = *counted;
        let decision = &judgement.decision;
        let priority = judgement.priority.score();
        self.by_verdict[usize::from(decision.verdict.id() & 15)] += 1;
        self.by_severity[usize::from(decision.severity.id())] += 1;
        self.by_decider[usize::from(decision.decider.id() & 7)] += 1;
        self.by_format[alert.format as usize] += 1;
        self.by_category[decision.detail.category.rank()] += 1;
        self.judged += 1;
        if judgement.fresh {
            self.fresh += 1;
            self.fresh_by_decider[usize::from(decision.decider.id() & 7)] += 1;
        }
        if self.exact.get(&assessed.exact).is_some() {
            self.exact_hits += 1;
        } else {
            self.exact.insert(assessed.exact, ());
        }
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.timeline.add(time, decision.severity);
        let source = alert.get(Field::SourceIp).or_else(|| alert.get(Field::SourceDomain));
        let user = alert.get(Field::TargetUser).or_else(|| alert.get(Field::User));
        if let Some(source) = source {
            self.sources.add(assessed.source, source, priority);
        }
        if !facts.asset.is_empty() {
            self.hosts.add(assessed.entities.asset, &facts.asset, priority);
        }
        if let Some(user) = user {
            self.users.add(assessed.user, user, priority);
        }
        for tactic in assessed.say.tactics.iter() {
            let (alerts, highest) = &mut self.tactics[tactic as usize];
            *alerts += 1;
            *highest = (*highest).max(priority);
        }
        self.pattern(counted, material, source, user, touched);
    }

    fn pattern(
        &mut self,
        counted: &Counted<'_>,
        material: &[(&'static str, String)],
        source: Option<&str>,
        user: Option<&str>,
        touched: &mut Vec<i64>,
    ) {
        let Counted { alert, facts, assessed, judgement, time, .. } = *counted;
        let mut new = false;
        let origin = *self.origin.get_or_insert(time);
        let tally = self.patterns.entry(assessed.pattern, || {
            new = true;
            PatternTally {
                key: assessed.key,
                description: describe(alert, facts, judgement, material),
                format: alert.format,
                rule_id: tame(alert.text(Field::RuleId), MAX_NAME),
                rule: tame(alert.get(Field::RuleName).unwrap_or_else(|| alert.text(Field::RuleId)), MAX_NAME),
                asset: tame(&facts.asset, MAX_NAME),
                asset_hash: assessed.entities.asset,
                rule_hash: assessed.entities.rule,
                sensor: sensor(alert),
                trace: Trace::default(),
                alerts: 0,
                first: time,
                last: time,
                priority: Priority::default(),
                reputation: Reputation::NotAsked,
                example: (counted.source, counted.ordinal),
                decision: Arc::clone(&judgement.decision),
                sources: Examples::default(),
                users: Examples::default(),
                touched: false,
            }
        });
        self.pattern_count += u64::from(new);
        tally.trace.add(time, origin);
        tally.alerts += 1;
        tally.first = tally.first.min(time);
        tally.last = tally.last.max(time);
        tally.reputation = tally.reputation.max(assessed.reputation);
        if judgement.priority >= tally.priority {
            if judgement.priority > tally.priority {
                tally.example = (counted.source, counted.ordinal);
            }
            tally.priority = judgement.priority;
            tally.decision = Arc::clone(&judgement.decision);
        }
        if let Some(name) = source {
            tally.sources.add(assessed.source, name);
        }
        if let Some(name) = user {
            tally.users.add(assessed.user, name);
        }
        if !tally.touched {
            tally.touched = true;
            touched.push(assessed.pattern);
        }
    }

    /// Whether the pattern was not counted yet, so that its description must be made.
    pub(crate) fn is_new(&self, pattern: i64) -> bool {
        self.patterns.get(&pattern).is_none()
    }

    /// Forgets what led a pattern: it was decided on anew.
    pub(crate) fn forget_lead(&mut self, pattern: i64) {
        if !self.is_new(pattern) {
            self.patterns.entry(pattern, || unreachable!("the entry was found above")).priority =
                Priority::default();
        }
    }

    /// The rows of the chunk's patterns, and a fresh count for the next chunk.
    pub(crate) fn pattern_rows(&mut self, touched: &[i64]) -> Vec<PatternRow> {
        let mut rows = Vec::with_capacity(touched.len());
        for &id in touched {
            // A pattern that was pushed out within its own chunk is counted with the next one it comes in.
            if self.patterns.get(&id).is_none() {
                continue;
            }
            let tally = self.patterns.entry(id, || unreachable!("the entry was found above"));
            tally.touched = false;
            rows.push(PatternRow {
                id,
                key: tally.key,
                description: Arc::clone(&tally.description),
                first_seen: tally.first,
                last_seen: tally.last,
                priority: tally.priority.score(),
                decision: tally.decision.id,
            });
        }
        rows
    }

    pub(crate) fn by_verdict(&self) -> Counts {
        named(Verdict::ALL.map(|verdict| (verdict.name(), self.by_verdict[usize::from(verdict.id() & 15)])))
    }

    pub(crate) fn by_severity(&self) -> Counts {
        let mut worst_first = Severity::ALL;
        worst_first.reverse();
        named(worst_first.map(|severity| (severity.name(), self.by_severity[usize::from(severity.id())])))
    }

    pub(crate) fn by_decider(&self) -> Counts {
        named(Decider::ALL.map(|decider| (decider.name(), self.by_decider[usize::from(decider.id() & 7)])))
    }

    pub(crate) fn fresh_by_decider(&self) -> Counts {
        named(
            Decider::ALL
                .map(|decider| (decider.name(), self.fresh_by_decider[usize::from(decider.id() & 7)])),
        )
    }

    pub(crate) fn by_format(&self) -> Counts {
        largest(named(Format::ALL.map(|format| (format.name(), self.by_format[format as usize]))))
    }

    pub(crate) fn by_category(&self) -> Counts {
        largest(named(Category::ALL.map(|category| (category.name(), self.by_category[category.rank()]))))
    }
}

/// What the alerts of a pattern have in common, as JSON.
pub(crate) fn describe(
    alert: &Alert<'_>,
    facts: &Facts<'_>,
    judgement: &Judgement,
    material: &[(&'static str, String)],
) -> Arc<str> {
    let material: serde_json::Map<String, serde_json::Value> = material
        .iter()
        .map(|(name, value)| ((*name).to_owned(), serde_json::Value::String(value.clone())))
        .collect();
    let description = serde_json::json!({
        "rule": tame(alert.text(Field::RuleName), 200),
        "rule_key": tame(&watchfire_judge::rule_key(alert), 200),
        "category": judgement.decision.detail.category.name(),
        "asset": tame(&facts.asset, 200),
        "material": material,
    });
    description.to_string().into()
}

/// The material values of an alert, for the description of a new pattern.
pub(crate) fn material_of(
    alert: &Alert<'_>,
    facts: &Facts<'_>,
    table: &watchfire_judge::MaterialTable,
    category: Category,
) -> Vec<(&'static str, String)> {
    table.entry(category).map_or_else(Vec::new, |entry| material_values(alert, facts, entry))
}

fn named<const N: usize>(counts: [(&str, u64); N]) -> Counts {
    let seen = counts.into_iter().filter(|(_, alerts)| *alerts > 0);
    seen.map(|(name, alerts)| Count { name: name.to_owned(), alerts }).collect()
}

fn largest(mut counts: Counts) -> Counts {
    counts.sort_by_key(|count| std::cmp::Reverse(count.alerts));
    counts
}

/// A moment as text; empty if there is none.
pub(crate) fn moment(millis: i64) -> String {
    Timestamp::from_millis(millis).map_or_else(String::new, |time| time.to_string())
}
