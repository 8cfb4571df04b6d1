//! AWS CloudTrail records.
//!
//! Source: AWS CloudTrail user guide, *CloudTrail record contents* and *userIdentity element*. Records come by
//! themselves or in a `Records` list; each element of the list is an item of its own.
//!
//! They are events, not alerts. What makes one an alert, in this order:
//! - a console login that failed, that was root's, or that an IAM user made without a second factor (a role's second
//!   factor is its identity provider's business, and AWS does not see it);
//! - a call that [`watched`] lists, whether it succeeded or not: the attempt is what counts;
//! - any other call by root (CIS AWS Foundations Benchmark, *usage of root account*);
//! - any other call that was denied.
//!
//! All else, and whatever AWS' own services do for themselves, is set aside. `rule.id` is `cloudtrail.` and the call,
//! without the API version that some services append (`CreateFunction20150331`).
//!
//! `sourceIPAddress` holds a service's name or `AWS Internal` where there is no address. A login under a name that does
//! not exist has `HIDDEN_DUE_TO_SECURITY_REASONS` for its user, since people type passwords there.

mod watched;

use super::flatten::leaves;
use super::list::read_list;
use super::scalar::{Object, Scalar};
use super::{Claim, Item, Keys};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::net::IpAddr;
use watched::When;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    keys.has("Records") || keys.has_all(&["eventVersion", "eventSource", "eventName", "eventTime"])
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let event: Event<'a> = serde_json::from_str(record)?;
    match event.records {
        Some(list) => Ok(read_list(list.get(), put, out)),
        None => Ok(put(record, event, out)),
    }
}

fn put<'a>(record: &'a str, event: Event<'a>, out: &mut Vec<Item<'a>>) -> Claim {
    // S3's notifications have the same keys, and `aws:s3` for a source.
    let source = event.event_source.as_str().and_then(|source| source.strip_suffix(".amazonaws.com"));
    let (Some(service), Some(call), false, false) =
        (source, event.event_name.as_str(), event.event_version.is_absent(), event.event_time.is_absent())
    else {
        return Claim::NotMine;
    };
    let Some(reason) = worth_judging(&event, service, unversioned(call)) else {
        out.push(Item::Aside(Cow::Borrowed("cloudtrail event")));
        return Claim::Mine;
    };

    let mut alert = Alert::new(Format::CloudTrail, record);
    alert.time = event.event_time.as_str().and_then(Timestamp::parse);
    alert.severity = reason.severity;
    alert.set(Field::RuleId, format!("cloudtrail.{}", reason.id));
    alert.set(Field::RuleName, reason.words);
    alert.set(Field::RuleCategory, service.to_owned());
    if let Some(technique) = reason.technique {
        alert.add_technique(technique);
    }
    let failed = !event.error_code.is_absent() || event.response.0.console_login.as_str() == Some("Failure");
    alert.set(Field::EventOutcome, if failed { "failure" } else { "success" });
    alert.set_some(Field::EventAction, event.event_name.into_text());
    alert.set_some(Field::EventId, event.event_id.into_text());
    alert.set_some(Field::CloudRegion, event.aws_region.into_text());
    alert.set_some(Field::UserAgent, event.user_agent.into_text());
    if let Some(source) = event.source_ip_address.into_text() {
        let is_address = source.parse::<IpAddr>().is_ok();
        alert.set(if is_address { Field::SourceIp } else { Field::SourceDomain }, source);
    }
    if let Some(message) = event.error_message.into_text() {
        // Kilobytes of ciphertext that only the account's owner can read.
        let end = message.find(" Encoded authorization failure").unwrap_or(message.len());
        alert.set(
            Field::Message,
            if end < message.len() { message[..end].to_owned().into() } else { message },
        );
    }
    let account = event.recipient_account_id.into_text();
    let identity = event.user_identity.0;
    alert.set_some(Field::CloudAccount, account.or(identity.account_id.clone().into_text()));
    alert.set_some(Field::User, identity.name());
    if let Some(parameters) = event.request_parameters {
        take_parameters(&mut alert, parameters.get());
    }
    out.push(Item::Alert(Box::new(alert)));
    Claim::Mine
}

/// Whom and what the call was about.
fn take_parameters<'a>(alert: &mut Alert<'a>, parameters: &'a str) {
    // What can't be walked says nothing about whom; the record was parsed already.
    let _ = leaves(parameters, &mut |path, value| {
        let field = match path {
            "userName" => Field::TargetUser,
            "instanceId" | "instanceIds" | "target" | "functionName" | "bucketName" => Field::Host,
            _ => return,
        };
        if let Some(text) = value.into_text() {
            alert.set_default(field, text);
        }
    });
}

/// Why a record is an alert.
struct Reason<'e> {
    id: &'e str,
    words: &'static str,
    severity: Severity,
    technique: Option<&'static str>,
}

