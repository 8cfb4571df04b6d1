//! What is known of the attack and of the attacker: `threat.*`.

use crate::write::Record;
use crate::write::ndjson::cell::{self, Present};
use crate::{Alert, Field, Reputation};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
pub(super) struct Threat<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    framework: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    technique: Option<Technique<'a>>,
    #[serde(skip_serializing_if = "Present::is_empty")]
    enrichments: Present<Enrichment<'a>, 2>,
}

#[derive(Serialize)]
struct Technique<'a> {
    id: Techniques<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtechnique: Option<Subtechnique<'a>>,
}

#[derive(Serialize)]
struct Subtechnique<'a> {
    id: Subtechniques<'a>,
}

/// The techniques, each once; a sub-technique counts as its technique.
struct Techniques<'a>(&'a [String]);

fn technique(id: &str) -> &str {
    id.split_once('.').map_or(id, |(technique, _)| technique)
}

impl Serialize for Techniques<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().enumerate().filter_map(|(index, id)| {
            let id = technique(id);
            let seen = self.0[..index].iter().any(|earlier| technique(earlier) == id);
            (!seen).then_some(id)
        }))
    }
}

struct Subtechniques<'a>(&'a [String]);

impl Serialize for Subtechniques<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter(|id| id.contains('.')))
    }
}

#[derive(Serialize)]
struct Enrichment<'a> {
    indicator: Indicator<'a>,
    matched: Matched<'a>,
}

#[derive(Serialize)]
struct Indicator<'a> {
    r#type: &'static str,
    ip: &'a str,
    description: &'static str,
    provider: &'static str,
}

#[derive(Serialize)]
struct Matched<'a> {
    atomic: &'a str,
    field: &'static str,
}

impl<'a> Threat<'a> {
    pub(super) fn of(record: &Record<'a>) -> Option<Self> {
        let ids = record.techniques;
        let enrichments = Present([
            bad(record.alert, Field::SourceIp, record.reputations.0),
            bad(record.alert, Field::DestinationIp, record.reputations.1),
        ]);
        (!ids.is_empty() || !enrichments.is_empty()).then(|| Self {
            framework: (!ids.is_empty()).then_some("MITRE ATT&CK"),
            technique: (!ids.is_empty()).then(|| Technique {
                id: Techniques(ids),
                subtechnique: ids
                    .iter()
                    .any(|id| id.contains('.'))
                    .then_some(Subtechnique { id: Subtechniques(ids) }),
            }),
            enrichments,
        })
    }
}

/// The enrichment of an address that is known to be bad.
fn bad<'a>(alert: &'a Alert<'_>, field: Field, reputation: Reputation) -> Option<Enrichment<'a>> {
    let ip = alert.get(field).filter(|text| cell::is_address(text))?;
    matches!(reputation, Reputation::Malicious | Reputation::Suspicious).then(|| Enrichment {
        indicator: Indicator {
            r#type: if ip.contains(':') { "ipv6-addr" } else { "ipv4-addr" },
            ip,
            description: reputation.name(),
            provider: "watchfire",
        },
        matched: Matched { atomic: ip, field: field.name() },
    })
}
