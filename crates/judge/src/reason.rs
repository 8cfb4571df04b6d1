//! One sentence that says why, citing fields; and the next steps, with the alert's own values in them.

use crate::rules::{RuleDocument, RuleField};
use crate::statistics::Signals;
use crate::text::tame;
use crate::{Facts, Role};
use watchfire_signal::{Alert, Decider, Field, Reputation, Verdict};

/// Values longer than this are cut in reasons and steps, in characters.
const MAX_VALUE: usize = 80;
/// How many next steps are given.
const MAX_STEPS: usize = 5;

/// What the sentence is made from.
pub(crate) struct Grounds<'g> {
    pub(crate) alert: &'g Alert<'g>,
    pub(crate) facts: &'g Facts<'g>,
    pub(crate) signals: &'g Signals,
    pub(crate) rules: Vec<&'g RuleDocument>,
    pub(crate) decider: Decider,
    pub(crate) verdict: Verdict,
    /// What the decider itself has to say, such as an analyst's words.
    pub(crate) because: Option<String>,
}

/// The sentence.
pub(crate) fn sentence(grounds: &Grounds<'_>) -> String {
    let mut text = String::new();
    let name = grounds.alert.get(Field::RuleName).or_else(|| grounds.alert.get(Field::RuleId));
    let name = name
        .map_or_else(|| "an alert without a rule name".to_owned(), |name| format!("“{}”", tame(name, 100)));
    text.push_str(&name);
    if let Some(path) = path(grounds) {
        text.push(' ');
        text.push_str(&path);
    }
    let title = leading(&grounds.rules, grounds.verdict).map(|rule| lower_first(&rule.title));
    let why = match (grounds.decider, title) {
        (Decider::Analyst, _) => grounds.because.clone(),
        (_, Some(title)) => Some(title),
        (Decider::Fallback, None) => Some("no rule knows it".to_owned()),
        (_, None) => None,
    };
    if let Some(why) = why {
        text.push_str(": ");
        text.push_str(&why);
    }
    if let (Decider::Rule | Decider::Statistics | Decider::Llm, Some(because)) =
        (grounds.decider, &grounds.because)
    {
        text.push_str("; ");
        text.push_str(because);
    }
    for hint in known(grounds.alert, grounds.facts, grounds.signals) {
        text.push_str("; ");
        text.push_str(&hint);
    }
    text.push('.');
    text
}

/// From where to where, by whom.
fn path(grounds: &Grounds<'_>) -> Option<String> {
    let alert = grounds.alert;
    let mut parts = Vec::new();
    let from = alert
        .get(Field::SourceIp)
        .map(|ip| (ip, "source.ip"))
        .or_else(|| Some((alert.get(Field::SourceDomain)?, "source.domain")));
    if let Some((from, field)) = from {
        let role = match grounds.facts.source_role {
            Role::External => ", outside",
            Role::Internal => ", inside",
            Role::SameHost | Role::None => "",
        };
        parts.push(format!("from {} ({field}{role})", tame(from, MAX_VALUE)));
    }
    if !grounds.facts.asset.is_empty() && alert.get(Field::SourceIp) != Some(&grounds.facts.asset) {
        parts.push(format!("on {}", tame(&grounds.facts.asset, MAX_VALUE)));
    }
    if let Some(destination) = alert.get(Field::DestinationIp)
        && grounds.facts.destination_role == Role::External
    {
        parts.push(format!("to {} (destination.ip)", tame(destination, MAX_VALUE)));
    }
    if let Some(user) = alert.get(Field::TargetUser).or_else(|| alert.get(Field::User)) {
        parts.push(format!("as {} (user.name)", tame(user, MAX_VALUE)));
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What reputations, counts and statistics say of an alert: sentences of ours, without a word of its text.
pub fn known(alert: &Alert<'_>, facts: &Facts<'_>, signals: &Signals) -> Vec<String> {
    let mut hints = Vec::new();
    for (side, reputation) in
        [("source", facts.source_reputation), ("destination", facts.destination_reputation)]
    {
        match reputation {
            Reputation::Malicious => hints.push(format!("the {side} is known to be malicious")),
            Reputation::Suspicious => hints.push(format!("the {side} has been reported")),
            Reputation::Safe => hints.push(format!("the {side} is known to be good")),
            _ => {}
        }
    }
    if let Some(count) = alert.count.filter(|&count| count > 1) {
        hints.push(format!("{count} times (event.count)"));
    }
    if signals.steps >= 3 {
        hints.push(format!("{} different steps of an intrusion within a day", signals.steps));
    }
    if signals.rules >= 10 {
        hints.push(format!(
            "the source raised {} different rules within the hour, like a scanner",
            signals.rules
        ));
    }
    if signals.machines >= 5 {
        hints.push(format!("the actor touched {} machines within the hour", signals.machines));
    }
    if signals.burst >= 5.0 {
        hints.push(format!("{:.0} times faster than usual here", signals.burst));
    } else if signals.seen == 0 && signals.asset_seen >= 50 {
        hints.push("never seen here before".to_owned());
    } else if signals.is_chatter() {
        hints.push(format!("seen here {} times before", signals.seen));
    }
    hints
}

/// The rule whose title says it best: of those with this verdict, else the one with the highest floor.
fn leading<'r>(rules: &[&'r RuleDocument], verdict: Verdict) -> Option<&'r RuleDocument> {
    let sure = rules.iter().find(|rule| rule.verdict.is_some_and(|(own, _)| own == verdict));
    sure.or_else(|| rules.iter().max_by_key(|rule| rule.floor)).copied()
}

