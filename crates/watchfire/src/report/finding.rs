//! One finding, as both reports tell it: where, who, when, why, what to do.

use super::figures::{NOTHING, counted, grouped, length, period, period_lines, words};
use super::panels::{confidence, rule_name, technique_link};
use watchfire_engine::{Finding, Summary};
use watchfire_signal::{Decider, Reputation, Verdict};

/// A finding and its place in the list.
pub(super) struct FindingView<'s> {
    /// From 1.
    pub(super) number: usize,
    pub(super) finding: &'s Finding,
    pub(super) techniques: Vec<Technique<'s>>,
}

/// A technique of a finding.
pub(super) struct Technique<'s> {
    pub(super) id: &'s str,
    /// May be empty.
    pub(super) name: &'s str,
    pub(super) link: Option<String>,
}

/// A line about a finding: what it tells, and values from the input or words of ours.
pub(super) struct Fact<'s> {
    pub(super) label: &'static str,
    /// Values from the input, shown letter by letter.
    pub(super) values: Vec<&'s str>,
    /// What is said after them; may be empty.
    pub(super) text: String,
}

/// A command that settles a finding, and what it says.
pub(super) struct Command {
    pub(super) meaning: &'static str,
    pub(super) command: String,
}

/// The first findings of a summary, at most `max`.
pub(super) fn first(summary: &Summary, max: usize) -> Vec<FindingView<'_>> {
    let name_of =
        |id: &str| summary.techniques.iter().find(|known| known.id == id).map_or("", |known| &known.name);
    let technique = |id| Technique { id, name: name_of(id), link: technique_link(id) };
    let views = summary.findings.iter().take(max).enumerate().map(|(index, finding)| FindingView {
        number: index + 1,
        finding,
        techniques: finding.techniques.iter().map(|id| technique(id)).collect(),
    });
    views.collect()
}

impl<'s> FindingView<'s> {
    pub(super) fn rule(&self) -> &'s str {
        rule_name(self.finding)
    }

    pub(super) fn verdict(&self) -> String {
        words(&self.finding.verdict)
    }

    pub(super) fn alerts(&self) -> String {
        counted(self.finding.alerts, "alert")
    }

    pub(super) fn period(&self) -> String {
        period(&self.finding.first, &self.finding.last)
    }

    /// When, in two halves.
    pub(super) fn when(&self) -> [String; 2] {
        period_lines(&self.finding.first, &self.finding.last)
    }

    /// The category, for people.
    pub(super) fn category(&self) -> String {
        words(&self.finding.category)
    }

    /// The one machine, or how many.
    pub(super) fn machines(&self) -> Place<'s> {
        Place::new(&self.finding.hosts, self.finding.host_count, "machine")
    }

    /// The one source, or how many.
    pub(super) fn origins(&self) -> Place<'s> {
        Place::new(&self.finding.sources, self.finding.source_count, "source")
    }

    /// All there is to know besides the reason and the steps.
    pub(super) fn facts(&self) -> Vec<Fact<'s>> {
        let finding = self.finding;
        let mut facts = vec![
            named("Machines", &finding.hosts, finding.host_count),
            named("Sources", &finding.sources, finding.source_count),
            named("Accounts", &finding.users, 0),
        ];
        facts.retain(|fact| !fact.values.is_empty() || !fact.text.is_empty());
        let known =
            Reputation::from_name(&finding.reputation).is_some_and(|known| known > Reputation::Unknown);
        if known {
            facts.push(said("Reputation", words(&finding.reputation)));
        }
        let lasted = length(&finding.first, &finding.last)
            .map_or_else(String::new, |length| format!(", over {length}"));
        facts.push(said("Seen", format!("{}{lasted}", self.period())));
        let patterns = counted(finding.patterns, "pattern");
        facts.push(said("Alerts", format!("{} in {patterns}", grouped(finding.alerts))));
        facts.push(said("Decided by", self.decider()));
        facts.push(said("Category", self.category()));
        let rule_id = if finding.rule_id.is_empty() { vec![] } else { vec![finding.rule_id.as_str()] };
        facts.push(Fact { label: "Rule", values: rule_id, text: format!("in {}", finding.format) });
        facts.push(Fact { label: "Example", values: vec![finding.example.as_str()], text: String::new() });
        facts.retain(|fact| !fact.values.iter().all(|value| value.is_empty()) || !fact.text.is_empty());
        facts
    }

    /// Who decided, and how sure they were.
    fn decider(&self) -> String {
        let is_fallback = self.finding.decider == Decider::Fallback.name();
        let who = match Verdict::from_name(&self.finding.verdict) {
            Some(verdict) if is_fallback && verdict.is_hostile() => "the rules’ floor".to_owned(),
            _ if is_fallback => return "nobody: none was sure".to_owned(),
            _ => words(&self.finding.decider),
        };
        format!("{who}, {} sure", confidence(self.finding.confidence))
    }

    /// Commands to copy; none if the example's id has a character that a shell might take for more than a letter.
    pub(super) fn commands(&self) -> Vec<Command> {
        let id = &self.finding.example;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        if id.is_empty() || id.len() > 128 || id.starts_with('-') || !id.bytes().all(is_plain) {
            return Vec::new();
        }
        let command = |meaning, verdict: Verdict| Command {
            meaning,
            command: format!("watchfire decide {id} {}", verdict.name()),
        };
        vec![
            command("An attack", Verdict::TruePositive),
            command("Did happen, is harmless", Verdict::BenignPositive),
            command("Did not happen", Verdict::FalsePositive),
        ]
    }

    /// How far a decision reaches.
    pub(super) fn reach(&self) -> String {
        match self.finding.patterns {
            0 | 1 => "Decides the whole pattern, now and in later runs.".to_owned(),
            patterns => format!(
                "Decides the pattern of the example, now and in later runs: one of {} here.",
                grouped(patterns)
            ),
        }
    }
}

/// Where something took place, in a few words.
pub(super) enum Place<'s> {
    /// Nowhere that is known.
    Nowhere,
    /// One, by name.
    One(&'s str),
    /// Several, counted.
    Many(String),
}

impl<'s> Place<'s> {
    fn new(names: &'s [String], count: u64, noun: &str) -> Self {
        match (names, count.max(names.len() as u64)) {
            ([], 0) => Self::Nowhere,
            ([name], 1) => Self::One(name),
            (_, count) => Self::Many(counted(count, noun)),
        }
    }
}

/// Names, and how many more there are.
fn named<'s>(label: &'static str, names: &'s [String], count: u64) -> Fact<'s> {
    let values: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = match count.saturating_sub(names.len() as u64) {
        0 => String::new(),
        more if names.is_empty() => grouped(more),
        more => format!("and {} more", grouped(more)),
    };
    Fact { label, values, text }
}

fn said<'s>(label: &'static str, text: String) -> Fact<'s> {
    let text = if text.is_empty() { NOTHING.to_owned() } else { text };
    Fact { label, values: Vec::new(), text }
}
