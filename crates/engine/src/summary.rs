//! What a run came to: the batch analysis, as people read it and as `--summary-json` writes it.

use serde::{Deserialize, Serialize};
use watchfire_flow::Histogram;
use watchfire_judge::reuse::Measured;

/// Counts by name, largest first or in the order of a scale.
pub type Counts = Vec<Count>;

/// A name and how many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// The name. Where it comes from the input it has been tamed: one line, bounded, no control characters.
    pub name: String,
    /// How many alerts.
    pub alerts: u64,
}

/// The batch analysis of a triage run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Records read: judged + set aside + dead + pending.
    pub received: u64,
    /// Alerts that got a verdict.
    pub judged: u64,
    /// Sound records that are not alerts.
    pub set_aside: u64,
    /// Records that could not be read.
    pub dead: u64,
    /// Alerts whose verdict is still to come.
    pub pending: u64,
    /// Patterns seen.
    pub patterns: u64,
    /// Calls made to services that cost or are limited.
    pub calls: u64,
    /// Alerts that needed no decision of their own: a decision on their pattern was used again.
    pub calls_avoided: u64,
    /// What the calls cost, in US dollars.
    pub cost_usd: f64,
    /// Wall-clock time, in seconds.
    pub elapsed_s: f64,
    /// Judged alerts per second.
    pub alerts_per_s: f64,
    /// Shares of alerts (0–1) that a cache answered.
    pub hit_rate: HitRate,
    /// Alerts by verdict, worst first.
    #[serde(with = "as_map")]
    pub by_verdict: Counts,
    /// Alerts by severity, worst first.
    #[serde(with = "as_map")]
    pub by_severity: Counts,
    /// Time from reading to verdict, per alert, in milliseconds.
    pub latency_ms: Percentiles,

    /// Version of the program.
    pub program: String,
    /// The store it was written to.
    pub store: String,
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// Decisions made in this run, by decider.
    #[serde(with = "as_map")]
    pub decisions_by_decider: Counts,
    /// Alerts by who decided.
    #[serde(with = "as_map")]
    pub by_decider: Counts,
    /// Alerts by format.
    #[serde(with = "as_map")]
    pub by_format: Counts,
    /// Alerts by category.
    #[serde(with = "as_map")]
    pub by_category: Counts,
    /// Records set aside, by kind.
    #[serde(with = "as_map")]
    pub set_aside_by_kind: Counts,
    /// Dead letters, by reason.
    #[serde(with = "as_map")]
    pub dead_by_reason: Counts,
    /// The inputs, in the order they were read.
    pub inputs: Vec<InputSummary>,
    /// Time of the first alert, RFC 3339; empty if there is none.
    pub first_alert: String,
    /// Time of the last alert.
    pub last_alert: String,
    /// Alerts over time.
    pub timeline: Timeline,
    /// The hours with the most alerts, most first: the hour's start (RFC 3339) and its alerts.
    pub busiest_hours: Counts,
    /// What to look at, most urgent first; at most 500.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub findings_total: u64,
    /// Sources with the most alerts.
    pub top_sources: Vec<Ranked>,
    /// Machines with the most alerts.
    pub top_hosts: Vec<Ranked>,
    /// Accounts with the most alerts.
    pub top_users: Vec<Ranked>,
    /// ATT&CK tactics, in the order in which an intrusion passes through them; only those seen.
    pub tactics: Vec<TacticCount>,
    /// ATT&CK techniques with the most alerts.
    pub techniques: Vec<TechniqueCount>,
    /// Time per alert and stage.
    pub stages: Vec<StageLatency>,
    /// Lists of intelligence in force.
    pub intel_lists: u64,
    /// Entries in them.
    pub intel_entries: u64,
    /// Sigma rules in force.
    pub rules: u64,
    /// What checks of reuse found; `None` if nothing was reused whose check would have cost anything.
    #[serde(default)]
    pub reuse: Option<Reused>,
    /// Patterns and entities that were forgotten for lack of room; 0 unless the input is very diverse.
    pub forgotten: u64,
    /// What was asked of a language model.
    #[serde(default)]
    pub asked: Asked,
    /// What services were asked about indicators.
    #[serde(default)]
    pub enriched: Enriched,
}

