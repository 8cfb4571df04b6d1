//! What an article may be about.

use serde::{Deserialize, Serialize};

/// The kinds of things that articles name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// An IPv4 or IPv6 address.
    Ip,
    /// A network in CIDR notation.
    Network,
    /// A domain name.
    Domain,
    /// An address of the web, with its scheme or a path.
    Url,
    /// An address of mail.
    Email,
    /// An MD5, SHA-1, SHA-256 or SHA-512 hash, in hexadecimal.
    Hash,
    /// A number in the list of common vulnerabilities, such as `CVE-2024-3400`.
    Cve,
    /// A technique, software, group or campaign of ATT&CK, by its id.
    Attack,
    /// An autonomous system, as `AS64500`.
    Asn,
    /// A family of malware.
    Malware,
    /// A threat actor.
    Actor,
    /// A maker of products.
    Vendor,
    /// A product.
    Product,
    /// A sector of the economy.
    Sector,
    /// A country, by its ISO 3166 code.
    Country,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Ip,
        Self::Network,
        Self::Domain,
        Self::Url,
        Self::Email,
        Self::Hash,
        Self::Cve,
        Self::Attack,
        Self::Asn,
        Self::Malware,
        Self::Actor,
        Self::Vendor,
        Self::Product,
        Self::Sector,
        Self::Country,
    ];

    /// Its number in a store: never changed.
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The kind of a number.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }

    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Network => "network",
            Self::Domain => "domain",
            Self::Url => "url",
            Self::Email => "email",
            Self::Hash => "hash",
            Self::Cve => "cve",
            Self::Attack => "attack",
            Self::Asn => "asn",
            Self::Malware => "malware",
            Self::Actor => "actor",
            Self::Vendor => "vendor",
            Self::Product => "product",
            Self::Sector => "sector",
            Self::Country => "country",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that an article names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Its name in one spelling, whatever the article's: lower case, no defanging, the catalogue's name.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use super::EntityKind;

    #[test]
    fn numbers_and_names_lead_back_to_their_kind() {
        for kind in EntityKind::ALL {
            assert_eq!(EntityKind::from_id(kind.id()), Some(kind));
            assert_eq!(EntityKind::from_name(kind.name()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!(EntityKind::from_id(15), None);
    }
}
