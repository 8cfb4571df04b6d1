//! AWS GuardDuty findings.
//!
//! Source: Amazon GuardDuty API reference (*Finding*, *Service*, *Action*, *NetworkConnectionAction*) and user guide
//! (*Severity levels for GuardDuty findings*, *Finding details*). A finding comes by itself (S3 export), as the `detail`
//! of an EventBridge event, or in the `Findings` list of `get-findings`; the first two write keys in camelCase, the
//! command line in PascalCase.
//!
//! A finding is written again, under the same `id`, whenever it happens again, with a later `updatedAt` and a higher
//! `service.count`: the alert's id is therefore both. Its `type` is the rule; the `title` names instances and users, and
//! is the message. Which side the remote address is on depends on the action: it is the destination only of an
//! `OUTBOUND` connection. Archived findings are closed at AWS already and set aside.
//!
//! As at most one reader may claim an EventBridge event, this one also hands those that carry a CloudTrail record
//! to that reader, and leaves all others to mapping files.

use super::flatten::leaves;
use super::list::read_list;
use super::scalar::{Object, Scalar};
use super::{Claim, Item, Keys, cloudtrail};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    keys.has("Findings")
        || keys.has_all(&["detail-type", "detail"])
        || keys.has_all(&["accountId", "type", "severity", "service"])
        || keys.has_all(&["AccountId", "Type", "Severity", "Service"])
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let finding: Finding<'a> = serde_json::from_str(record)?;
    if let Some(findings) = finding.findings {
        return Ok(read_list(findings.get(), put, out));
    }
    match (finding.detail_type.as_str(), finding.detail) {
        (Some("GuardDuty Finding"), Some(detail)) => {
            Ok(put(detail.get(), serde_json::from_str(detail.get())?, out))
        }
        (Some(kind), Some(detail)) if kind.ends_with("via CloudTrail") => cloudtrail::read(detail.get(), out),
        (Some(_), Some(_)) => Ok(Claim::NotMine),
        _ => Ok(put(record, finding, out)),
    }
}

fn put<'a>(record: &'a str, finding: Finding<'a>, out: &mut Vec<Item<'a>>) -> Claim {
    let Some(Object(service)) = finding.service else { return Claim::NotMine };
    let (Some(kind), false, false) =
        (finding.kind.into_text(), finding.account_id.is_absent(), finding.severity.is_absent())
    else {
        return Claim::NotMine;
    };
    if service.archived == Scalar::Bool(true) {
        out.push(Item::Aside(Cow::Borrowed("guardduty archived")));
        return Claim::Mine;
    }

    let mut alert = Alert::new(Format::GuardDuty, record);
    let updated_at = finding.updated_at.into_text();
    let last_seen = service.event_last_seen.as_str().and_then(Timestamp::parse);
    alert.time = last_seen.or_else(|| Timestamp::parse(updated_at.as_deref()?));
    alert.severity = finding.severity.as_f64().map(severity).unwrap_or_default();
    alert.count = service.count.as_u64();
    if let Some(id) = finding.id.into_text() {
        let id = updated_at.map_or(id.clone(), |updated_at| Cow::Owned(format!("{id}@{updated_at}")));
        alert.set(Field::EventId, id);
    }
    alert.set_some(Field::EventSeverity, finding.severity.into_text());
    if let Some((purpose, _)) = kind.split_once(':') {
        alert.set(Field::RuleCategory, purpose.to_owned());
    }
    alert.set(Field::RuleName, kind.clone());
    alert.set(Field::RuleId, kind);
    alert.set_some(Field::CloudAccount, finding.account_id.into_text());
    alert.set_some(Field::CloudRegion, finding.region.into_text());
    let title = finding.title.into_text();
    if title.as_deref().is_some_and(|title| title.starts_with("[SAMPLE]")) {
        alert.groups.push(Cow::Borrowed("sample"));
    }
    alert.set_some(Field::Message, title.or(finding.description.into_text()));

    let resource = finding.resource.0;
    let instance = resource.instance_details.0;
    let host = [
        instance.instance_id,
        resource.eks_cluster_details.0.name,
        resource.rds_db_instance_details.0.db_instance_identifier,
        resource.lambda_details.0.function_name,
        resource.s3_bucket_details.0.name,
    ];
    alert.set_some(Field::Host, host.into_iter().find_map(Scalar::into_text));
    let user = [
        resource.access_key_details.0.user_name,
        resource.kubernetes_details.0.kubernetes_user_details.0.username,
        resource.rds_db_user_details.0.user,
    ];
    alert.set_some(Field::User, user.into_iter().find_map(Scalar::into_text));
    let mut action = service.action.map(|action| Action::from_json(action.get())).unwrap_or_default();
    action.local_ip = action.local_ip.or(instance.network_interfaces.0.private_ip_address);
    action.fill(&mut alert);
    out.push(Item::Alert(Box::new(alert)));
    Claim::Mine
}

