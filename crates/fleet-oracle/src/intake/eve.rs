//! Events of Suricata, as they stand in EVE files.

use serde_json::{Value, json};

/// How much later everything is with each cycle through a file: longer than any file.
pub(super) const CYCLE_DAYS: i64 = 40;

/// An alert and the address it comes from, its text untouched in the first cycle; `None` for other events.
pub(super) fn alert(line: &str, cycle: u32) -> Option<(String, String)> {
    let mut event: Value = serde_json::from_str(line).ok()?;
    if event.get("event_type")? != "alert" || !event.get("alert")?.is_object() {
        return None;
    }
    let key = event.get("src_ip")?.as_str()?.to_owned();
    if cycle == 0 {
        return Some((key, line.to_owned()));
    }
    let time = later(event.get("timestamp")?.as_str()?, cycle)?;
    let flow = event.get("flow_id").and_then(Value::as_u64).unwrap_or_default();
    let fields = event.as_object_mut()?;
    fields.insert("timestamp".to_owned(), json!(time));
    fields.insert("flow_id".to_owned(), json!(flow.wrapping_add(u64::from(cycle))));
    Some((key, event.to_string()))
}

/// An event that is no alert, and its address, if it has one.
pub(super) fn aside(line: &str) -> Option<(String, String)> {
    let event: Value = serde_json::from_str(line).ok()?;
    if event.get("event_type")? == "alert" || event.get("timestamp").is_none() {
        return None;
    }
    let key = event.get("src_ip").and_then(Value::as_str).unwrap_or("sensor").to_owned();
    Some((key, line.to_owned()))
}

/// Suricata's time, so many cycles later.
fn later(time: &str, cycle: u32) -> Option<String> {
    let moment = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", time).ok()?.to_timestamp().ok()?;
    let moment = moment + jiff::SignedDuration::from_hours(24 * CYCLE_DAYS * i64::from(cycle));
    Some(moment.strftime("%Y-%m-%dT%H:%M:%S%.6f+0000").to_string())
}

#[cfg(test)]
mod tests {
    use super::{alert, aside};

    const ALERT: &str = r#"{"timestamp":"2017-11-04T12:48:36.300352+0000","flow_id":5,"event_type":"alert","src_ip":"10.0.254.30","alert":{"signature_id":1,"signature":"s"}}"#;

    #[test]
    fn the_first_cycle_leaves_the_text_alone_and_the_next_changes_time_and_id() {
        assert_eq!(alert(ALERT, 0), Some(("10.0.254.30".to_owned(), ALERT.to_owned())));
        let (key, text) = alert(ALERT, 1).unwrap();
        assert_eq!(key, "10.0.254.30");
        assert!(text.contains("2017-12-14T12:48:36.300352+0000") && text.contains("\"flow_id\":6"), "{text}");
    }

    #[test]
    fn only_alerts_are_alerts() {
        let flow = ALERT.replace("\"event_type\":\"alert\"", "\"event_type\":\"flow\"");
        assert_eq!(alert(&flow, 0), None);
        assert!(aside(&flow).is_some() && aside(ALERT).is_none());
        assert_eq!(alert("{", 0), None);
    }
}
