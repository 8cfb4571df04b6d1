//! What to look at first: patterns put together by rule and verdict, ranked.

use crate::summary::{Finding, TechniqueCount};
use crate::tally::{PatternTally, moment};
use hashbrown::HashMap;
use watchfire_judge::attack::technique;
use watchfire_judge::ranking::{Candidate, rank, weight};
use watchfire_judge::statistics::Distinct;
use watchfire_signal::{Format, Verdict};

/// Findings in a summary.
const MAX_FINDINGS: usize = 500;
/// Names shown per finding.
const MAX_NAMES: usize = 5;
/// Techniques in a summary.
const MAX_TECHNIQUES: usize = 50;

/// The findings, in the order in which to look at them and at most 500, and how many there are in all.
///
/// Alerts of one rule with one verdict are one thing to look at, on however many machines. The finding speaks with the
/// voice of its most urgent pattern, and stands where the first of its patterns stands among all patterns.
pub(crate) fn findings<'p>(patterns: impl Iterator<Item = &'p PatternTally>) -> (Vec<Finding>, u64) {
    let mut patterns: Vec<&PatternTally> = patterns.collect();
    patterns.sort_by_key(|pattern| (pattern.first, pattern.key));
    let candidates: Vec<Candidate<'_>> = patterns.iter().map(|pattern| candidate(pattern)).collect();
    let mut groups: HashMap<(Format, &str, &str, Verdict), usize> = HashMap::new();
    let mut grouped: Vec<Vec<&PatternTally>> = Vec::new();
    for place in rank(&candidates) {
        let Some(pattern) = patterns.get(place) else { continue };
        // Some products put what differs into the id, others into the name; both must agree.
        let key = (pattern.format, pattern.rule_id.as_str(), pattern.rule.as_str(), pattern.decision.verdict);
        let group = *groups.entry(key).or_insert(grouped.len());
        if group == grouped.len() {
            grouped.push(Vec::new());
        }
        grouped[group].push(pattern);
    }
    let total = grouped.len() as u64;
    (grouped.into_iter().take(MAX_FINDINGS).filter_map(|group| finding(&group)).collect(), total)
}

fn candidate(pattern: &PatternTally) -> Candidate<'_> {
    Candidate {
        trace: &pattern.trace,
        rule: pattern.rule_hash,
        host: pattern.asset_hash,
        sensor: pattern.sensor,
        weight: weight(pattern.priority, pattern.decision.verdict),
    }
}

fn finding(group: &[&PatternTally]) -> Option<Finding> {
    let mut group = group.to_vec();
    group.sort_by_key(|pattern| (std::cmp::Reverse(pattern.priority), pattern.first, pattern.key));
    let lead = *group.first()?;
    let decision = &lead.decision;
    let (mut hosts, mut sources) = (Distinct::default(), Distinct::default());
    let mut finding = Finding {
        priority: lead.priority.score(),
        severity: decision.severity.name().to_owned(),
        verdict: decision.verdict.name().to_owned(),
        confidence: decision.confidence,
        decider: decision.decider.name().to_owned(),
        category: decision.detail.category.name().to_owned(),
        rule_id: lead.rule_id.clone(),
        rule: lead.rule.clone(),
        format: lead.format.name().to_owned(),
        alerts: 0,
        patterns: group.len() as u64,
        host_count: 0,
        hosts: Vec::new(),
        source_count: 0,
        sources: Vec::new(),
        users: Vec::new(),
        first: String::new(),
        last: String::new(),
        techniques: decision.detail.techniques.clone(),
        reason: decision.detail.reason.clone(),
        next_steps: decision.detail.next_steps.clone(),
        evidence: decision.detail.evidence.clone(),
        example: lead.example.0.alert_id(lead.example.1),
        reputation: String::new(),
    };
    let (mut first, mut last, mut reputation) = (lead.first, lead.last, lead.reputation);
    for pattern in &group {
        finding.alerts += pattern.alerts;
        first = first.min(pattern.first);
        last = last.max(pattern.last);
        reputation = reputation.max(pattern.reputation);
        if !pattern.asset.is_empty() && hosts.insert(pattern.asset_hash) {
            add(&mut finding.hosts, &pattern.asset);
        }
        pattern.sources.names.iter().for_each(|name| add(&mut finding.sources, name));
        pattern.users.names.iter().for_each(|name| add(&mut finding.users, name));
        sources.merge(&pattern.sources.distinct);
    }
    finding.source_count = sources.count();
    finding.host_count = hosts.count();
    finding.first = moment(first);
    finding.last = moment(last);
    reputation.name().clone_into(&mut finding.reputation);
    Some(finding)
}

fn add(names: &mut Vec<String>, name: &str) {
    if names.len() < MAX_NAMES && !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// Techniques by alerts, most first.
pub(crate) fn techniques<'p>(patterns: impl Iterator<Item = &'p PatternTally>) -> Vec<TechniqueCount> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for pattern in patterns {
        for id in &pattern.decision.detail.techniques {
            *counts.entry(id).or_default() += pattern.alerts;
        }
    }
    let mut counts: Vec<TechniqueCount> = counts
        .into_iter()
        .map(|(id, alerts)| TechniqueCount {
            id: id.to_owned(),
            name: technique(id).map_or_else(String::new, |technique| technique.name.to_owned()),
            alerts,
        })
        .collect();
    counts.sort_by(|a, b| b.alerts.cmp(&a.alerts).then_with(|| a.id.cmp(&b.id)));
    counts.truncate(MAX_TECHNIQUES);
    counts
}
