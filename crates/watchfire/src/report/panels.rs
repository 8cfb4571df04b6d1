//! The report's lists: what was counted, by what, with how much of the whole.
//!
//! A list has one shape ([`Panel`]) whatever it counts, and HTML and Markdown both render that shape. So the two say the
//! same, and a list is added in one place.

use super::charts::{Svg, Tone, bar, gauge, mark, severity_named};
use super::figures::{NOTHING, alerts, grouped, largest, moment, percent, share, sum_where, words};
use watchfire_engine::{Count, Counts, Finding, Ranked, Summary};
use watchfire_signal::{Decider, Verdict};

/// Rows of a list that may be long.
const MAX_ROWS: usize = 12;
/// Rows of a list that is told in full unless it is very long.
const MAX_LONG_ROWS: usize = 25;
/// Techniques, of which the tail says little.
const MAX_TECHNIQUES: usize = 15;

/// What the bars' colours say where they stand for priorities.
const COLOURS: &str = "Colours are the highest priority.";

/// A list of names with bars and numbers.
pub(super) struct Panel {
    pub(super) title: &'static str,
    /// What to know for reading it; may be empty.
    pub(super) note: String,
    /// What the bars mean beyond their length; may be empty.
    pub(super) legend: &'static str,
    /// Headings of the columns: names, numbers, and what is said last; the last may be empty, then there is no such column.
    pub(super) headings: [&'static str; 3],
    /// Whether names are values from the input, to be shown letter by letter.
    pub(super) verbatim: bool,
    pub(super) rows: Vec<Row>,
    /// What to say if there is no row.
    pub(super) empty: &'static str,
}

/// A row of a [`Panel`].
pub(super) struct Row {
    pub(super) name: String,
    /// Said after the name.
    pub(super) detail: String,
    /// Where the name leads to.
    pub(super) link: Option<String>,
    /// Stands before the name; may be empty.
    pub(super) mark: Svg,
    pub(super) number: String,
    pub(super) last: String,
    pub(super) bar: Svg,
}

impl Row {
    pub(super) fn new(name: impl Into<String>, number: u64, largest: u64, tone: Tone) -> Self {
        Self {
            name: name.into(),
            detail: String::new(),
            link: None,
            mark: Svg::default(),
            number: grouped(number),
            last: String::new(),
            bar: bar(number as f64, largest as f64, tone),
        }
    }
}

/// Lists that belong together.
pub(super) struct Section {
    /// Where a link leads to.
    pub(super) anchor: &'static str,
    pub(super) heading: &'static str,
    pub(super) panels: Vec<Panel>,
}

/// The section that tells how the work was done, and so how long it took.
pub(super) const WORK: &str = "work";

/// The sections that have something to say.
pub(super) fn sections(summary: &Summary) -> Vec<Section> {
    let sections = [
        ("what", "What the alerts are", what(summary)),
        ("who", "Who and where", who(summary)),
        ("attack", "ATT&CK", attack(summary)),
        (WORK, "How they were decided", work(summary)),
    ];
    let sections = sections.into_iter().map(|(anchor, heading, panels)| Section { anchor, heading, panels });
    sections.filter(|section| section.panels.iter().any(|panel| !panel.rows.is_empty())).collect()
}

/// What the alerts are: verdicts, severities, categories, rules, formats.
fn what(summary: &Summary) -> Vec<Panel> {
    let verdict_tone = |name: &str| match Verdict::from_name(name) {
        Some(verdict) if verdict.is_hostile() => Tone::Hostile,
        Some(verdict) if verdict.is_benign() => Tone::Closed,
        _ => Tone::Plain,
    };
    let mut severities =
        counts("Severities", ["severity", "alerts", "share"], &summary.by_severity, usize::MAX, |name| {
            Tone::Severity(severity_named(name))
        });
    for (row, count) in severities.rows.iter_mut().zip(&summary.by_severity) {
        row.mark = mark(severity_named(&count.name));
    }
    let mut verdicts =
        counts("Verdicts", ["verdict", "alerts", "share"], &summary.by_verdict, usize::MAX, verdict_tone);
    for (row, count) in verdicts.rows.iter_mut().zip(&summary.by_verdict) {
        Verdict::from_name(&count.name).map_or("", verdict_meaning).clone_into(&mut row.detail);
    }
    let formats =
        counts("Formats", ["format", "alerts", "share"], &summary.by_format, MAX_LONG_ROWS, |_| Tone::Plain);
    let categories =
        counts("Categories", ["category", "alerts", "share"], &summary.by_category, MAX_LONG_ROWS, |_| {
            Tone::Plain
        });
    vec![verdicts, severities, formats, categories, loudest(summary)]
}

/// A verdict in plain words.
fn verdict_meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::TruePositive => "did happen, is hostile",
        Verdict::Suspicious => "looks hostile",
        Verdict::InsufficientData | Verdict::Unknown => "could not be told",
        Verdict::BenignPositive => "did happen, is harmless",
        Verdict::FalsePositive => "did not happen",
        Verdict::Duplicate => "the same again",
    }
}

