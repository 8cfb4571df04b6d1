//! What measurements have to do with alerts and with dead letters.
//!
//! A rejected value that matters is an alert: one OCSF Detection Finding (class 2004, ocsf-schema 1.5), judged like any other. Which
//! metrics matter, and how much, is a setting: a weight of 0 to 100, and the least weight that is told. Only what is wrong with the *value*
//! is told, an outlier or a value out of range; a wrong unit or an old time is the sender's mistake, and its answer says so.
//!
//! The finding of a measurement is the same bytes whenever it is made, and so is its key. So who sends a batch again, after a kill or
//! a lost answer, makes no second alert of it.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use watchfire_measure::{DeadLetter, Measurement, Outcome, Reason};
use watchfire_store::MeasurementDeadRow;

/// The greatest weight.
pub const MOST_WEIGHT: u8 = 100;
/// The version of OCSF that findings are written in.
const OCSF: &str = "1.5.0";
/// Characters of a name that a title has.
const TITLE_NAME: usize = 80;

/// Which rejected values are alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertWeights {
    /// The least weight that becomes an alert, 1 to 100.
    pub least: u8,
    /// By metric; what is not named has none.
    pub weights: BTreeMap<String, u8>,
}

/// A rejected value as an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedAlert {
    /// By what it is known again: a hash of user, metric and time.
    pub key: [u8; 32],
    /// What it says, in a line.
    pub title: String,
    /// The finding, one JSON object without line breaks.
    pub json: String,
}

impl Default for AlertWeights {
    fn default() -> Self {
        Self { least: 50, weights: BTreeMap::new() }
    }
}

impl AlertWeights {
    /// The weight of a metric, if its rejected values are alerts.
    pub fn of(&self, metric: &str) -> Option<u8> {
        self.weights.get(metric).copied().filter(|weight| *weight >= self.least.max(1))
    }

    /// The alert that a measurement is, if it is one.
    pub fn alert(&self, measurement: &Measurement, outcome: &Outcome) -> Option<RejectedAlert> {
        let weight = self.of(&measurement.metric)?;
        let reason =
            outcome.reason().filter(|reason| matches!(reason, Reason::Outlier | Reason::OutOfRange))?;
        let key = key(measurement);
        let uid: String = key[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let title = title(measurement, outcome);
        let millis = measurement.time.as_millis();
        let severity = severity(weight);
        // A rule's name is that of all its alerts; what sets this one apart is the title and the message.
        let what = if reason == Reason::Outlier { "Rejected" } else { "Impossible" };
        let name = format!("{what} measurement of {}", measurement.metric);
        let rule = format!("measurement/{}/{}", reason.as_str(), measurement.metric);
        let band = outcome.band;
        let finding = json!({
            "activity_id": 1, "category_uid": 2, "class_uid": 2004, "type_uid": 200_401,
            "class_name": "Detection Finding", "is_alert": true, "severity_id": severity, "status_id": 1,
            "time": millis, "message": title,
            // Whom the alert is about: each has a pattern of their own, on which an analyst can decide.
            "device": { "name": measurement.user, "type_id": 0 },
            "metadata": {
                "version": OCSF, "uid": uid, "profiles": ["host"],
                "product": { "name": "Measurements", "vendor_name": "Watchfire" },
            },
            "finding_info": {
                "uid": uid, "title": title, "created_time": millis,
                "types": ["rejected measurement"],
                "analytic": { "type_id": 2, "type": "Behavioral", "uid": rule, "name": name },
            },
            "evidences": [{
                "user": { "name": measurement.user },
                "data": {
                    "metric": measurement.metric, "value": number(measurement.value), "unit": measurement.unit,
                    "reason": reason.as_str(), "weight": weight,
                    "expected": band.map(|band| band.expected), "lower": band.map(|band| band.lower),
                    "upper": band.map(|band| band.upper),
                },
            }],
        });
        Some(RejectedAlert { key, title, json: finding.to_string() })
    }
}

/// A hash of user, metric and time. Lengths stand before names, so that no two run into each other.
fn key(measurement: &Measurement) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"rejected measurement");
    for name in [&measurement.user, &measurement.metric] {
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
    }
    hasher.update(&measurement.time.as_millis().to_le_bytes());
    *hasher.finalize().as_bytes()
}

/// OCSF's severity of a weight: low, medium, high, critical.
const fn severity(weight: u8) -> u8 {
    match weight {
        0..40 => 2,
        40..70 => 3,
        70..90 => 4,
        _ => 5,
    }
}

/// `heart_rate of user-17 is 250, expected 55 to 80`. The band is in the metric's base unit.
fn title(measurement: &Measurement, outcome: &Outcome) -> String {
    let name = |text: &str| watchfire_judge::tame(text, TITLE_NAME);
    let unit = measurement.unit.as_deref().map_or_else(String::new, |unit| format!(" {}", name(unit)));
    let expected = outcome.band.map_or_else(
        || "outside what is possible".to_owned(),
        |band| format!("expected {} to {}", short(band.lower), short(band.upper)),
    );
    format!(
        "{} of {} is {}{unit}, {expected}",
        name(&measurement.metric),
        name(&measurement.user),
        short(measurement.value)
    )
}

