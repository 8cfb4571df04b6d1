//! Records that hold more than an alert, or nothing that can be read.

use super::{Expected, Fed};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A record that can't be read, in the place of this one.
pub(super) fn broken(chance: &mut ChaCha8Rng, alert: Fed) -> Fed {
    let value = match chance.random_range(0..5_u32) {
        // Cut off while it was written; what is left of an object is never one.
        0 | 1 => {
            let text = String::from_utf8_lossy(&alert.value).into_owned();
            let mut end = chance.random_range(1..text.len().max(2));
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.as_bytes()[..end.max(1)].to_vec()
        }
        // An event that says it is an alert, and has none.
        2 => format!(
            r#"{{"timestamp":"2024-05-01T10:00:00.000000+0000","event_type":"alert","src_ip":"{}"}}"#,
            alert.key
        )
        .into_bytes(),
        // No text at all.
        3 => (0..64).map(|_| chance.random_range(0x80..=0xff_u8)).collect(),
        _ => b"last message repeated 3 times".to_vec(),
    };
    Fed { key: alert.key, value, expected: Expected { alerts: Vec::new(), dead: 1 } }
}

/// A list of these alerts in one record, now and then with something in it that is none.
pub(super) fn several(chance: &mut ChaCha8Rng, alerts: Vec<Fed>) -> Fed {
    let key = alerts.first().map(|first| first.key.clone()).unwrap_or_default();
    let mut expected = Expected::default();
    let mut texts = Vec::new();
    for alert in alerts {
        if chance.random_range(0..8_u32) == 0 {
            texts.push("404".to_owned());
            expected.dead += 1;
        }
        texts.push(String::from_utf8_lossy(&alert.value).into_owned());
        expected.alerts.extend(alert.expected.alerts);
    }
    Fed { key, value: format!("[{}]", texts.join(",")).into_bytes(), expected }
}

/// A record with nothing in it.
pub(super) fn blank() -> Fed {
    Fed { key: "sensor".to_owned(), value: b"[]".to_vec(), expected: Expected::default() }
}

#[cfg(test)]
mod tests {
    use super::super::Fed;
    use super::{broken, several};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use serde_json::Value;

    #[test]
    fn what_is_broken_is_no_json_or_no_alert() {
        let mut chance = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..2000 {
            let alert = Fed::alert("k".to_owned(), r#"{"event_type":"alert","é":{"a":[1,{}]}}"#.to_owned());
            let fed = broken(&mut chance, alert);
            assert_eq!((fed.expected.alerts.len(), fed.expected.dead), (0, 1));
            let read: Result<Value, _> = serde_json::from_slice(&fed.value);
            assert!(read.is_err() || read.is_ok_and(|event| event.get("alert").is_none()));
        }
    }

    #[test]
    fn a_list_has_every_alert_in_order() {
        let mut chance = ChaCha8Rng::seed_from_u64(3);
        for _ in 0..200 {
            let alerts: Vec<Fed> =
                (0..4).map(|n| Fed::alert("k".to_owned(), format!("{{\"n\":{n}}}"))).collect();
            let hashes: Vec<u64> = alerts.iter().flat_map(|fed| fed.expected.alerts.clone()).collect();
            let fed = several(&mut chance, alerts);
            assert_eq!(fed.expected.alerts, hashes);
            let list: Vec<Value> = serde_json::from_slice(&fed.value).unwrap();
            assert_eq!(list.len(), 4 + fed.expected.dead as usize);
        }
    }
}
