//! One hash per cell of an alert, computed once and used for everything that is remembered by value.
//!
//! Rules, patterns and statistics all ask "have I seen this before?". The answer is looked up by 64-bit SipHash under a
//! secret key of this process, so that whoever writes the alerts can't make two of them collide; by chance two of a
//! million values do so once in forty million runs. Statistics are different: see [`stable`].

use crate::Facts;
use crate::rules::RuleField;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash, RandomState};
use std::net::IpAddr;
use watchfire_signal::{Alert, Field};

/// Longest name that is folded to lower case for comparison, in bytes.
const MAX_NAME: usize = 255;

/// The hashes of one alert.
#[derive(Debug, Clone)]
pub(crate) struct Hashes {
    cells: [u64; Field::COUNT],
    groups: u64,
    techniques: u64,
    count: u64,
    exact: u64,
    severity: u64,
    format: u64,
    roles: (u64, u64),
    reputations: (u64, u64, u64),
    /// The asset's name as it stands.
    pub(crate) asset: u64,
}

impl Hashes {
    pub(crate) fn of(alert: &Alert<'_>, facts: &Facts<'_>, hasher: &RandomState) -> Self {
        let mut cells = [0; Field::COUNT];
        let count = alert.count.map_or(0, |count| count.wrapping_add(1));
        let mut exact = mix(alert.format as u64, count);
        for (field, text) in alert.cells() {
            let cell = hasher.hash_one(text);
            cells[field as usize] = cell;
            if !matches!(field, Field::EventId | Field::SourcePort | Field::Message) {
                exact = mix(mix(exact, field as u64), cell);
            }
        }
        let list =
            |texts: &[std::borrow::Cow<'_, str>]| if texts.is_empty() { 0 } else { hasher.hash_one(texts) };
        Self {
            groups: list(&alert.groups),
            techniques: list(&alert.techniques),
            count,
            exact,
            severity: u64::from(alert.severity.id()),
            format: alert.format as u64,
            roles: (facts.source_role as u64, facts.destination_role as u64),
            reputations: (
                u64::from(facts.source_reputation.id()),
                u64::from(facts.destination_reputation.id()),
                u64::from(facts.reputation.id()),
            ),
            asset: hasher.hash_one(facts.asset.as_ref()),
            cells,
        }
    }

    /// The hash of a cell; 0 if it is empty.
    pub(crate) fn cell(&self, field: Field) -> u64 {
        self.cells[field as usize]
    }

    /// The hash of a field that rules can read.
    pub(crate) fn field(&self, field: RuleField) -> u64 {
        match field {
            RuleField::Cell(field) => self.cell(field),
            RuleField::Groups => self.groups,
            RuleField::Techniques => self.techniques,
            RuleField::Count => self.count,
            RuleField::SeverityId => self.severity,
            RuleField::Module => self.format,
            RuleField::SourceRole => self.roles.0,
            RuleField::DestinationRole => self.roles.1,
            RuleField::SourceReputation => self.reputations.0,
            RuleField::DestinationReputation => self.reputations.1,
            RuleField::Reputation => self.reputations.2,
        }
    }

    /// The vendor's rule: format and id, or name.
    pub(crate) fn rule(&self) -> u64 {
        let id = self.cell(Field::RuleId);
        mix(self.format, if id == 0 { self.cell(Field::RuleName) } else { id })
    }

    /// Everything but what differs between two records of the same thing: ids, ephemeral ports, and free text, which
    /// carries the time.
    pub(crate) fn exact(&self) -> u64 {
        self.exact
    }
}

/// Adds a hash to another; the order counts.
pub(crate) fn mix(hash: u64, next: u64) -> u64 {
    (hash.rotate_left(23) ^ next).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A hash that is the same in every process. Statistics count by it, and must come out the same on every run; what two
/// colliding names could do there is be counted as one.
pub(crate) fn stable<T: Hash + ?Sized>(value: &T) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// The stable hash of a machine's name without its domain, in lower case: one product says `DB1`, the other
/// `db1.corp.example`. Addresses stay as they are.
pub(crate) fn machine(name: &str) -> u64 {
    if name.parse::<IpAddr>().is_ok() {
        return stable(name);
    }
    let short = name.split('.').next().unwrap_or(name);
    let mut lower = [0; MAX_NAME];
    let lower = &mut lower[..short.len().min(MAX_NAME)];
    lower.copy_from_slice(&short.as_bytes()[..lower.len()]);
    lower.make_ascii_lowercase();
    stable(&*lower)
}

#[cfg(test)]
mod tests {
    use super::{Hashes, machine};
    use crate::{Facts, Network};
    use std::hash::RandomState;
    use watchfire_signal::{Alert, Field, Format};

    #[test]
    fn one_machine_has_one_name_however_it_is_written() {
        assert_eq!(machine("DB1"), machine("db1.corp.example"));
        assert_ne!(machine("db1"), machine("db2"));
        assert_ne!(machine("10.0.0.1"), machine("10.0.0.2"));
        // The same in every process: a value that a later build must come to, too.
        assert_eq!(machine("db1"), machine("Db1"));
    }

    #[test]
    fn exact_matching_looks_past_ids_ports_and_free_text_only() {
        let hasher = RandomState::new();
        let exact = |change: fn(&mut Alert<'static>)| {
            let mut alert = Alert::new(Format::Cef, "");
            alert.set(Field::RuleId, "1");
            change(&mut alert);
            Hashes::of(&alert, &Facts::of(&alert, &Network::default(), &()), &hasher).exact()
        };
        let base = exact(|_| ());
        assert_eq!(base, exact(|alert| alert.set(Field::EventId, "x")));
        assert_eq!(base, exact(|alert| alert.set(Field::SourcePort, "5")));
        assert_ne!(base, exact(|alert| alert.set(Field::SourceIp, "192.0.2.1")));
        assert_ne!(base, exact(|alert| alert.count = Some(0)));
        assert_ne!(exact(|alert| alert.set(Field::User, "a")), exact(|alert| alert.set(Field::Host, "a")));
    }
}
