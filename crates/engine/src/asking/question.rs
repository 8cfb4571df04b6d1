//! Turns an alert that was left open into a question.

use super::open::Open;
use watchfire_judge::reuse::Why;
use watchfire_judge::{Assessed, Category, Facts, Ground, Judgement, known, rule_key};
use watchfire_llm::Question;
use watchfire_signal::{Alert, Field};
use watchfire_store::QuestionRow;

/// What a model should see first: the rest of an alert's cells follow as far as there is room.
const FIRST: [Field; 14] = [
    Field::RuleName,
    Field::RuleId,
    Field::RuleCategory,
    Field::EventSeverity,
    Field::Message,
    Field::SourceIp,
    Field::SourceDomain,
    Field::DestinationIp,
    Field::DestinationPort,
    Field::Host,
    Field::User,
    Field::Process,
    Field::Url,
    Field::DnsQuestion,
];

/// The question about an alert whose decision was left open.
pub(crate) fn question(
    ground: &Ground,
    alert: &Alert<'_>,
    facts: &Facts<'_>,
    assessed: &Assessed,
    judgement: &Judgement,
) -> QuestionRow {
    let decision = &judgement.decision;
    let mut question = Question {
        id: decision.id,
        tenant: alert.text(Field::Tenant).chars().take(100).collect(),
        family: family(alert, assessed.say.category),
        priority: judgement.priority.score(),
        floor: decision.detail.floor.id(),
        fields: Vec::new(),
        known: known(alert, facts, &judgement.signals),
    };
    for field in FIRST {
        question.add(field.name(), alert.text(field));
    }
    for (field, text) in alert.cells() {
        // What tells one record from the next says nothing about what happened.
        if !FIRST.contains(&field) && !matches!(field, Field::EventId | Field::Tenant) {
            question.add(field.name(), text);
        }
    }
    for rule in ground.rules.named(&assessed.hits) {
        question.known.push(format!("the rule “{}” matches", rule.title));
    }
    let checks = decision.detail.why == Why::Check.name();
    let open = Open { question, checks };
    QuestionRow {
        decision: decision.id,
        priority: judgement.priority.score(),
        attempts: 0,
        body: serde_json::to_string(&open).unwrap_or_default(),
    }
}

/// What the alert is about, roughly: by our rules, else by the vendor's classification, else by the vendor's rule.
fn family(alert: &Alert<'_>, category: Category) -> String {
    let name = if category == Category::default() {
        alert.get(Field::RuleCategory).map_or_else(|| rule_key(alert), str::to_owned)
    } else {
        category.name().to_owned()
    };
    let name: String = name.chars().take(80).collect();
    format!("{}/{}", alert.format.name(), name.to_lowercase())
}
