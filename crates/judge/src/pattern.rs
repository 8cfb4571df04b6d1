//! The pattern: an alert without its immaterial details, as a typed key.
//!
//! Not a hash of the text and not an embedding, because both fail silently: 8 and 9 failed logins from one address are
//! the same thing, 9 and 9,000 are not, and no distance between texts knows that.
//!
//! The key has two parts: the *stem*, which is what the material fields say, and the ids of the rules that matched. What
//! a rule says may depend on a field that is not material (a URL, a command line), so two alerts on which different
//! rules fired never share a verdict, not even an analyst's.

use crate::hashes::{Hashes, mix};
use crate::material::{Material, rule_identity, service};
use crate::{Facts, MaterialEntry};
use std::borrow::Cow;
use watchfire_signal::{Alert, Field};

/// A pattern's stem: 128 bits of BLAKE3 over the material fields.
pub type Stem = [u8; 16];

/// A value longer than this is cut before it is hashed.
const MAX_VALUE: usize = 1024;

/// The stem of an alert.
pub fn stem(alert: &Alert<'_>, facts: &Facts<'_>, material: &MaterialEntry) -> Stem {
    let mut hasher = blake3::Hasher::new();
    for (index, &field) in material.fields.iter().enumerate() {
        let Some(value) = value(field, alert, facts) else { continue };
        let value = &value.as_bytes()[..value.len().min(MAX_VALUE)];
        // Position and length keep "a" + "bc" apart from "ab" + "c", and an absent field from an empty one.
        hasher.update(&[index as u8]);
        hasher.update(&(value.len() as u16).to_le_bytes());
        hasher.update(value);
    }
    let mut stem = [0; 16];
    stem.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    stem
}

/// A hash of what the stem is made of, to remember stems by: equal for equal stems.
pub(crate) fn stem_key(alert: &Alert<'_>, hashes: &Hashes, material: &MaterialEntry) -> u64 {
    material.fields.iter().fold(0, |key, &field| {
        let value = match field {
            Material::Rule => hashes.rule(),
            Material::Asset => hashes.asset,
            Material::CountMagnitude => alert.count.map_or(0, |count| u64::from(magnitude(count)) + 1),
            Material::StatusClass => {
                alert.get(Field::HttpStatus).and_then(|status| status.bytes().next()).map_or(0, u64::from)
            }
            Material::Service => {
                alert.get(Field::DestinationPort).and_then(service).map_or(0, |port| u64::from(port) + 1)
            }
            Material::Field(field) => hashes.field(field),
        };
        mix(key, value)
    })
}

/// A pattern's key: 128 bits over its stem and the rules that matched.
pub(crate) fn pattern_key(stem: &Stem, hits: [u8; 8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(stem).update(&hits);
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

/// The key of an alert with text that addresses a model: of this text alone.
pub(crate) fn injected_key(key: [u8; 16], field: Field, text: &str) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"addresses a model").update(&key).update(&[field as u8]).update(text.as_bytes());
    let mut injected = [0; 16];
    injected.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    injected
}

/// A pattern's number: 63 bits of its key.
pub fn pattern_id(key: [u8; 16]) -> i64 {
    (key.first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight)) >> 1) as i64
}

/// A positive 63-bit number from the hash of some bytes.
pub(crate) fn short_id(bytes: &[u8]) -> i64 {
    let hash = blake3::hash(bytes);
    let mut eight = [0; 8];
    eight.copy_from_slice(&hash.as_bytes()[..8]);
    (u64::from_le_bytes(eight) >> 1) as i64
}

/// The material fields of an alert by name, for people to see why two alerts are alike.
pub fn material_values(
    alert: &Alert<'_>,
    facts: &Facts<'_>,
    material: &MaterialEntry,
) -> Vec<(&'static str, String)> {
    material
        .fields
        .iter()
        .filter_map(|&field| Some((field.name(), value(field, alert, facts)?.chars().take(200).collect())))
        .collect()
}

fn value<'a>(material: Material, alert: &'a Alert<'_>, facts: &'a Facts<'_>) -> Option<Cow<'a, str>> {
    let value = match material {
        Material::Rule => Cow::Owned(format!("{}/{}", alert.format.name(), rule_identity(alert))),
        Material::Asset => Cow::Borrowed(facts.asset.as_ref()),
        Material::CountMagnitude => Cow::Owned(magnitude(alert.count?).to_string()),
        Material::StatusClass => Cow::Borrowed(alert.get(Field::HttpStatus)?.get(..1)?),
        Material::Service => Cow::Owned(service(alert.get(Field::DestinationPort)?)?.to_string()),
        Material::Field(field) => field.text(alert, facts)?,
    };
    Some(value)
}

/// The power of two at or below a count: 8 and 9 share one, 9 and 9,000 do not.
fn magnitude(count: u64) -> u32 {
    count.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::{magnitude, stem};
    use crate::{Category, Facts, MaterialTable, Network, Stem};
    use watchfire_signal::{Alert, Field, Format};

    fn stem_of(change: impl FnOnce(&mut Alert<'static>)) -> Stem {
        let mut alert = Alert::new(Format::Cef, "");
        alert.set(Field::RuleId, "5712");
        alert.set(Field::Host, "web-1");
        alert.set(Field::SourceIp, "198.51.100.7");
        alert.count = Some(8);
        change(&mut alert);
        let table = MaterialTable::shipped();
        let facts = Facts::of(&alert, &Network::default(), &());
        stem(&alert, &facts, table.entry(Category::BruteForce).unwrap())
    }

    #[test]
    fn eight_and_nine_are_alike_and_nine_thousand_is_not() {
        let eight = stem_of(|_| ());
        assert_eq!(eight, stem_of(|alert| alert.count = Some(9)));
        assert_ne!(eight, stem_of(|alert| alert.count = Some(9000)));
        assert_eq!(magnitude(0), 0);
        assert_eq!(magnitude(u64::MAX), 63);
    }

    #[test]
    fn immaterial_fields_do_not_matter_and_material_ones_do() {
        let base = stem_of(|_| ());
        assert_eq!(base, stem_of(|alert| alert.set(Field::SourceIp, "198.51.100.8")));
        assert_eq!(base, stem_of(|alert| alert.set(Field::Message, "other words")));
        assert_eq!(base, stem_of(|alert| alert.set(Field::EventId, "other id")));
        assert_ne!(base, stem_of(|alert| alert.set(Field::SourceIp, "10.0.0.8")));
        assert_ne!(base, stem_of(|alert| alert.set(Field::Host, "web-2")));
        assert_ne!(base, stem_of(|alert| alert.set(Field::Tenant, "other")));
    }

    #[test]
    fn neighbouring_values_do_not_run_together() {
        let left = stem_of(|alert| {
            alert.set(Field::EventAction, "ab");
            alert.set(Field::EventOutcome, "c");
        });
        let right = stem_of(|alert| {
            alert.set(Field::EventAction, "a");
            alert.set(Field::EventOutcome, "bc");
        });
        assert_ne!(left, right);
    }
}