/// A number for people: four significant digits, or more where they are before the point.
pub fn short(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return format!("{}", value + 0.0);
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..15.0).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = (3.0 - magnitude).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A number that JSON may have no number for: such are text, and read as what they are.
fn number(value: f64) -> Value {
    if value.is_finite() { json!(value) } else { json!(value.to_string()) }
}

/// A measurement as it would be sent.
pub fn as_json(measurement: &Measurement) -> Value {
    let mut object = serde_json::Map::new();
    if let Some(id) = &measurement.id {
        object.insert("id".to_owned(), json!(id));
    }
    object.insert("user".to_owned(), json!(measurement.user));
    object.insert("metric".to_owned(), json!(measurement.metric));
    object.insert("time".to_owned(), json!(measurement.time.to_string()));
    object.insert("value".to_owned(), number(measurement.value));
    if let Some(unit) = &measurement.unit {
        object.insert("unit".to_owned(), json!(unit));
    }
    Value::Object(object)
}

/// A measurement as a dead letter keeps it. The value is text: a number of JSON may be read a last digit off, and then it would be
/// another measurement than the one that may have been judged already.
fn as_letter(measurement: &Measurement) -> String {
    let mut letter = as_json(measurement);
    letter["value"] = json!(measurement.value.to_string());
    letter.to_string()
}

/// The dead letters that are worth keeping: those of which sending them again may help.
pub fn worth_keeping(dead: &[DeadLetter], at: i64) -> Vec<MeasurementDeadRow> {
    let worth = dead.iter().filter(|letter| letter.reason.is_worth_replaying());
    worth
        .map(|letter| MeasurementDeadRow {
            measurement: as_letter(&letter.measurement),
            attempts: letter.attempts,
            reason: watchfire_judge::tame(&letter.reason.to_string(), 300),
            at,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use watchfire_measure::read::NdjsonReader;
    use watchfire_measure::{Band, Judgement};
    use watchfire_signal::Timestamp;

    fn measurement(value: f64) -> Measurement {
        Measurement {
            id: None,
            user: "user-17".to_owned(),
            metric: "heart_rate".to_owned(),
            time: Timestamp::from_millis(1_790_000_000_123).unwrap(),
            value,
            unit: None,
        }
    }

    fn outlier() -> Outcome {
        let band = Some(Band { expected: 67.5, lower: 55.0, upper: 80.0 });
        Outcome { band, ..Outcome::refused(Reason::Outlier) }
    }

    fn weights(weight: u8) -> AlertWeights {
        AlertWeights { least: 50, weights: BTreeMap::from([("heart_rate".to_owned(), weight)]) }
    }

    #[test]
    fn a_rejected_value_of_weight_is_one_alert_that_says_what_was_expected() {
        let alert = weights(80).alert(&measurement(250.0), &outlier()).unwrap();
        assert_eq!(alert.title, "heart_rate of user-17 is 250, expected 55 to 80");
        assert_eq!(Some(&alert), weights(80).alert(&measurement(250.0), &outlier()).as_ref());
        let finding: Value = serde_json::from_str(&alert.json).unwrap();
        assert_eq!((&finding["class_uid"], &finding["severity_id"]), (&json!(2004), &json!(4)));
        assert_eq!(finding["evidences"][0]["user"]["name"], "user-17");
    }

    #[test]
    fn what_is_believed_or_has_no_weight_or_is_the_senders_mistake_is_no_alert() {
        assert_eq!(weights(49).alert(&measurement(250.0), &outlier()), None);
        assert_eq!(AlertWeights::default().alert(&measurement(250.0), &outlier()), None);
        let accepted = Outcome { judgement: Judgement::Accepted, ..outlier() };
        assert_eq!(weights(100).alert(&measurement(70.0), &accepted), None);
        for reason in [Reason::Stale, Reason::Duplicate, Reason::NotFinite, Reason::UnknownUnit] {
            assert_eq!(weights(100).alert(&measurement(70.0), &Outcome::refused(reason)), None);
        }
        let range = weights(100).alert(&measurement(1e20), &Outcome::refused(Reason::OutOfRange)).unwrap();
        assert_eq!(range.title, "heart_rate of user-17 is 1.000e20, outside what is possible");
    }

    #[test]
    fn numbers_are_short() {
        let told = [0.0, 1.0, 99.5, 1234.56, 0.001_234_56, -3.0, 123_456.0].map(short);
        assert_eq!(told, ["0", "1", "99.5", "1235", "0.001235", "-3", "123456"]);
    }

    proptest! {
        #[test]
        fn a_letter_is_read_as_the_measurement_that_it_was(
            user in "\\PC{1,20}", metric in "\\PC{1,20}", value in any::<f64>(),
            id in proptest::option::of("\\PC{0,9}"), millis in 0_i64..4_000_000_000_000,
        ) {
            let time = Timestamp::from_millis(millis).unwrap();
            let sent = Measurement { id, user, metric, time, value, unit: Some("bpm".to_owned()) };
            let text = as_letter(&sent);
            let read = NdjsonReader::new(text.as_bytes()).next().unwrap().unwrap();
            prop_assert_eq!(read.value.is_nan(), value.is_nan());
            if !value.is_nan() {
                prop_assert_eq!(read, sent);
            }
        }
    }
}