/// Critical 9–10, high 7–8.9, medium 4–6.9, low 1–3.9; 0 is kept for information.
fn severity(value: f64) -> Severity {
    match value {
        9.0..=10.0 => Severity::Critical,
        7.0..9.0 => Severity::High,
        4.0..7.0 => Severity::Medium,
        1.0..4.0 => Severity::Low,
        0.0..1.0 => Severity::Informational,
        _ => Severity::Unknown,
    }
}

/// What the kinds of `service.action` have in common. Each kind is an object of its own name with nearly the same keys,
/// and new kinds come: so the keys are taken from whichever is there.
#[derive(Default)]
struct Action<'a> {
    remote_ip: Scalar<'a>,
    remote_ipv6: Scalar<'a>,
    remote_port: Scalar<'a>,
    remote_country: Scalar<'a>,
    remote_country_code: Scalar<'a>,
    local_ip: Scalar<'a>,
    local_port: Scalar<'a>,
    protocol: Scalar<'a>,
    direction: Scalar<'a>,
    blocked: Scalar<'a>,
    api: Scalar<'a>,
    error_code: Scalar<'a>,
    user_agent: Scalar<'a>,
    domain: Scalar<'a>,
}

impl<'a> Action<'a> {
    fn from_json(json: &'a str) -> Self {
        let mut action = Self::default();
        let walked = leaves(json, &mut |path, value| {
            // `networkConnectionAction.remoteIpDetails.ipAddressV4`; a port probe has a list in between.
            let Some((_, path)) = path.split_once('.') else { return };
            let path = match path.split_once('.') {
                Some((list, path)) if list.eq_ignore_ascii_case("portProbeDetails") => path,
                _ => path,
            };
            let slots: [(&str, &mut Scalar<'a>); 14] = [
                ("remoteIpDetails.ipAddressV4", &mut action.remote_ip),
                ("remoteIpDetails.ipAddressV6", &mut action.remote_ipv6),
                ("remoteIpDetails.country.countryCode", &mut action.remote_country_code),
                ("remoteIpDetails.country.countryName", &mut action.remote_country),
                ("remotePortDetails.port", &mut action.remote_port),
                ("localIpDetails.ipAddressV4", &mut action.local_ip),
                ("localPortDetails.port", &mut action.local_port),
                ("protocol", &mut action.protocol),
                ("connectionDirection", &mut action.direction),
                ("blocked", &mut action.blocked),
                ("api", &mut action.api),
                ("errorCode", &mut action.error_code),
                ("userAgent", &mut action.user_agent),
                ("domain", &mut action.domain),
            ];
            let found = slots.into_iter().find(|(name, _)| path.eq_ignore_ascii_case(name));
            if let Some((_, slot)) = found
                && slot.is_absent()
            {
                *slot = value;
            }
        });
        // An action that can't be walked says nothing; the finding still does.
        if walked.is_ok() { action } else { Self::default() }
    }

    fn fill(self, alert: &mut Alert<'a>) {
        let remote_ip = self.remote_ip.or(self.remote_ipv6);
        let outbound = self.direction.as_str() == Some("OUTBOUND");
        let (source, destination) = if outbound {
            ((self.local_ip, self.local_port), (remote_ip, self.remote_port))
        } else {
            alert.set_some(Field::SourceCountry, self.remote_country.into_text());
            alert.set_some(Field::SourceCountry, self.remote_country_code.into_text());
            ((remote_ip, self.remote_port), (self.local_ip, self.local_port))
        };
        alert.set_some(Field::SourceIp, source.0.into_text());
        alert.set_some(Field::SourcePort, source.1.into_text());
        alert.set_some(Field::DestinationIp, destination.0.into_text());
        alert.set_some(Field::DestinationPort, destination.1.into_text());
        alert.set_some(Field::Transport, self.protocol.into_text().map(|name| name.to_ascii_lowercase()));
        alert.set_some(Field::Direction, self.direction.into_text().map(|name| name.to_ascii_lowercase()));
        if self.blocked == Scalar::Bool(true) {
            alert.set(Field::EventAction, "blocked");
        }
        alert.set_some(Field::EventAction, self.api.into_text());
        if !self.error_code.is_absent() {
            alert.set(Field::EventOutcome, "failure");
        }
        alert.set_some(Field::UserAgent, self.user_agent.into_text());
        alert.set_some(Field::DnsQuestion, self.domain.into_text());
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Finding<'a> {
    #[serde(borrow, rename = "Findings")]
    findings: Option<&'a RawValue>,
    #[serde(default, rename = "detail-type")]
    detail_type: Scalar<'a>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(default, alias = "AccountId")]
    account_id: Scalar<'a>,
    #[serde(default, alias = "Region")]
    region: Scalar<'a>,
    #[serde(default, alias = "Id")]
    id: Scalar<'a>,
    #[serde(default, rename = "type", alias = "Type")]
    kind: Scalar<'a>,
    #[serde(default, alias = "Title")]
    title: Scalar<'a>,
    #[serde(default, alias = "Description")]
    description: Scalar<'a>,
    #[serde(default, alias = "Severity")]
    severity: Scalar<'a>,
    #[serde(default, alias = "UpdatedAt")]
    updated_at: Scalar<'a>,
    #[serde(alias = "Service")]
    service: Option<Object<Service<'a>>>,
    #[serde(default, alias = "Resource")]
    resource: Object<Resource<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Service<'a> {
    #[serde(alias = "EventLastSeen")]
    event_last_seen: Scalar<'a>,
    #[serde(alias = "Count")]
    count: Scalar<'a>,
    #[serde(alias = "Archived")]
    archived: Scalar<'a>,
    #[serde(borrow, alias = "Action")]
    action: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Resource<'a> {
    #[serde(alias = "AccessKeyDetails")]
    access_key_details: Object<Details<'a>>,
    #[serde(alias = "InstanceDetails")]
    instance_details: Object<Details<'a>>,
    #[serde(alias = "EksClusterDetails")]
    eks_cluster_details: Object<Details<'a>>,
    #[serde(alias = "KubernetesDetails")]
    kubernetes_details: Object<Kubernetes<'a>>,
    #[serde(alias = "RdsDbInstanceDetails")]
    rds_db_instance_details: Object<Details<'a>>,
    #[serde(alias = "RdsDbUserDetails")]
    rds_db_user_details: Object<Details<'a>>,
    #[serde(alias = "LambdaDetails")]
    lambda_details: Object<Details<'a>>,
    #[serde(alias = "S3BucketDetails")]
    s3_bucket_details: Object<Details<'a>>,
}

/// The keys that name a resource, of all kinds: each kind has one or two of them.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Details<'a> {
    #[serde(alias = "UserName")]
    user_name: Scalar<'a>,
    #[serde(alias = "Username")]
    username: Scalar<'a>,
    #[serde(alias = "User")]
    user: Scalar<'a>,
    #[serde(alias = "InstanceId")]
    instance_id: Scalar<'a>,
    #[serde(alias = "Name")]
    name: Scalar<'a>,
    #[serde(alias = "DbInstanceIdentifier")]
    db_instance_identifier: Scalar<'a>,
    #[serde(alias = "FunctionName")]
    function_name: Scalar<'a>,
    #[serde(alias = "NetworkInterfaces")]
    network_interfaces: Object<Interface<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Interface<'a> {
    #[serde(alias = "PrivateIpAddress")]
    private_ip_address: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Kubernetes<'a> {
    #[serde(alias = "KubernetesUserDetails")]
    kubernetes_user_details: Object<Details<'a>>,
}

#[cfg(test)]
mod tests {
    use crate::read::Item;
    use crate::read::testing::{alert, aside, items};
    use crate::{Field, Format, Severity};