/// A decider in plain words.
pub(super) fn decider_meaning(name: &str) -> &'static str {
    match Decider::ALL.into_iter().find(|decider| decider.name() == name) {
        Some(Decider::Rule) => "a Sigma rule that is sure",
        Some(Decider::Analyst) => "a person decided the pattern",
        Some(Decider::Statistics) => "what was seen and decided before",
        Some(Decider::Llm) => "a language model",
        Some(Decider::Fallback) => "nobody was sure: the rules’ floor holds",
        None => "",
    }
}

/// Who: sources, machines, accounts.
fn who(summary: &Summary) -> Vec<Panel> {
    vec![
        ranked("Sources", "address", &summary.top_sources, "No alert names where it came from."),
        ranked("Machines", "machine", &summary.top_hosts, "No alert names a machine."),
        ranked("Accounts", "account", &summary.top_users, "No alert names an account."),
    ]
}

/// ATT&CK: tactics and techniques.
fn attack(summary: &Summary) -> Vec<Panel> {
    let most = largest(summary.tactics.iter().map(|tactic| tactic.alerts));
    let tactics = summary.tactics.iter().map(|tactic| Row {
        last: tactic.priority.to_string(),
        ..Row::new(words(&tactic.tactic), tactic.alerts, most, Tone::Priority(tactic.priority))
    });
    let most = largest(summary.techniques.iter().map(|technique| technique.alerts));
    let techniques = summary.techniques.iter().take(MAX_TECHNIQUES).map(|technique| Row {
        detail: technique.name.clone(),
        link: technique_link(&technique.id),
        last: share(technique.alerts, alerts(summary)),
        ..Row::new(technique.id.as_str(), technique.alerts, most, Tone::Plain)
    });
    vec![
        Panel {
            title: "Tactics",
            note: "In the order in which an intrusion passes through them.".to_owned(),
            legend: COLOURS,
            headings: ["tactic", "alerts", "priority"],
            verbatim: false,
            rows: tactics.collect(),
            empty: "No alert has a technique of a known tactic.",
        },
        Panel {
            title: "Techniques",
            note: more(summary.techniques.len(), MAX_TECHNIQUES),
            legend: "",
            headings: ["technique", "alerts", "share"],
            verbatim: true,
            rows: techniques.collect(),
            empty: "No alert has a technique.",
        },
    ]
}

/// How it was worked off: cache layers, deciders, busiest hours.
fn work(summary: &Summary) -> Vec<Panel> {
    let intelligence = match summary.intel_lists {
        0 => ("intelligence", "no lists in force", f64::NAN),
        _ => {
            ("intelligence", "the indicator’s reputation was known, of all looked up", summary.hit_rate.intel)
        }
    };
    let rates = [
        ("exact", "the same alert was seen before", summary.hit_rate.exact),
        ("pattern", "the decision on its pattern was used again", summary.hit_rate.pattern),
        intelligence,
    ];
    let hit_rates = rates.map(|(name, detail, rate)| Row {
        name: name.to_owned(),
        detail: detail.to_owned(),
        link: None,
        mark: Svg::default(),
        number: percent(rate),
        last: String::new(),
        bar: gauge(rate, 1.0, Tone::Plain),
    });
    let hours =
        summary.busiest_hours.iter().map(|hour| Count { name: moment(&hour.name), alerts: hour.alerts });
    let hours: Counts = hours.collect();
    let mut by_decider =
        counts("Deciders", ["decider", "alerts", "decisions"], &summary.by_decider, usize::MAX, |_| {
            Tone::Plain
        });
    for (row, decider) in by_decider.rows.iter_mut().zip(&summary.by_decider) {
        row.last = grouped(sum_where(&summary.decisions_by_decider, |name| name == decider.name));
        decider_meaning(&decider.name).clone_into(&mut row.detail);
    }
    by_decider.note.push_str("Alerts by who decided, and the decisions that were made anew in this run.");
    vec![
        Panel {
            title: "Hit rates",
            note: "What did not have to be decided or looked up again.".to_owned(),
            legend: "",
            headings: ["layer", "share", ""],
            verbatim: false,
            rows: if alerts(summary) == 0 { Vec::new() } else { hit_rates.into() },
            empty: "Nothing was asked.",
        },
        by_decider,
        counts("Busiest hours", ["hour from (UTC)", "alerts", "share"], &hours, MAX_ROWS, |_| Tone::Plain)
            .with_total(&hours, alerts(summary)),
    ]
}

/// What was not judged: set aside, and dead.
pub(super) fn unjudged(summary: &Summary) -> Vec<Panel> {
    let mut aside =
        counts("Set aside", ["kind", "records", "share"], &summary.set_aside_by_kind, MAX_LONG_ROWS, |_| {
            Tone::Plain
        });
    aside.note.insert_str(0, "Sound records that are not alerts. ");
    aside.empty = "No record was set aside.";
    let mut dead = counts(
        "Dead letters",
        ["reason", "records", "share"],
        &summary.dead_by_reason,
        MAX_LONG_ROWS,
        |_| Tone::Hostile,
    );
    dead.note.insert_str(0, "Records that could not be read. ");
    dead.empty = "No record is dead.";
    vec![Panel { verbatim: true, ..aside }, Panel { verbatim: true, ..dead }]
}

