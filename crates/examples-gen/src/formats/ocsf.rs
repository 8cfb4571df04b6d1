//! OCSF Detection Finding, class 2004.
//!
//! Source: OCSF schema 1.3.0. The company's identity provider and its endpoint protection report this way, through a
//! security lake.

use crate::attack::{parent_of, technique_of};
use crate::dice::Dice;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// A detection that a product knows.
#[derive(Debug, Clone, Copy)]
pub struct Detection {
    /// Who makes the product.
    pub vendor: &'static str,
    /// The product.
    pub product: &'static str,
    /// The detection's title.
    pub title: &'static str,
    /// Its id within the product.
    pub analytic: &'static str,
    /// OCSF's severity, 1–6.
    pub severity: u8,
    /// Its ATT&CK technique.
    pub technique: Option<&'static str>,
}

/// Whom and what it found.
#[derive(Debug, Clone, Default)]
pub struct Evidence<'a> {
    /// The address that acted.
    pub source: Option<&'a str>,
    /// The account.
    pub user: Option<&'a str>,
    /// Name and address of the device.
    pub device: Option<(&'a str, &'a str)>,
    /// The file's name.
    pub file: Option<&'a str>,
    /// What happened, in a sentence.
    pub description: String,
    /// How many events it stands for.
    pub count: Option<u32>,
}

/// A new finding.
pub fn finding(dice: &mut Dice, at: Moment, detection: &Detection, evidence: Evidence<'_>) -> Record {
    let at = at.millis();
    let analytic =
        Object::new().with("name", detection.title).with("uid", detection.analytic).with("type_id", 1_u8);
    let information = Object::new()
        .with("uid", dice.uuid())
        .with("title", detection.title)
        .with("desc", evidence.description)
        .with("created_time", at.as_millis())
        .with("analytic", analytic)
        .with_some("attacks", detection.technique.map(attacks));
    let shown = Object::new()
        .with_some("src_endpoint", evidence.source.map(|ip| Object::new().with("ip", ip)))
        .with_some("user", evidence.user.map(|name| Object::new().with("name", name)))
        .with_some("file", evidence.file.map(|name| Object::new().with("name", name).with("type_id", 1_u8)));
    let product = Object::new().with("name", detection.product).with("vendor_name", detection.vendor);
    let metadata = Object::new()
        .with("version", "1.3.0")
        .with("product", product)
        .with("uid", dice.uuid())
        .with("profiles", vec!["security_control"]);
    let device = evidence
        .device
        .map(|(name, ip)| Object::new().with("hostname", name).with("ip", ip).with("type_id", 2_u8));
    let record = Object::new()
        .with("activity_id", 1_u8)
        .with("activity_name", "Create")
        .with("category_uid", 2_u8)
        .with("category_name", "Findings")
        .with("class_uid", 2004_u16)
        .with("class_name", "Detection Finding")
        .with("type_uid", 200_401_u32)
        .with("severity_id", detection.severity)
        .with("severity", caption(detection.severity))
        .with("status_id", 1_u8)
        .with("status", "New")
        .with("time", at.as_millis())
        .with_some("count", evidence.count)
        .with("metadata", metadata)
        .with("finding_info", information)
        .with_some("device", device)
        .with("evidences", vec![shown]);
    Record::new(Product::Ocsf, at, record.line())
}

fn attacks(id: &str) -> Vec<Object> {
    let technique = technique_of(id);
    let parent = parent_of(technique);
    let part = |uid: &str, name: &str| Object::new().with("uid", uid).with("name", name);
    let below = (parent.id != technique.id).then(|| part(technique.id, technique.name));
    vec![
        Object::new()
            .with("version", "16.1")
            .with("tactic", part(technique.tactic_id, technique.tactic))
            .with("technique", part(parent.id, parent.name))
            .with_some("sub_technique", below),
    ]
}

const fn caption(severity: u8) -> &'static str {
    match severity {
        1 => "Informational",
        2 => "Low",
        3 => "Medium",
        4 => "High",
        5 => "Critical",
        6 => "Fatal",
        _ => "Unknown",
    }
}
