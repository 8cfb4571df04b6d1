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

/// Something that an article names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Its name in one spelling, whatever the article's: lower case, no defanging, the catalogue's name.
    pub value: String,
}