/// What was asked of a language model, and what became of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Which one; empty if none was.
    pub model: String,
    /// Questions: decisions that nobody embedded was sure about.
    pub questions: u64,
    /// Questions that got an answer.
    pub answered: u64,
    /// Questions that stay open: the embedded deciders' word stands, and the next run asks again.
    pub open: u64,
    /// Of the open ones, those that are on their way in a batch: a later run reads the answers.
    #[serde(default)]
    pub in_batches: u64,
    /// Calls made, with those that failed; each request of a batch is one.
    pub calls: u64,
    /// Calls that were made again because an earlier one failed.
    pub retries: u64,
    /// Times that the provider said *too many*.
    pub rate_limited: u64,
    /// Calls by what came of them.
    #[serde(with = "as_map", default)]
    pub outcomes: Counts,
    /// Tokens of input, those from the provider's cache among them.
    pub input_tokens: u64,
    /// Tokens of output, those of thought among them.
    pub output_tokens: u64,
    /// Cost in billionths of a US dollar, of the calls whose price is known.
    pub cost_nano_usd: i64,
    /// Calls whose price is not known.
    pub unpriced: u64,
    /// From the first call to the last answer, in seconds.
    pub elapsed_s: f64,
    /// Time that calls waited for their turn, in milliseconds.
    pub wait_ms: Percentiles,
    /// Time from sending to the answer, in milliseconds.
    pub call_ms: Percentiles,
    /// Why asking ended early; empty if it did not.
    pub stopped: String,
}

impl Asked {
    /// Both rounds of asking, one after the other.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        if self.calls == 0 && self.questions == 0 {
            return later;
        }
        for outcome in &later.outcomes {
            match self.outcomes.iter_mut().find(|known| known.name == outcome.name) {
                Some(known) => known.alerts += outcome.alerts,
                None => self.outcomes.push(outcome.clone()),
            }
        }
        let longer = if later.calls > self.calls { &later } else { &self };
        let (wait_ms, call_ms) = (longer.wait_ms, longer.call_ms);
        Self {
            questions: self.questions + later.questions,
            answered: self.answered + later.answered,
            open: self.open + later.open,
            calls: self.calls + later.calls,
            retries: self.retries + later.retries,
            rate_limited: self.rate_limited + later.rate_limited,
            outcomes: self.outcomes,
            input_tokens: self.input_tokens + later.input_tokens,
            output_tokens: self.output_tokens + later.output_tokens,
            cost_nano_usd: self.cost_nano_usd.saturating_add(later.cost_nano_usd),
            unpriced: self.unpriced + later.unpriced,
            elapsed_s: self.elapsed_s + later.elapsed_s,
            wait_ms,
            call_ms,
            ..later
        }
    }
}

/// What checks of reuse found: earlier verdicts that could have been reused, and were asked about nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Reused {
    /// Verdicts that could be reused, those that were checked among them.
    pub reusable: u64,
    /// Those that were checked.
    pub checked: u64,
    /// Those whose check found another verdict.
    pub contradicted: u64,
    /// The share of wrong ones among all, at most, in percent, with 95 % confidence.
    pub at_most_percent: f64,
    /// Patterns that are not reused any more.
    pub stopped: u64,
}

impl Reused {
    pub(crate) fn of(measured: &Measured) -> Option<Self> {
        let all = measured.all();
        Some(Self {
            reusable: all.reused,
            checked: all.checked,
            contradicted: all.wrong,
            at_most_percent: 100.0 * measured.at_most()?,
            stopped: measured.stopped,
        })
    }
}

