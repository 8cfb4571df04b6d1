//! Elastic Security's detection alerts: ECS with `kibana.alert.*`.
//!
//! Source: Elastic Security documentation, *Alert schema*, and Elastic's prebuilt rules, whose names, ids, severities
//! and risk scores are used. The `kibana.alert` keys are dotted and the ECS fields nested, as in the alerts index.

use crate::attack::{parent_of, technique_of};
use crate::company::{Host, Os};
use crate::dice::Dice;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// A detection rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Its id.
    pub id: &'static str,
    /// `eql`, `query`, `threshold`, `machine_learning`…
    pub kind: &'static str,
    /// Its risk score: 21 is low, 47 medium, 73 high, 99 critical.
    pub risk: u8,
    /// Its ATT&CK technique.
    pub technique: &'static str,
}

/// A rule from its parts.
pub const fn rule(
    name: &'static str,
    id: &'static str,
    kind: &'static str,
    risk: u8,
    technique: &'static str,
) -> Rule {
    Rule { name, id, kind, risk, technique }
}

/// An alert about a host. `more` holds the ECS fields of the event: `user`, `process`, `source`…
pub fn alert(dice: &mut Dice, at: Moment, host: &Host, rule: &Rule, reason: String, more: Object) -> Record {
    let at = at.millis();
    let technique = technique_of(rule.technique);
    let parent = parent_of(technique);
    let part = |id: &str, name: &str| Object::new().with("id", id).with("name", name);
    let below = (parent.id != technique.id).then(|| vec![part(technique.id, technique.name)]);
    let threat = Object::new()
        .with("framework", "MITRE ATT&CK")
        .with("tactic", part(technique.tactic_id, technique.tactic))
        .with("technique", vec![part(parent.id, parent.name).with_some("subtechnique", below)]);
    let system = match host.os {
        Os::Windows => "windows",
        Os::Linux | Os::Appliance => "linux",
    };
    let record = Object::new()
        .with("@timestamp", at.rfc3339())
        .with("ecs", Object::new().with("version", "8.11.0"))
        .with("event", Object::new().with("kind", "signal").with("module", "endpoint"))
        .with(
            "host",
            Object::new()
                .with("name", host.name)
                .with("ip", vec![host.ip])
                .with("os", Object::new().with("type", system)),
        )
        .and(more)
        .with("kibana.alert.uuid", dice.hex(64))
        .with("kibana.alert.status", "active")
        .with("kibana.alert.workflow_status", "open")
        .with("kibana.alert.reason", reason)
        .with("kibana.alert.severity", severity(rule.risk))
        .with("kibana.alert.risk_score", rule.risk)
        .with("kibana.alert.original_time", at.plus(-dice.between(60, 300)).rfc3339())
        .with("kibana.alert.rule.name", rule.name)
        .with("kibana.alert.rule.rule_id", rule.id)
        .with("kibana.alert.rule.uuid", rule.id)
        .with("kibana.alert.rule.type", rule.kind)
        .with("kibana.alert.rule.threat", vec![threat])
        .with("kibana.space_ids", vec!["default"]);
    Record::new(Product::Elastic, at, record.line())
}

const fn severity(risk: u8) -> &'static str {
    match risk {
        0..=21 => "low",
        22..=47 => "medium",
        48..=73 => "high",
        _ => "critical",
    }
}
