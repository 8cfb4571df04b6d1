//! The fields that rules can read: the alert's cells, and what was worked out about it.

use crate::Facts;
use sigma_rust::Event;
use std::borrow::Cow;
use watchfire_signal::{Alert, Field};

/// A field by the name that a rule uses for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleField {
    /// A cell of the alert.
    Cell(Field),
    /// `rule.groups`: the vendor's groups, joined by spaces.
    Groups,
    /// `threat.technique.id`: ATT&CK ids, joined by spaces.
    Techniques,
    /// `event.count`: a number.
    Count,
    /// `event.severity_id`: the vendor's severity on OCSF's scale.
    SeverityId,
    /// `event.module`: the format's name.
    Module,
    /// `source.role`.
    SourceRole,
    /// `destination.role`.
    DestinationRole,
    /// `source.reputation`.
    SourceReputation,
    /// `destination.reputation`.
    DestinationReputation,
    /// `indicator.reputation`: the worst of all.
    Reputation,
}

const DERIVED: [(&str, RuleField); 10] = [
    ("rule.groups", RuleField::Groups),
    ("threat.technique.id", RuleField::Techniques),
    ("event.count", RuleField::Count),
    ("event.severity_id", RuleField::SeverityId),
    ("event.module", RuleField::Module),
    ("source.role", RuleField::SourceRole),
    ("destination.role", RuleField::DestinationRole),
    ("source.reputation", RuleField::SourceReputation),
    ("destination.reputation", RuleField::DestinationReputation),
    ("indicator.reputation", RuleField::Reputation),
];

/// Text beyond this is not shown to rules: no rule's pattern is as long, and the attacker chooses the length.
const MAX_TEXT: usize = 8192;

impl RuleField {
    /// The field of that name, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(field) = Field::from_name(name) {
            return Some(Self::Cell(field));
        }
        DERIVED.iter().find(|(known, _)| *known == name).map(|&(_, field)| field)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cell(field) => field.name(),
            derived => DERIVED.iter().find(|(_, field)| *field == derived).map_or("", |(name, _)| name),
        }
    }

    /// Its text in an alert.
    pub fn text<'a>(self, alert: &'a Alert<'_>, facts: &Facts<'_>) -> Option<Cow<'a, str>> {
        let text = match self {
            Self::Cell(field) => Cow::Borrowed(alert.get(field)?),
            Self::Groups if alert.groups.is_empty() => return None,
            Self::Groups => Cow::Owned(alert.groups.join(" ")),
            Self::Techniques if alert.techniques.is_empty() => return None,
            Self::Techniques => Cow::Owned(alert.techniques.join(" ")),
            Self::Count => Cow::Owned(alert.count?.to_string()),
            Self::SeverityId => Cow::Owned(alert.severity.id().to_string()),
            Self::Module => Cow::Borrowed(alert.format.name()),
            Self::SourceRole => Cow::Borrowed(facts.source_role.name()),
            Self::DestinationRole => Cow::Borrowed(facts.destination_role.name()),
            Self::SourceReputation => Cow::Borrowed(facts.source_reputation.name()),
            Self::DestinationReputation => Cow::Borrowed(facts.destination_reputation.name()),
            Self::Reputation => Cow::Borrowed(facts.reputation.name()),
        };
        Some(text)
    }

    pub(super) fn insert(self, alert: &Alert<'_>, facts: &Facts<'_>, event: &mut Event) {
        match self {
            Self::Count => {
                if let Some(count) = alert.count {
                    event.insert(self.name(), i64::try_from(count).unwrap_or(i64::MAX));
                }
            }
            Self::SeverityId => event.insert(self.name(), i64::from(alert.severity.id())),
            _ => {
                if let Some(text) = self.text(alert, facts) {
                    event.insert(self.name(), clip(&text, MAX_TEXT).to_owned());
                }
            }
        }
    }
}

/// The first `max` bytes, or fewer so as not to cut a character.
fn clip(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