    #[test]
    fn a_finding_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/guardduty-finding.json")));
    }

    #[test]
    fn a_finding_in_eventbridge_is_the_same_finding() {
        let finding = include_str!("samples/guardduty-finding.json").trim();
        let event = format!(
            r#"{{"version":"0","id":"e1","detail-type":"GuardDuty Finding","source":"aws.guardduty",
            "account":"111122223333","detail":{finding}}}"#
        );
        assert_eq!(format!("{:?}", alert(&event)), format!("{:?}", alert(finding)));
    }

    #[test]
    fn the_remote_side_of_an_outbound_connection_is_its_destination() {
        let items = items(include_str!("samples/guardduty-list.json"));
        let [Item::Alert(outbound), Item::Alert(probe), Item::Aside(archived)] = &items[..] else {
            panic!("{items:#?}");
        };
        assert_eq!(outbound.get(Field::SourceIp), Some("10.0.0.23"));
        assert_eq!(outbound.get(Field::DestinationIp), Some("203.0.113.9"));
        assert_eq!(outbound.get(Field::DestinationPort), Some("3333"));
        assert_eq!(outbound.get(Field::SourceCountry), None);
        assert_eq!(outbound.severity, Severity::High);
        assert_eq!(probe.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(probe.get(Field::DestinationPort), Some("22"));
        assert_eq!(probe.get(Field::EventAction), Some("blocked"));
        assert_eq!(archived, "guardduty archived");
    }

    #[test]
    fn a_finding_that_happens_again_has_another_id_and_a_higher_count() {
        let first = include_str!("samples/guardduty-finding.json");
        let again = first.replace("10:05:00.000Z", "11:05:00.000Z").replace("\"count\": 4", "\"count\": 9");
        let (first, again) = (alert(first), alert(&again));
        assert_ne!(first.get(Field::EventId), again.get(Field::EventId));
        assert_eq!((first.count, again.count), (Some(4), Some(9)));
        assert_eq!(first.get(Field::RuleId), again.get(Field::RuleId));
    }

    #[test]
    fn dns_requests_name_their_domain_and_severities_are_amazons() {
        let of = |severity: &str| {
            alert(&format!(
                r#"{{"accountId":"1","type":"Backdoor:EC2/C2Activity.B!DNS","severity":{severity},"service":
                {{"action":{{"actionType":"DNS_REQUEST","dnsRequestAction":{{"domain":"c2.example"}}}}}}}}"#
            ))
            .severity
        };
        let expected = [("9.5", 5), ("8.9", 4), ("\"5\"", 3), ("1", 2), ("0", 1), ("-1", 0), ("\"x\"", 0)];
        for (value, id) in expected {
            assert_eq!(of(value).id(), id, "{value}");
        }
        let record = r#"{"AccountId":1,"Type":"A:B/C","Severity":2,"Service":{"Action":{"DnsRequestAction":{"Domain":"c2.example"}}}}"#;
        assert_eq!(alert(record).get(Field::DnsQuestion), Some("c2.example"));
        assert_eq!(alert(record).get(Field::RuleCategory), Some("A"));
    }

    #[test]
    fn cloudtrail_records_in_eventbridge_go_to_their_own_reader() {
        let record = include_str!("samples/cloudtrail-stop-logging.json").trim();
        let event = format!(r#"{{"detail-type":"AWS API Call via CloudTrail","detail":{record}}}"#);
        assert_eq!(alert(&event).format, Format::CloudTrail);
        let other =
            r#"{"detail-type":"EC2 Instance State-change Notification","detail":{"state":"stopped"}}"#;
        assert_eq!(aside(other), "unrecognised json");
    }

    #[test]
    fn security_hubs_list_is_set_aside_and_a_broken_element_stays_alone() {
        let hub =
            r#"{"Findings":[{"SchemaVersion":"2018-10-08","AwsAccountId":"1","Severity":{"Label":"LOW"}}]}"#;
        assert!(matches!(&items(hub)[..], [Item::Aside(_)]));
        assert!(matches!(&items(r#"{"Findings":"none"}"#)[..], [Item::Aside(_)]));
        let finding = r#"{"AccountId":"1","Type":"A:B/C","Severity":2,"Service":{"Action":[[7]]}}"#;
        let list = format!(r#"{{"Findings":[7,{finding}]}}"#);
        assert!(matches!(&items(&list)[..], [Item::Broken(_), Item::Alert(_)]));
    }
}