impl Panel {
    /// Shares of all alerts, for a list that does not add up to them.
    fn with_total(mut self, counts: &Counts, total: u64) -> Self {
        for (row, count) in self.rows.iter_mut().zip(counts) {
            row.last = share(count.alerts, total);
        }
        self
    }
}

/// A list of counts with their share of their sum.
fn counts(
    title: &'static str,
    headings: [&'static str; 3],
    counts: &Counts,
    max_rows: usize,
    tone: impl Fn(&str) -> Tone,
) -> Panel {
    let (most, sum) = (largest(counts.iter().map(|count| count.alerts)), sum_where(counts, |_| true));
    let rows = counts.iter().take(max_rows).map(|count| Row {
        last: share(count.alerts, sum),
        ..Row::new(words_unless_spoken(&count.name), count.alerts, most, tone(&count.name))
    });
    Panel {
        title,
        note: more(counts.len(), max_rows),
        legend: "",
        headings,
        verbatim: false,
        rows: rows.collect(),
        empty: "None.",
    }
}

/// Our own names are one word with underscores; whatever has a space or a colon was written by someone, and stays.
fn words_unless_spoken(name: &str) -> String {
    let is_ours = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_ours { words(name) } else { name.to_owned() }
}

/// A list of addresses, machines or accounts.
fn ranked(title: &'static str, heading: &'static str, names: &[Ranked], empty: &'static str) -> Panel {
    let most = largest(names.iter().map(|name| name.alerts));
    let rows = names.iter().take(MAX_ROWS).map(|name| Row {
        last: name.priority.to_string(),
        ..Row::new(name.name.as_str(), name.alerts, most, Tone::Priority(name.priority))
    });
    let rows = rows.collect();
    let note = more(names.len(), MAX_ROWS);
    Panel {
        title,
        note,
        legend: COLOURS,
        headings: [heading, "alerts", "priority"],
        verbatim: true,
        rows,
        empty,
    }
}

/// The rules with the most alerts.
fn loudest(summary: &Summary) -> Panel {
    let mut findings: Vec<&Finding> = summary.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.alerts));
    let most = largest(findings.iter().map(|finding| finding.alerts));
    let rows = findings.iter().take(MAX_ROWS).map(|finding| Row {
        detail: words_unless_spoken(&finding.verdict),
        last: share(finding.alerts, alerts(summary)),
        ..Row::new(rule_name(finding), finding.alerts, most, Tone::Plain)
    });
    let rows = rows.collect();
    let known = summary.findings.len() as u64;
    let beyond = summary.findings_total > known;
    let note =
        if beyond { format!("Of the {} most urgent findings.", grouped(known)) } else { String::new() };
    Panel {
        title: "Rules with the most alerts",
        note,
        legend: "",
        headings: ["rule", "alerts", "share"],
        verbatim: false,
        rows,
        empty: "None.",
    }
}

/// What a finding's rule is called; its id where it has no name.
pub(super) fn rule_name(finding: &Finding) -> &str {
    match (finding.rule.as_str(), finding.rule_id.as_str()) {
        ("", "") => "an alert without a rule name",
        ("", id) => id,
        (name, _) => name,
    }
}

/// Where MITRE describes a technique; `None` for what does not have the shape of an id.
pub(super) fn technique_link(id: &str) -> Option<String> {
    let (technique, part) =
        id.split_once('.').map_or((id, None), |(technique, part)| (technique, Some(part)));
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(technique.strip_prefix('T')?, 4) {
        return None;
    }
    match part {
        None => Some(format!("https://attack.mitre.org/techniques/{technique}/")),
        Some(part) if digits(part, 3) => {
            Some(format!("https://attack.mitre.org/techniques/{technique}/{part}/"))
        }
        Some(_) => None,
    }
}

/// Says that a list goes on.
fn more(all: usize, shown: usize) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        left => format!("The first {shown}; {} more are not shown.", grouped(left as u64)),
    }
}

/// A percentage for people, or [`NOTHING`] for what is no share.
pub(super) fn confidence(share: f64) -> String {
    if (0.0..=1.0).contains(&share) { percent(share) } else { NOTHING.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::technique_link;

    #[test]
    fn only_the_shape_of_an_id_becomes_a_link() {
        let link = technique_link("T1110.003").unwrap();
        assert_eq!(link, "https://attack.mitre.org/techniques/T1110/003/");
        assert_eq!(technique_link("T1059").unwrap(), "https://attack.mitre.org/techniques/T1059/");
        for hostile in
            ["", "T", "T15", "t1059", "T1059.", "T1059.1", "T1059.003/..", "javascript:alert(1)", "T१२३४"]
        {
            assert_eq!(technique_link(hostile), None, "{hostile}");
        }
    }
}
