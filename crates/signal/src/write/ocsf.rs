//! OCSF Detection Finding, class 2004, with the incident profile: one finding a line.
//!
//! Written for version 1.6.0 of the schema (repository ocsf/ocsf-schema, tag 1.6.0: `events/findings`,
//! `profiles/incident.json`, the objects, the dictionary's numbers), and every finding says so. What a validator takes
//! for an error is kept out: unknown or deprecated attributes, missing required ones, broken *at least one of*
//! constraints, numbers outside an enumeration. The findings are as valid under 1.7 and 1.8, and under 1.5 but for the
//! HTTP method `PATCH`.
//!
//! Choices where the schema leaves some:
//!
//! - **Who decided** is `finding_info.analytic`; the vendor's rule, whose alert it is, stands in
//!   `finding_info.related_analytics`. *Fingerprinting* means collecting a system's versions there, so a reused
//!   decision keeps its decider's type, and `unmapped.watchfire.reused` says the rest.
//! - **Severity** is Watchfire's; `vendor_attributes` keeps the vendor's, normalised, as it asks. Its verbatim word is
//!   unmapped.
//! - **Acting and acted upon**: `evidences.actor.user` acted, `evidences.user` is the target, by their descriptions.
//! - **Processes**: the object wants a process id or an id given by the producer, and alerts rarely carry either. So
//!   `uid` is the finding's id (with `:parent` behind it for the parent): unique, and it claims no more than that.
//! - **Files** need a name; a hash without one goes by the hash. What is no hash is unmapped, and so is every other
//!   text that its attribute does not take, but for ports and HTTP statuses that are no numbers.
//! - **Observables and enrichments** name attributes by dotted paths without array marks, as ocsf-docs,
//!   *Defining and Using Observables*, appendix 1, has it.
//! - **Reputations**: no list gives a number, so `base_score` repeats `score_id`. Where there is no reputation, the
//!   enrichment's `data` still says why: *limited*, *failed*, *stale*, *unknown*.
//! - **Verdict, priority, severity** carry OCSF's captions beside their ids; Watchfire's names are in its own lines.
//! - `raw_data` is cut at 64 KiB, and `metadata.is_truncated` then says so; `raw_data_size` is the whole.

mod evidence;
mod info;
mod lookout;
#[cfg(test)]
mod tests;

use super::Record;
use super::ndjson::cell::{self, HashKind, Joined, Moment, Present};
use crate::{Field, Severity, Timestamp, Verdict};
use evidence::{Cloud, Device, Evidence, Named, Vulnerability};
use info::FindingInfo;
use lookout::{Enrichment, Observable};
use serde::Serialize;
use std::borrow::Cow;

/// The version of the schema that is kept to.
const SCHEMA: &str = "1.6.0";

pub(super) fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    cell::line(&Finding::new(record), out);
}

