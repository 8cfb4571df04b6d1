use crate::read::Item;
use crate::read::testing::{alert, aside, items};
use crate::{Alert, Field, Format, Severity};

/// A record by user alice with this source, name, and more of it.
fn event(service: &str, call: &str, more: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"2024-05-01T10:00:00Z","eventSource":"{service}.amazonaws.com",
        "eventName":"{call}","userIdentity":{{"type":"IAMUser","userName":"alice"}}{more}}}"#
    )
}

fn rule_of(record: &str) -> Option<String> {
    match &items(record)[..] {
        [Item::Alert(alert)] => Some(alert.text(Field::RuleId).to_owned()),
        [Item::Aside(kind)] if kind == "cloudtrail event" => None,
        other => panic!("{other:#?}"),
    }
}

#[test]
fn a_watched_call_is_read_with_its_essentials() {
    insta::assert_debug_snapshot!(alert(include_str!("../samples/cloudtrail-stop-logging.json")));
}

#[test]
fn each_element_of_a_list_is_an_item() {
    let items = items(include_str!("../samples/cloudtrail-records.json"));
    let kinds: Vec<_> = items
        .iter()
        .map(|item| match item {
            Item::Alert(alert) => format!("{} by {}", alert.text(Field::RuleId), alert.text(Field::User)),
            Item::Aside(kind) => format!("aside: {kind}"),
            Item::Broken(broken) => format!("broken: {}", broken.hint),
        })
        .collect();
    insta::assert_debug_snapshot!(kinds);
}

#[test]
fn logins_are_told_apart() {
    let of = |kind: &str, answer: &str, factor: &str| {
        let record = format!(
            r#"{{"eventVersion":"1.08","eventTime":"2024-05-01T10:00:00Z","eventSource":"signin.amazonaws.com",
            "eventName":"ConsoleLogin","userIdentity":{{"type":"{kind}","userName":"HIDDEN_DUE_TO_SECURITY_REASONS"}},
            "responseElements":{{"ConsoleLogin":"{answer}"}},"additionalEventData":{{"MFAUsed":"{factor}"}}}}"#
        );
        rule_of(&record)
    };
    assert_eq!(of("IAMUser", "Failure", "No").as_deref(), Some("cloudtrail.ConsoleLoginFailure"));
    assert_eq!(of("IAMUser", "Success", "No").as_deref(), Some("cloudtrail.ConsoleLoginWithoutMfa"));
    assert_eq!(of("IAMUser", "Success", "Yes"), None);
    assert_eq!(of("AssumedRole", "Success", "No"), None);
    assert_eq!(of("Root", "Success", "Yes").as_deref(), Some("cloudtrail.RootConsoleLogin"));
    let hidden = event("iam", "CreateUser", "").replace("alice", "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(alert(&hidden).get(Field::User), None);
}

#[test]
fn parameters_decide_where_the_call_alone_says_too_little() {
    let ingress = |range: &str| {
        let more = format!(
            r#","requestParameters":{{"groupId":"sg-1","ipPermissions":{{"items":[{{"fromPort":22,
            "ipRanges":{{"items":[{{"cidrIp":"{range}"}}]}}}}]}}}}"#
        );
        rule_of(&event("ec2", "AuthorizeSecurityGroupIngress", &more))
    };
    assert_eq!(ingress("0.0.0.0/0").as_deref(), Some("cloudtrail.AuthorizeSecurityGroupIngress"));
    assert_eq!(ingress("10.0.0.0/8"), None);

    let snapshot = |change: &str| {
        let more =
            format!(r#","requestParameters":{{"createVolumePermission":{{"{change}":{{"items":[1]}}}}}}"#);
        rule_of(&event("ec2", "ModifySnapshotAttribute", &more))
    };
    assert_eq!(snapshot("add").as_deref(), Some("cloudtrail.ModifySnapshotAttribute"));
    assert_eq!(snapshot("remove"), None);
    assert_eq!(snapshot("address"), None);
}