/// A title in the middle of a sentence; names and abbreviations keep their capitals.
fn lower_first(title: &str) -> String {
    let mut characters = title.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(title.chars().skip(1)).collect()
        }
        _ => title.to_owned(),
    }
}

/// What to do: the steps of the rules that matched, the highest floor first, each once.
pub(crate) fn next_steps(grounds: &Grounds<'_>) -> Vec<String> {
    let mut rules = grounds.rules.clone();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.floor));
    let mut steps: Vec<String> = Vec::new();
    for template in rules.iter().flat_map(|rule| &rule.next_steps) {
        let step = fill(template, grounds);
        if !steps.contains(&step) && steps.len() < MAX_STEPS {
            steps.push(step);
        }
    }
    steps
}

/// Puts the alert's values in the place of `{field}`; a field without a value is named instead.
fn fill(template: &str, grounds: &Grounds<'_>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        match RuleField::from_name(name).and_then(|field| field.text(grounds.alert, grounds.facts)) {
            Some(value) => text.push_str(&tame(&value, MAX_VALUE)),
            None if name == "host.name" && !grounds.facts.asset.is_empty() => {
                text.push_str(&tame(&grounds.facts.asset, MAX_VALUE));
            }
            None => text.push_str(plain(name)),
        }
        rest = tail;
    }
    text.push_str(rest);
    text
}

/// What a field without a value is called in a sentence.
fn plain(name: &str) -> &str {
    match name {
        "source.ip" | "source.domain" => "the source",
        "destination.ip" | "destination.domain" => "the destination",
        "user.name" | "user.target.name" => "the account",
        "host.name" => "the machine",
        "process.name" | "process.command_line" | "process.parent.name" => "the process",
        "file.path" | "file.hash" => "the file",
        "url.full" => "the URL",
        "dns.question.name" => "the name asked for",
        "vulnerability.id" => "the vulnerability",
        other => other,
    }
}

/// Names and values that the decision rests on.
pub(crate) fn evidence(grounds: &Grounds<'_>) -> Vec<(String, String)> {
    const CITED: [Field; 16] = [
        Field::RuleId,
        Field::RuleName,
        Field::RuleCategory,
        Field::EventSeverity,
        Field::SourceIp,
        Field::SourceDomain,
        Field::DestinationIp,
        Field::DestinationPort,
        Field::DestinationDomain,
        Field::User,
        Field::Host,
        Field::Url,
        Field::DnsQuestion,
        Field::Process,
        Field::FileHash,
        Field::Vulnerability,
    ];
    let mut evidence: Vec<(String, String)> = CITED
        .iter()
        .filter_map(|&field| Some((field.name().to_owned(), tame(grounds.alert.get(field)?, 200))))
        .collect();
    let (facts, signals) = (grounds.facts, grounds.signals);
    if facts.reputation >= Reputation::Unknown {
        evidence.push(("indicator.reputation".to_owned(), facts.reputation.name().to_owned()));
    }
    evidence.push(("seen here before".to_owned(), signals.seen.to_string()));
    evidence.push(("steps of an intrusion within a day".to_owned(), signals.steps.to_string()));
    evidence.push(("actor's machines within the hour".to_owned(), signals.machines.to_string()));
    evidence.push(("times faster than usual".to_owned(), format!("{:.1}", signals.burst)));
    evidence
}
