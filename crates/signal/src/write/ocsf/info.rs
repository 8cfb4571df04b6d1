//! What was found, whose rule found it, and who decided what it is.

use crate::write::Record;
use crate::{Alert, Decider, Field, Format};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
pub(super) struct FindingInfo<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid_alt: Option<&'a str>,
    title: &'a str,
    desc: &'a str,
    types: [&'a str; 1],
    analytic: Analytic<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_analytics: Option<[Analytic<'a>; 1]>,
    #[serde(skip_serializing_if = "Attacks::is_empty")]
    attacks: Attacks<'a>,
}

impl<'a> FindingInfo<'a> {
    pub(super) fn of(record: &Record<'a>) -> Self {
        let alert = record.alert;
        let rule = (alert.get(Field::RuleId), alert.get(Field::RuleName));
        Self {
            uid: record.id,
            uid_alt: alert.get(Field::EventId),
            title: rule.1.or(rule.0).unwrap_or(record.category),
            desc: record.reason,
            types: [record.category],
            analytic: Analytic::of(record),
            related_analytics: Analytic::of_vendor(alert).map(|analytic| [analytic]),
            attacks: Attacks(record.techniques),
        }
    }
}

#[derive(Serialize)]
struct Analytic<'a> {
    type_id: u8,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

impl<'a> Analytic<'a> {
    /// Who decided. People and nobody have no number; 99 is *Other*, whose name the source gives.
    fn of(record: &Record<'a>) -> Self {
        let (type_id, r#type, name) = match record.decider {
            Decider::Rule => (1, "Rule", record.rules.first().map_or("Watchfire rules", String::as_str)),
            Decider::Statistics => (3, "Statistical", "Watchfire statistics"),
            Decider::Llm => (4, "Learning (ML/DL)", "Watchfire language model"),
            Decider::Analyst => (99, "Analyst", "Decided by an analyst"),
            Decider::Fallback => (99, "Fallback", "Nobody was sure"),
        };
        let uid = Some(record.decider.name());
        Self { type_id, r#type, uid, name: Some(name), category: None, version: Some(record.version) }
    }

    /// The vendor's rule. Some formats carry nothing but rules; of the others nobody can tell.
    fn of_vendor(alert: &'a Alert<'_>) -> Option<Self> {
        let (type_id, r#type) = match alert.format {
            Format::SuricataEve
            | Format::Wazuh4
            | Format::Falco
            | Format::Hayabusa
            | Format::Chainsaw
            | Format::CloudTrail
            | Format::Alertmanager => (1, "Rule"),
            Format::Ecs | Format::Ocsf | Format::Zeek | Format::GuardDuty | Format::Cef | Format::Mapped => {
                (0, "Unknown")
            }
        };
        let (uid, category) = (alert.get(Field::RuleId), alert.get(Field::RuleCategory));
        // Without id and name it is no analytic; the category is then the name it has.
        let name = alert.get(Field::RuleName).or(if uid.is_none() { category } else { None });
        (uid.is_some() || name.is_some()).then_some(Self {
            type_id,
            r#type,
            uid,
            name,
            category,
            version: None,
        })
    }
}

/// ATT&CK techniques. The version of the matrix is the vendor's or the rule's, and neither says it.
struct Attacks<'a>(&'a [String]);

impl Attacks<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Attacks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Technique<'a> {
            uid: &'a str,
        }
        #[derive(Serialize)]
        struct Attack<'a> {
            technique: Technique<'a>,
            #[serde(skip_serializing_if = "Option::is_none")]
            sub_technique: Option<Technique<'a>>,
        }
        serializer.collect_seq(self.0.iter().map(|id| match id.split_once('.') {
            Some((technique, _)) => {
                Attack { technique: Technique { uid: technique }, sub_technique: Some(Technique { uid: id }) }
            }
            None => Attack { technique: Technique { uid: id }, sub_technique: None },
        }))
    }
}