/// What services were asked about indicators, and what became of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Enriched {
    /// Indicators in the alerts, each once.
    pub indicators: u64,
    /// Indicators that were kept at home, by why.
    #[serde(with = "as_map", default)]
    pub kept: Counts,
    /// Indicators that lists on disk know to be bad: services are not asked to say it again.
    pub settled: u64,
    /// Each service.
    pub services: Vec<EnrichedBy>,
    /// From the first call to the last answer, in seconds.
    pub elapsed_s: f64,
}

/// What one service was asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EnrichedBy {
    /// Its name.
    pub service: String,
    /// Indicators that it could be asked about.
    pub indicators: u64,
    /// Indicators whose earlier answer still holds.
    pub cached: u64,
    /// Indicators by what is known now: its answers, `limited` or `failed`.
    #[serde(with = "as_map", default)]
    pub reputations: Counts,
    /// Calls made, with those that failed.
    pub calls: u64,
    /// Times that the service said *too many*.
    pub rate_limited: u64,
    /// Time that calls waited for their turn, in milliseconds.
    pub wait_ms: Percentiles,
    /// Time from sending to the answer, in milliseconds.
    pub call_ms: Percentiles,
    /// Why asking ended early; empty if it did not.
    pub stopped: String,
}

/// Shares of alerts that were answered without deciding.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HitRate {
    /// An alert that says the same was seen before: what exact matching would have answered.
    pub exact: f64,
    /// A decision on the pattern was used again.
    pub pattern: f64,
    /// Indicators whose reputation was known from before, of all that were looked up.
    pub intel: f64,
}

/// Percentiles of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of all stay at or below.
    pub p50: f64,
    /// 95 %.
    pub p95: f64,
    /// 99 %.
    pub p99: f64,
}

impl Percentiles {
    /// Those of a histogram, in the unit of which a second has so many, to a thousandth of it.
    pub(crate) fn of(histogram: &Histogram, per_second: f64) -> Self {
        let at = |share| (histogram.quantile(share).as_secs_f64() * per_second * 1e3).round() / 1e3;
        Self { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}

/// One input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputSummary {
    /// Its name, tamed.
    pub name: String,
    /// Records read.
    pub received: u64,
    /// Alerts judged.
    pub judged: u64,
    /// Records set aside.
    pub set_aside: u64,
    /// Dead letters.
    pub dead: u64,
    /// Bytes after unpacking.
    pub bytes: u64,
    /// How it is compressed: `plain`, `gzip` or `zstd`.
    pub compression: String,
    /// Why it could not be read to its end; empty if it could.
    pub error: String,
    /// What to do about that.
    pub hint: String,
}

/// Alerts over time, in steps of equal length.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Timeline {
    /// Start of the first step, in milliseconds since 1970.
    pub start_ms: i64,
    /// Length of a step, in milliseconds; 0 if there are no steps.
    pub step_ms: i64,
    /// Per step, alerts by OCSF severity (index 0 unknown … 6 fatal). At most 240 steps.
    pub steps: Vec<[u64; 7]>,
}

/// Something to look at: alerts of one rule with one verdict, over all machines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The highest priority of its alerts, 0–100.
    pub priority: u8,
    /// OCSF severity's name.
    pub severity: String,
    /// The verdict's name.
    pub verdict: String,
    /// How sure, 0–1.
    pub confidence: f64,
    /// Who decided.
    pub decider: String,
    /// What it is about.
    pub category: String,
    /// The vendor's rule id, tamed.
    pub rule_id: String,
    /// The vendor's rule name, tamed.
    pub rule: String,
    /// The input format's name.
    pub format: String,
    /// How many alerts.
    pub alerts: u64,
    /// How many patterns.
    pub patterns: u64,
    /// How many machines, about.
    pub host_count: u64,
    /// Some of them, tamed; at most 5.
    pub hosts: Vec<String>,
    /// How many sources, about.
    pub source_count: u64,
    /// Some of them, tamed; at most 5.
    pub sources: Vec<String>,
    /// Some accounts, tamed; at most 5.
    pub users: Vec<String>,
    /// Time of the first alert, RFC 3339.
    pub first: String,
    /// Time of the last.
    pub last: String,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// Why: one sentence, for the alert with the highest priority.
    pub reason: String,
    /// What to do.
    pub next_steps: Vec<String>,
    /// What the reason rests on: names and values, tamed.
    pub evidence: Vec<(String, String)>,
    /// The id of the alert with the highest priority, for `watchfire decide`.
    pub example: String,
    /// The worst that is known of its indicators.
    pub reputation: String,
}