fn worth_judging<'e>(event: &Event<'_>, service: &str, call: &'e str) -> Option<Reason<'e>> {
    let identity = &event.user_identity.0;
    let kind = identity.kind.as_str().unwrap_or_default();
    if event.event_type.as_str() == Some("AwsServiceEvent") || kind == "AWSService" {
        return None;
    }
    if call == "ConsoleLogin" {
        return login(event, kind);
    }
    if let Some(found) = watched::find(service, call)
        && matches(found.when, event.request_parameters.map(RawValue::get))
    {
        let technique = Some(found.technique);
        return Some(Reason { id: call, words: found.words, severity: found.severity, technique });
    }
    if kind == "Root" && identity.invoked_by.is_absent() {
        let technique = Some("T1078.004");
        return Some(Reason {
            id: "RootActivity",
            words: "root account used",
            severity: Severity::Medium,
            technique,
        });
    }
    let denied = event.error_code.as_str().is_some_and(|code| {
        ["AccessDenied", "Unauthorized", "NotAuthorized", "Forbidden"].iter().any(|word| code.contains(word))
    });
    denied.then_some(Reason {
        id: "AccessDenied",
        words: "call denied",
        severity: Severity::Low,
        technique: None,
    })
}

fn login(event: &Event<'_>, kind: &str) -> Option<Reason<'static>> {
    let failed = event.response.0.console_login.as_str() == Some("Failure");
    let without_factor = event.additional.0.mfa_used.as_str() == Some("No");
    let (id, words, severity, technique) = match kind {
        _ if failed => ("ConsoleLoginFailure", "console login failed", Severity::Low, "T1110"),
        "Root" => ("RootConsoleLogin", "console login by root", Severity::High, "T1078.004"),
        "IAMUser" if without_factor => {
            ("ConsoleLoginWithoutMfa", "console login without a second factor", Severity::Medium, "T1078.004")
        }
        _ => return None,
    };
    Some(Reason { id, words, severity, technique: Some(technique) })
}

fn matches(when: When, parameters: Option<&str>) -> bool {
    if matches!(when, When::Always) {
        return true;
    }
    let Some(parameters) = parameters else { return false };
    let mut found = false;
    let walked = leaves(parameters, &mut |path, value| {
        found |= match when {
            When::Always => true,
            When::OpenToAll => matches!(value.as_str(), Some("0.0.0.0/0" | "::/0")),
            When::Has(wanted) => {
                path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
        };
    });
    walked.is_ok() && found
}

/// `CreateFunction20150331`, `UpdateFunctionCode20150331v2` and `CreateDistribution2020_05_31` without their versions.
fn unversioned(call: &str) -> &str {
    let bare = match call.rsplit_once('v') {
        Some((head, version)) if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) => {
            head
        }
        _ => call,
    };
    let name = bare.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    if bare.len() - name.len() >= 8 { name } else { call }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Event<'a> {
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(default)]
    event_version: Scalar<'a>,
    #[serde(default)]
    event_source: Scalar<'a>,
    #[serde(default)]
    event_name: Scalar<'a>,
    #[serde(default)]
    event_time: Scalar<'a>,
    #[serde(default)]
    event_type: Scalar<'a>,
    #[serde(default, rename = "eventID")]
    event_id: Scalar<'a>,
    #[serde(default)]
    aws_region: Scalar<'a>,
    #[serde(default, rename = "sourceIPAddress")]
    source_ip_address: Scalar<'a>,
    #[serde(default)]
    user_agent: Scalar<'a>,
    #[serde(default)]
    error_code: Scalar<'a>,
    #[serde(default)]
    error_message: Scalar<'a>,
    #[serde(default)]
    recipient_account_id: Scalar<'a>,
    #[serde(default)]
    user_identity: Object<Identity<'a>>,
    #[serde(borrow)]
    request_parameters: Option<&'a RawValue>,
    #[serde(default, rename = "responseElements")]
    response: Object<Response<'a>>,
    #[serde(default, rename = "additionalEventData")]
    additional: Object<Additional<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Identity<'a> {
    #[serde(rename = "type")]
    kind: Scalar<'a>,
    user_name: Scalar<'a>,
    arn: Scalar<'a>,
    account_id: Scalar<'a>,
    invoked_by: Scalar<'a>,
    session_context: Object<SessionContext<'a>>,
}

impl<'a> Identity<'a> {
    /// The role, where a role was taken: its session's name is a new one each time.
    fn name(self) -> Option<Cow<'a, str>> {
        if self.kind.as_str() == Some("Root") {
            return Some(Cow::Borrowed("root"));
        }
        let user = match self.user_name {
            Scalar::Text(name) if name == "HIDDEN_DUE_TO_SECURITY_REASONS" => return None,
            name => name,
        };
        let issuer = self.session_context.0.session_issuer.0.user_name;
        let named = issuer.into_text().or(user.into_text());
        named
            .or_else(|| self.arn.as_str()?.rsplit('/').next().map(|name| Cow::Owned(name.to_owned())))
            .or(self.invoked_by.into_text())
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct SessionContext<'a> {
    session_issuer: Object<SessionIssuer<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct SessionIssuer<'a> {
    user_name: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Response<'a> {
    console_login: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Additional<'a> {
    #[serde(rename = "MFAUsed")]
    mfa_used: Scalar<'a>,
}

#[cfg(test)]
mod tests;