#[derive(Serialize)]
struct Finding<'a> {
    activity_id: u8,
    activity_name: &'static str,
    category_uid: u8,
    category_name: &'static str,
    class_uid: u16,
    class_name: &'static str,
    type_uid: u32,
    type_name: &'static str,
    time: i64,
    severity_id: u8,
    severity: &'static str,
    status_id: u8,
    status: &'static str,
    is_alert: bool,
    verdict_id: u8,
    verdict: &'static str,
    priority_id: u8,
    priority: &'static str,
    confidence_score: u8,
    risk_score: u8,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<i32>,
    metadata: Metadata<'a>,
    finding_info: FindingInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[Named<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidences: Option<[Evidence<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities: Option<[Vulnerability<'a>; 1]>,
    #[serde(skip_serializing_if = "Present::is_empty")]
    observables: Present<Observable<'a>, 16>,
    #[serde(skip_serializing_if = "Present::is_empty")]
    enrichments: Present<Enrichment<'a>, 2>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_attributes: Option<VendorAttributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_data_size: Option<usize>,
    unmapped: Unmapped<'a>,
}

impl<'a> Finding<'a> {
    fn new(record: &Record<'a>) -> Self {
        let alert = record.alert;
        let device = Device::of(alert);
        let evidence = Evidence::of(record.id, alert);
        let vulnerability = Vulnerability::of(alert);
        let cloud = Cloud::of(alert);
        let raw = cell::raw(alert);
        Self {
            activity_id: 1,
            activity_name: "Create",
            category_uid: 2,
            category_name: "Findings",
            class_uid: 2004,
            class_name: "Detection Finding",
            type_uid: 200_401,
            type_name: "Detection Finding: Create",
            time: record.time.as_millis(),
            severity_id: record.severity.id(),
            severity: severity(record.severity),
            status_id: 1,
            status: "New",
            is_alert: !record.verdict.is_benign(),
            verdict_id: record.verdict.id(),
            verdict: verdict(record.verdict),
            priority_id: record.priority.id(),
            priority: priority(record.priority.id()),
            confidence_score: (cell::share(record.confidence) * 100.0).round() as u8,
            risk_score: record.priority.score(),
            message: alert.get(Field::Message).unwrap_or(record.reason),
            count: alert.count.map(|count| i32::try_from(count).unwrap_or(i32::MAX)),
            metadata: Metadata {
                version: SCHEMA,
                product: Product {
                    name: "Watchfire",
                    vendor_name: "Watchfire",
                    version: env!("CARGO_PKG_VERSION"),
                },
                profiles: if cloud.is_some() { &["incident", "cloud"] } else { &["incident"] },
                uid: record.id,
                log_provider: alert.format.name(),
                tenant_uid: alert.get(Field::Tenant),
                labels: &alert.groups,
                is_truncated: raw.is_some_and(|raw| raw.len() < alert.raw.len()),
            },
            finding_info: FindingInfo::of(record),
            observables: lookout::observables(evidence.as_ref(), device.as_ref(), vulnerability.as_ref()),
            enrichments: lookout::enrichments(evidence.as_ref(), record.reputations),
            device,
            resources: (!record.asset.is_empty()).then_some([Named { name: record.asset }]),
            cloud,
            evidences: evidence.map(|evidence| [evidence]),
            vulnerabilities: vulnerability.map(|vulnerability| [vulnerability]),
            remediation: (!record.next_steps.is_empty())
                .then_some(Remediation { desc: Joined(record.next_steps, " ") }),
            vendor_attributes: (alert.severity != Severity::Unknown).then(|| VendorAttributes {
                severity_id: alert.severity.id(),
                severity: severity(alert.severity),
            }),
            raw_data: raw,
            raw_data_size: raw.map(|_| alert.raw.len()),
            unmapped: Unmapped { watchfire: Watchfire::of(record) },
        }
    }
}

#[derive(Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product,
    profiles: &'static [&'static str],
    uid: &'a str,
    log_provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_uid: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    labels: &'a [Cow<'a, str>],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_truncated: bool,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Remediation<'a> {
    desc: Joined<'a>,
}

#[derive(Serialize)]
struct VendorAttributes {
    severity_id: u8,
    severity: &'static str,
}

#[derive(Serialize)]
struct Unmapped<'a> {
    watchfire: Watchfire<'a>,
}

/// What OCSF has no place for.
#[derive(Serialize)]
struct Watchfire<'a> {
    decider: &'static str,
    reused: bool,
    pattern: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rules: &'a [String],
    reputation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_severity: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_country: Option<&'a str>,
}

impl<'a> Watchfire<'a> {
    fn of(record: &Record<'a>) -> Self {
        let alert = record.alert;
        Self {
            decider: record.decider.name(),
            reused: record.reused,
            pattern: record.pattern,
            rules: record.rules,
            reputation: record.reputation.name(),
            valid_until: Timestamp::from_millis(record.valid_until).map(Moment),
            vendor_severity: alert.get(Field::EventSeverity),
            action: alert.get(Field::EventAction),
            outcome: alert.get(Field::EventOutcome),
            protocol: alert.get(Field::Protocol),
            http_method: alert.get(Field::HttpMethod).filter(|text| evidence::http_method(text).is_none()),
            file_hash: alert.get(Field::FileHash).filter(|text| HashKind::of(text).is_none()),
            source_country: alert.get(Field::SourceCountry).filter(|text| !cell::is_country_code(text)),
        }
    }
}

/// OCSF's caption of a severity.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
        Severity::Fatal => "Fatal",
    }
}

/// OCSF's caption of a verdict.
const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "Unknown",
        Verdict::FalsePositive => "False Positive",
        Verdict::TruePositive => "True Positive",
        Verdict::Suspicious => "Suspicious",
        Verdict::BenignPositive => "Benign",
        Verdict::InsufficientData => "Insufficient Data",
        Verdict::Duplicate => "Duplicate",
    }
}

/// OCSF's caption of a priority.
const fn priority(id: u8) -> &'static str {
    match id {
        1 => "Low",
        2 => "Medium",
        3 => "High",
        _ => "Critical",
    }
}
