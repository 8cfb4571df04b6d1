//! What is said first: alerts → patterns → calls → cost, whether nothing was lost, and what asks for a person.
//!
//! Plain text and figures without markup; HTML and Markdown put them in their own clothes.

use super::figures::{
    NOTHING, alerts, counted, dollars, duration, grouped, length, moment, period, rate, share, sum_where,
    unaccounted,
};
use watchfire_engine::Summary;
use watchfire_signal::{Priority, Verdict};

/// The head of the report.
pub(super) struct Headline {
    pub(super) steps: [Step; 4],
    pub(super) balance: Balance,
    /// One or two sentences: what there is to do.
    pub(super) lead: String,
    /// About the run: names and values.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// One step of the funnel.
pub(super) struct Step {
    pub(super) figure: String,
    pub(super) noun: &'static str,
    /// What the figure means beside the one before it; may be empty.
    pub(super) note: String,
    /// How much is left of the alerts, 0–1; for the cost there is no such share.
    pub(super) left: Option<f64>,
}

/// Whether every record is accounted for.
pub(super) struct Balance {
    pub(super) received: String,
    /// The parts it is made of: number and name.
    pub(super) parts: [(String, &'static str); 4],
    /// What is wrong; empty if it balances.
    pub(super) fault: String,
}

impl Headline {
    pub(super) fn new(summary: &Summary) -> Self {
        Self { steps: steps(summary), balance: balance(summary), lead: lead(summary), facts: facts(summary) }
    }

    /// The funnel on one line.
    pub(super) fn sentence(&self) -> String {
        let step = |step: &Step| match step.noun {
            "cost" => step.figure.clone(),
            noun => format!("{} {noun}", step.figure),
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join(" → ")
    }
}

impl Balance {
    /// The equation on one line.
    pub(super) fn sentence(&self) -> String {
        let parts = self.parts.iter().map(|(number, name)| format!("{number} {name}")).collect::<Vec<_>>();
        let sign = if self.fault.is_empty() { "✓" } else { "✗" };
        format!("{} received = {} {sign}", self.received, parts.join(" + "))
    }
}

fn steps(summary: &Summary) -> [Step; 4] {
    let (alerts, patterns, calls) = (alerts(summary), summary.patterns, summary.calls);
    let left = |count: u64| Some(if alerts == 0 { 0.0 } else { count as f64 / alerts as f64 });
    let noun = |count: u64, one: &'static str, many: &'static str| if count == 1 { one } else { many };
    let step = |figure: String, noun: &'static str, note: String, left| Step { figure, noun, note, left };
    let reuse = match (alerts, patterns) {
        (0, _) | (_, 0) => String::new(),
        _ => format!("{} alerts to a pattern on average", rate(alerts as f64 / patterns as f64)),
    };
    let asked = match (alerts, calls) {
        (0, _) => String::new(),
        (_, 0) => "decided without asking a paid or limited service".to_owned(),
        _ => {
            format!("{} of the alerts needed no decision of their own", share(summary.calls_avoided, alerts))
        }
    };
    let price = match (alerts, summary.cost_usd) {
        (0, _) => String::new(),
        (_, cost) if cost > 0.0 => format!("{} per 1,000 alerts", dollars(cost / alerts as f64 * 1000.0)),
        _ => "nothing was paid for".to_owned(),
    };
    let seen = match summary.received.saturating_sub(alerts) {
        0 => String::new(),
        _ => format!("of {} read", counted(summary.received, "record")),
    };
    [
        step(grouped(alerts), noun(alerts, "alert", "alerts"), seen, left(alerts)),
        step(grouped(patterns), noun(patterns, "pattern", "patterns"), reuse, left(patterns)),
        step(grouped(calls), noun(calls, "call", "calls"), asked, left(calls)),
        step(dollars(summary.cost_usd), "cost", price, None),
    ]
}

fn balance(summary: &Summary) -> Balance {
    let parts = [
        (grouped(summary.judged), "judged"),
        (grouped(summary.set_aside), "set aside"),
        (grouped(summary.dead), "dead"),
        (grouped(summary.pending), "pending"),
    ];
    let records = |count: i128| counted(u64::try_from(count.unsigned_abs()).unwrap_or(u64::MAX), "record");
    let fault = match unaccounted(summary) {
        0 => String::new(),
        lost if lost > 0 => format!("does not balance: {} not accounted for", records(lost)),
        twice => format!("does not balance: {} more than were received", records(twice)),
    };
    Balance { received: grouped(summary.received), parts, fault }
}

/// The sentences for whoever reads nothing else.
fn lead(summary: &Summary) -> String {
    if summary.received == 0 {
        return "Nothing was read: the inputs were empty or could not be opened.".to_owned();
    }
    if alerts(summary) == 0 {
        return "None of the records read is an alert. What they are is told below.".to_owned();
    }
    let of_priority = |id: u8| {
        summary
            .findings
            .iter()
            .filter(move |finding| Priority::from_score(finding.priority.into()).id() == id)
    };
    let (critical, high) = (of_priority(4).count() as u64, of_priority(3).count() as u64);
    let first = match (critical, high) {
        (0, 0) => "No finding has a high priority.".to_owned(),
        (0, high) => format!("{} of high priority, none critical.", counted(high, "finding")),
        (critical, 0) => format!("{} of critical priority, none high.", counted(critical, "finding")),
        (critical, high) => {
            format!("{} of critical priority, {} of high.", counted(critical, "finding"), grouped(high))
        }
    };
    let is = |chosen: fn(Verdict) -> bool| {
        sum_where(&summary.by_verdict, |name| Verdict::from_name(name).is_some_and(chosen))
    };
    let (hostile, benign) = (is(Verdict::is_hostile), is(Verdict::is_benign));
    let open = is(|verdict| !verdict.is_hostile() && !verdict.is_benign());
    let shares = [
        (hostile, "look hostile"),
        (benign, "are closed as benign, false or duplicate"),
        (open, "could not be told"),
    ];
    let shares = shares.iter().filter(|(part, _)| *part > 0).enumerate().map(|(index, (part, what))| {
        let of = if index == 0 { " of the alerts" } else { "" };
        format!("{}{of} {what}", share(*part, summary.judged))
    });
    let shares = shares.collect::<Vec<_>>().join(", ");
    if shares.is_empty() { first } else { format!("{first} {shares}.") }
}

fn facts(summary: &Summary) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if !(summary.first_alert.is_empty() && summary.last_alert.is_empty()) {
        let length = length(&summary.first_alert, &summary.last_alert);
        let length = length.map_or_else(String::new, |length| format!(" ({length})"));
        facts.push(("Alerts from", format!("{}{length}", period(&summary.first_alert, &summary.last_alert))));
    }
    if !summary.started_at.is_empty() {
        facts.push(("Run", format!("{}, took {}", moment(&summary.started_at), duration(summary.elapsed_s))));
    }
    facts.push(("Rate", format!("{} alerts/s", rate(summary.alerts_per_s))));
    let lists = match summary.intel_lists {
        0 => "no intelligence lists".to_owned(),
        lists => format!("{} with {}", counted(lists, "list"), entries(summary.intel_entries)),
    };
    facts.push(("Knowledge", format!("{}, {lists}", counted(summary.rules, "rule"))));
    facts.push(("Store", if summary.store.is_empty() { NOTHING.to_owned() } else { summary.store.clone() }));
    facts.push(("Version", summary.program.clone()));
    facts
}

fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{} entries", grouped(count)) }
}
