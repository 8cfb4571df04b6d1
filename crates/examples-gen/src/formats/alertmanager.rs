//! Prometheus Alertmanager's webhook, version 4.
//!
//! Source: Prometheus documentation, *Alerting configuration*, `webhook_config`. Alert names, severities and summaries
//! are those of the node, Kubernetes and Prometheus mixins.

use crate::dice::Dice;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// One alert of a webhook.
#[derive(Debug, Clone)]
pub struct Alert {
    /// Its labels besides `alertname` and `severity`.
    pub labels: Object,
    /// Its description.
    pub description: String,
}

/// A webhook with the firing alerts of one name.
pub fn firing(
    dice: &mut Dice,
    at: Moment,
    name: &'static str,
    severity: &'static str,
    summary: &'static str,
    alerts: Vec<Alert>,
) -> Record {
    let at = at.millis();
    let common = Object::new().with("alertname", name).with("severity", severity);
    let rendered: Vec<_> = alerts
        .into_iter()
        .map(|alert| {
            Object::new()
                .with("status", "firing")
                .with("labels", common.clone().and(alert.labels))
                .with(
                    "annotations",
                    Object::new().with("summary", summary).with("description", alert.description),
                )
                .with("startsAt", at.rfc3339())
                .with("endsAt", "0001-01-01T00:00:00Z")
                .with("generatorURL", "http://mon01.halden.example:9090/graph")
                .with("fingerprint", dice.hex(16))
        })
        .collect();
    let record = Object::new()
        .with("version", "4")
        .with("groupKey", format!("{{}}:{{alertname=\"{name}\"}}"))
        .with("truncatedAlerts", 0_u8)
        .with("status", "firing")
        .with("receiver", "watchfire")
        .with("groupLabels", Object::new().with("alertname", name))
        .with("commonLabels", common)
        .with("commonAnnotations", Object::new().with("summary", summary))
        .with("externalURL", "http://mon01.halden.example:9093")
        .with("alerts", rendered);
    Record::new(Product::Alertmanager, at, record.line())
}