#[test]
fn an_attempt_counts_like_a_success_and_its_outcome_is_told() {
    let denied =
        r#","errorCode":"AccessDenied","errorMessage":"No. Encoded authorization failure message: aGVsbG8""#;
    let record = event("iam", "CreateUser", denied);
    let attempt = alert(&record);
    assert_eq!(attempt.get(Field::RuleId), Some("cloudtrail.CreateUser"));
    assert_eq!(attempt.get(Field::EventOutcome), Some("failure"));
    assert_eq!(attempt.get(Field::Message), Some("No."));

    let record = event("s3", "ListBuckets", r#","errorCode":"Client.UnauthorizedOperation""#);
    assert_eq!(rule_of(&record).as_deref(), Some("cloudtrail.AccessDenied"));
    assert_eq!(rule_of(&event("s3", "ListBuckets", r#","errorCode":"ThrottlingException""#)), None);
}

#[test]
fn api_versions_are_no_part_of_the_rule() {
    for call in
        ["CreateFunction20150331", "CreateFunction", "CreateFunction20150331v2", "CreateFunction2020_05_31"]
    {
        assert_eq!(
            rule_of(&event("lambda", call, "")).as_deref(),
            Some("cloudtrail.CreateFunction"),
            "{call}"
        );
    }
    assert_eq!(super::unversioned("ListObjectsV2"), "ListObjectsV2");
    assert_eq!(super::unversioned("v2"), "v2");
    assert_eq!(super::unversioned(""), "");
}

#[test]
fn what_amazon_does_for_itself_is_set_aside() {
    let record = event("iam", "CreateUser", "").replace("IAMUser", "AWSService");
    assert_eq!(rule_of(&record), None);
    assert_eq!(rule_of(&event("kms", "DisableKey", r#","eventType":"AwsServiceEvent""#)), None);
    let record = event("ec2", "RunInstances", "").replace("IAMUser", "Root");
    assert_eq!(rule_of(&record).as_deref(), Some("cloudtrail.RootActivity"));
    assert_eq!(rule_of(&record.replace("\"userName\"", "\"invokedBy\"")), None);
}

#[test]
fn a_service_is_a_source_without_an_address() {
    let of = |source: &str| {
        let record = event("iam", "CreateUser", &format!(r#","sourceIPAddress":"{source}""#));
        let Alert { format, .. } = alert(&record);
        assert_eq!(format, Format::CloudTrail);
        let alert = alert(&record);
        (alert.get(Field::SourceIp).map(str::to_owned), alert.get(Field::SourceDomain).map(str::to_owned))
    };
    assert_eq!(of("2001:db8::7"), (Some("2001:db8::7".to_owned()), None));
    assert_eq!(of("AWS Internal"), (None, Some("AWS Internal".to_owned())));
}

#[test]
fn other_records_are_left_alone_and_a_broken_element_stays_alone() {
    let notification =
        r#"{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","eventTime":"2024"}"#;
    assert_eq!(aside(notification), "unrecognised json");
    let list = format!(r#"{{"Records":[{notification}]}}"#);
    assert_eq!(aside(&list), "unrecognised json");
    for wrapper in [r#"{"Records":[]}"#, r#"{"Records":5}"#] {
        assert!(matches!(&items(wrapper)[..], [Item::Aside(_)]), "{wrapper}");
    }
    let list = format!(r#"{{"Records":[5,{},{notification}]}}"#, event("kms", "DisableKey", ""));
    assert!(matches!(&items(&list)[..], [Item::Broken(_), Item::Alert(_), Item::Aside(_)]));
}

#[test]
fn changed_types_do_not_lose_the_record() {
    let record =
        event("kms", "DisableKey", r#","requestParameters":"hidden","responseElements":7,"errorCode":{}"#);
    let alert = alert(&record);
    assert_eq!(alert.severity, Severity::High);
    assert_eq!(alert.get(Field::EventOutcome), Some("success"));
}
