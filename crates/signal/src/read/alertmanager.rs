//! Prometheus Alertmanager's webhook, version 4.
//!
//! Source: Prometheus documentation, *Alerting configuration*, `<webhook_config>`; Grafana's contact points post the same
//! shape under another `version`. One payload is a group of alerts, each an item of its own. A `resolved` alert is the
//! news that one is over, and is set aside. `endsAt` of a firing alert means nothing, `truncatedAlerts` counts alerts
//! that were never sent, and neither is used.
//!
//! All that says what the alert is about stands in `labels`, which the user of Prometheus names; the usual ones are
//! known here. `fingerprint` is a hash of the labels, so it is the same whenever the alert fires again.

use super::part::part;
use super::scalar::{Object, Scalar};
use super::{Broken, Claim, Item, Keys};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    keys.has_all(&["alerts", "groupKey", "version"])
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let group: Group<'a> = serde_json::from_str(record)?;
    let (Some(alerts), false, false) = (group.alerts, group.group_key.is_absent(), group.version.is_absent())
    else {
        return Ok(Claim::NotMine);
    };
    let alerts: Vec<&'a RawValue> = serde_json::from_str(alerts.get())?;
    if alerts.is_empty() {
        out.push(Item::Aside(Cow::Borrowed("alertmanager empty group")));
    }
    for element in alerts {
        out.push(match serde_json::from_str::<Notice<'a>>(element.get()) {
            Ok(notice) if notice.status.as_str().or(group.status.as_str()) == Some("resolved") => {
                Item::Aside(Cow::Borrowed("alertmanager resolved"))
            }
            Ok(notice) => Item::Alert(Box::new(notice.into_alert(element.get()))),
            Err(error) => Item::Broken(Broken::json(&error)),
        });
    }
    Ok(Claim::Mine)
}

impl<'a> Notice<'a> {
    fn into_alert(self, record: &'a str) -> Alert<'a> {
        let (labels, annotations) = (self.labels.0, self.annotations.0);
        let mut alert = Alert::new(Format::Alertmanager, record);
        alert.time = self.starts_at.as_str().and_then(Timestamp::parse);
        alert.severity = labels.severity.as_str().and_then(Severity::from_word).unwrap_or_default();
        alert.set_some(Field::EventSeverity, labels.severity.into_text());
        alert.set_some(Field::EventId, self.fingerprint.into_text());
        let name = labels.alertname.into_text();
        alert.set_some(Field::RuleId, name.clone());
        alert.set_some(Field::RuleName, name);
        alert.set_some(Field::RuleCategory, labels.category.into_text());
        alert.set_default(Field::RuleCategory, "availability");
        alert.set_some(Field::Message, annotations.description.into_text());
        alert.set_some(Field::Message, annotations.summary.into_text());
        let machines = [labels.host, labels.hostname, labels.node, labels.nodename, labels.pod];
        let machine = machines.into_iter().find_map(Scalar::into_text);
        let instance = labels.instance.into_text().map(|instance| part(&instance, bare_machine));
        alert.set_some(Field::Host, instance.or(machine));
        for group in [labels.job, labels.namespace, labels.team].into_iter().filter_map(Scalar::into_text) {
            if !group.is_empty() && !alert.groups.contains(&group) {
                alert.groups.push(group);
            }
        }
        alert
    }
}

/// The machine in `host:9100`, `[2001:db8::1]:9100`, `2001:db8::1` or, for probes, `https://shop.example/health`.
fn bare_machine(instance: &str) -> &str {
    let authority = instance.split_once("://").map_or(instance, |(_, rest)| rest);
    let authority = authority.split(['/', '?']).next().unwrap_or(authority);
    if let Some(inner) = authority.strip_prefix('[') {
        return inner.split(']').next().unwrap_or(inner);
    }
    match authority.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Group<'a> {
    #[serde(default)]
    version: Scalar<'a>,
    #[serde(default, rename = "groupKey")]
    group_key: Scalar<'a>,
    #[serde(default)]
    status: Scalar<'a>,
    #[serde(borrow)]
    alerts: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Notice<'a> {
    #[serde(default)]
    status: Scalar<'a>,
    #[serde(default)]
    labels: Object<Labels<'a>>,
    #[serde(default)]
    annotations: Object<Annotations<'a>>,
    #[serde(default)]
    starts_at: Scalar<'a>,
    #[serde(default)]
    fingerprint: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Labels<'a> {
    alertname: Scalar<'a>,
    severity: Scalar<'a>,
    category: Scalar<'a>,
    instance: Scalar<'a>,
    host: Scalar<'a>,
    hostname: Scalar<'a>,
    node: Scalar<'a>,
    nodename: Scalar<'a>,
    pod: Scalar<'a>,
    job: Scalar<'a>,
    namespace: Scalar<'a>,
    team: Scalar<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Annotations<'a> {
    summary: Scalar<'a>,
    description: Scalar<'a>,
}

#[cfg(test)]
mod tests {
    use super::bare_machine;
    use crate::read::Item;
    use crate::read::testing::{alert, items};
    use crate::{Field, Severity};

    #[test]
    fn a_group_is_read_alert_by_alert() {
        let items = items(include_str!("samples/alertmanager-group.json"));
        insta::assert_debug_snapshot!(items);
    }

    #[test]
    fn the_machine_is_freed_of_port_scheme_and_path() {
        for (instance, machine) in [
            ("db-1:9100", "db-1"),
            ("10.0.0.5:9100", "10.0.0.5"),
            ("[2001:db8::1]:9100", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("https://shop.example:8443/health?x=1", "shop.example"),
            ("db-1", "db-1"),
            ("[", ""),
        ] {
            assert_eq!(bare_machine(instance), machine);
        }
    }

    #[test]
    fn severity_is_free_text() {
        let of = |severity: &str| {
            alert(&format!(
                r#"{{"version":"4","groupKey":"g","alerts":[{{"labels":{{"severity":{severity}}}}}]}}"#
            ))
            .severity
        };
        assert_eq!(of("\"page\""), Severity::Critical);
        assert_eq!(of("\"Warning\""), Severity::Medium);
        assert_eq!(of("\"sev1\""), Severity::Unknown);
        assert_eq!(of("1"), Severity::Unknown);
    }

    #[test]
    fn a_group_that_is_over_is_set_aside_as_a_whole() {
        let record = r#"{"version":"4","groupKey":"g","status":"resolved","alerts":[{"labels":{}},{"status":"firing"}]}"#;
        assert!(
            matches!(&items(record)[..], [Item::Aside(over), Item::Alert(_)] if over == "alertmanager resolved")
        );
        let empty = r#"{"version":"1","groupKey":"g","alerts":[]}"#;
        assert!(matches!(&items(empty)[..], [Item::Aside(_)]));
    }

    #[test]
    fn changed_types_do_not_lose_the_alert_and_a_broken_element_stays_alone() {
        let record = r#"{"version":4,"groupKey":1,"alerts":["x",{"status":7,"labels":[],"annotations":"none","startsAt":0}]}"#;
        let items = items(record);
        let [Item::Broken(broken), Item::Alert(alert)] = &items[..] else { panic!("{items:#?}") };
        assert_eq!(broken.hint, "check that the record is valid JSON");
        assert_eq!(alert.get(Field::RuleCategory), Some("availability"));
    }
}