/// An address, machine or account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// Its name, tamed.
    pub name: String,
    /// Its alerts.
    pub alerts: u64,
    /// The highest priority among them.
    pub priority: u8,
}

/// Alerts of one tactic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TacticCount {
    /// The tactic's name, such as `initial-access`.
    pub tactic: String,
    /// Its alerts.
    pub alerts: u64,
    /// The highest priority among them.
    pub priority: u8,
}

/// Alerts of one technique.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TechniqueCount {
    /// The technique's id.
    pub id: String,
    /// Its name; empty if the id is not known.
    pub name: String,
    /// Its alerts.
    pub alerts: u64,
}

/// Time that one stage takes per alert, in microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageLatency {
    /// The stage: read, assess, judge, write.
    pub stage: String,
    /// Percentiles, in microseconds.
    pub us: Percentiles,
}

impl Summary {
    /// The analysis of a run whose alerts were judged a second time, after a model had been asked: what was decided anew
    /// and how long it took is told by the first time.
    #[must_use]
    pub fn after_asking(mut self, first: &Self, asked: Asked) -> Self {
        self.calls = asked.calls;
        self.cost_usd = asked.cost_nano_usd as f64 / 1e9;
        self.calls_avoided = first.calls_avoided;
        self.hit_rate = first.hit_rate;
        self.decisions_by_decider.clone_from(&first.decisions_by_decider);
        self.started_at.clone_from(&first.started_at);
        self.elapsed_s += first.elapsed_s + asked.elapsed_s;
        self.alerts_per_s = if self.elapsed_s > 0.0 { self.judged as f64 / self.elapsed_s } else { 0.0 };
        self.asked = asked;
        self.enriched.clone_from(&first.enriched);
        self
    }

    /// The analysis of a run whose alerts were judged a second time, after services had been asked about their indicators.
    #[must_use]
    pub fn after_enriching(mut self, first: &Self, enriched: Enriched) -> Self {
        self.started_at.clone_from(&first.started_at);
        self.elapsed_s += first.elapsed_s + enriched.elapsed_s;
        self.alerts_per_s = if self.elapsed_s > 0.0 { self.judged as f64 / self.elapsed_s } else { 0.0 };
        self.hit_rate.exact = first.hit_rate.exact;
        self.enriched = enriched;
        self
    }

    /// Whether every record is accounted for.
    pub fn is_balanced(&self) -> bool {
        self.received == self.judged + self.set_aside + self.dead + self.pending
    }
}

pub(crate) use as_map::serialize as counts_as_map;

/// Counts as a JSON object whose keys keep their order.
mod as_map {
    use super::{Count, Counts};
    use serde::de::{Deserializer, MapAccess, Visitor};
    use serde::ser::{SerializeMap, Serializer};
    use std::fmt;

    pub(crate) fn serialize<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(counts.len()))?;
        for count in counts {
            map.serialize_entry(&count.name, &count.alerts)?;
        }
        map.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Counts, D::Error> {
        struct CountsVisitor;
        impl<'de> Visitor<'de> for CountsVisitor {
            type Value = Counts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of counts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counts, A::Error> {
                let mut counts = Counts::new();
                while let Some((name, alerts)) = map.next_entry()? {
                    counts.push(Count { name, alerts });
                }
                Ok(counts)
            }
        }
        deserializer.deserialize_map(CountsVisitor)
    }
}
