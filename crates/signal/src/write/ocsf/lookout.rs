//! What can be searched for, and what is known of it: observables and enrichments.
//!
//! Observables repeat values that stand elsewhere in the finding, so that one query finds an address wherever it is;
//! they are made from the very objects that are written. The numbers are those of the dictionary's types and of
//! `objects/*.json` (`"observable": …`).

use super::evidence::{Device, Endpoint, Evidence, File, Vulnerability};
use crate::Reputation;
use crate::write::ndjson::cell::Present;
use serde::Serialize;

const HOSTNAME: u8 = 1;
const ADDRESS: u8 = 2;
const USER: u8 = 4;
const URL: u8 = 6;
const FILE_NAME: u8 = 7;
const HASH: u8 = 8;
const PROCESS: u8 = 9;
const COMMAND_LINE: u8 = 13;
const USER_AGENT: u8 = 16;
const CVE: u8 = 18;
const FILE_PATH: u8 = 45;

#[derive(Serialize)]
pub(super) struct Observable<'a> {
    name: &'static str,
    type_id: u8,
    value: &'a str,
}

pub(super) fn observables<'a>(
    evidence: Option<&Evidence<'a>>,
    device: Option<&Device<'a>>,
    vulnerability: Option<&Vulnerability<'a>>,
) -> Present<Observable<'a>, 16> {
    let some = |name, type_id, value: Option<&'a str>| value.map(|value| Observable { name, type_id, value });
    let source = evidence.and_then(|evidence| evidence.src_endpoint.as_ref());
    let destination = evidence.and_then(|evidence| evidence.dst_endpoint.as_ref());
    let process = evidence.and_then(|evidence| evidence.process.as_ref());
    let parent = process.and_then(|process| process.parent_process.as_ref());
    let file = evidence.and_then(|evidence| evidence.file.as_ref());
    let path = file.and_then(|file| file.path);
    let actor = evidence.and_then(|evidence| evidence.actor.as_ref());
    let user = evidence.and_then(|evidence| evidence.user.as_ref());
    let query = evidence.and_then(|evidence| evidence.query.as_ref());
    let url = evidence.and_then(|evidence| evidence.url.as_ref());
    let request = evidence.and_then(|evidence| evidence.http_request.as_ref());
    Present([
        some("evidences.src_endpoint.ip", ADDRESS, source.and_then(|end| end.ip)),
        some("evidences.src_endpoint.hostname", HOSTNAME, source.and_then(|end| end.hostname)),
        some("evidences.dst_endpoint.ip", ADDRESS, destination.and_then(|end| end.ip)),
        some("evidences.dst_endpoint.hostname", HOSTNAME, destination.and_then(|end| end.hostname)),
        match device {
            Some(device) if device.ip.is_some() => some("device.ip", ADDRESS, device.ip),
            device => some("device.hostname", HOSTNAME, device.and_then(|device| device.hostname)),
        },
        some("evidences.actor.user.name", USER, actor.map(|actor| actor.user.name)),
        some("evidences.user.name", USER, user.map(|user| user.name)),
        some("evidences.process.name", PROCESS, process.and_then(|process| process.name)),
        some("evidences.process.cmd_line", COMMAND_LINE, process.and_then(|process| process.cmd_line)),
        some("evidences.process.parent_process.name", PROCESS, parent.map(|parent| parent.name)),
        match path {
            Some(path) => some("evidences.file.path", FILE_PATH, Some(path)),
            None => some("evidences.file.name", FILE_NAME, file.map(|file| file.name)),
        },
        some("evidences.file.hashes.value", HASH, file.and_then(File::hash)),
        some("evidences.query.hostname", HOSTNAME, query.map(|query| query.hostname)),
        some("evidences.url.url_string", URL, url.and_then(|url| url.url_string)),
        some("evidences.http_request.user_agent", USER_AGENT, request.and_then(|request| request.user_agent)),
        some("vulnerabilities.cve.uid", CVE, vulnerability.map(|vulnerability| vulnerability.cve.uid)),
    ])
}

#[derive(Serialize)]
pub(super) struct Enrichment<'a> {
    name: &'static str,
    value: &'a str,
    r#type: &'static str,
    provider: &'static str,
    data: Data,
    #[serde(skip_serializing_if = "Option::is_none")]
    reputation: Option<Score>,
}

#[derive(Serialize)]
struct Data {
    reputation: &'static str,
}

#[derive(Serialize)]
struct Score {
    base_score: f64,
    score_id: u8,
    score: &'static str,
    provider: &'static str,
}

pub(super) fn enrichments<'a>(
    evidence: Option<&Evidence<'a>>,
    (source, destination): (Reputation, Reputation),
) -> Present<Enrichment<'a>, 2> {
    const SOURCE: [&str; 3] =
        ["evidences.src_endpoint.ip", "evidences.src_endpoint.hostname", "evidences.src_endpoint.name"];
    const DESTINATION: [&str; 3] =
        ["evidences.dst_endpoint.ip", "evidences.dst_endpoint.hostname", "evidences.dst_endpoint.name"];
    let Some(evidence) = evidence else { return Present([None, None]) };
    Present([
        enrichment(evidence.src_endpoint.as_ref(), SOURCE, source),
        enrichment(evidence.dst_endpoint.as_ref(), DESTINATION, destination),
    ])
}

fn enrichment<'a>(
    endpoint: Option<&Endpoint<'a>>,
    [ip, hostname, name]: [&'static str; 3],
    reputation: Reputation,
) -> Option<Enrichment<'a>> {
    if reputation == Reputation::NotAsked {
        return None;
    }
    let endpoint = endpoint?;
    let (name, value) = endpoint
        .ip
        .map(|text| (ip, text))
        .or(endpoint.hostname.map(|text| (hostname, text)))
        .or(endpoint.name.map(|text| (name, text)))?;
    Some(Enrichment {
        name,
        value,
        r#type: "reputation",
        provider: "Watchfire",
        data: Data { reputation: reputation.name() },
        reputation: score(reputation),
    })
}

/// Good or bad as OCSF counts it, 1 (very safe) to 10 (malicious); anything else is no score.
fn score(reputation: Reputation) -> Option<Score> {
    let (score_id, score) = match reputation {
        Reputation::Safe => (2, "Safe"),
        Reputation::Suspicious => (7, "Suspicious/Risky"),
        Reputation::Malicious => (10, "Malicious"),
        Reputation::NotAsked
        | Reputation::Limited
        | Reputation::Failed
        | Reputation::Stale
        | Reputation::Unknown
        | Reputation::Info => return None,
    };
    Some(Score { base_score: f64::from(score_id), score_id, score, provider: "Watchfire" })
}
