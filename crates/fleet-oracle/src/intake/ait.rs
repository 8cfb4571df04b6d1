//! Alerts of the simulated networks (ait-aecid/alert-data-set): `time,name,ip,host,short,time_label,event_label`.
//!
//! They were collected by Wazuh, so each becomes the record that Wazuh would have written of it.

use super::eve::CYCLE_DAYS;
use serde_json::json;

/// A record of Wazuh's, and the address of the machine that it is about; `None` for the header.
pub(super) fn alert(line: &str, cycle: u32, file: usize) -> Option<(String, String)> {
    // Only the name may have commas in it.
    let (time, rest) = line.split_once(',')?;
    let mut ends = rest.rsplitn(6, ',');
    let (_event_label, _time_label) = (ends.next()?, ends.next()?);
    let (short, host, ip, name) = (ends.next()?, ends.next()?, ends.next()?, ends.next()?);
    let seconds: i64 = time.parse().ok()?;
    let seconds = seconds + CYCLE_DAYS * 86_400 * i64::from(cycle);
    let when = jiff::Timestamp::from_second(seconds).ok()?;
    let (family, description) = name.split_once(": ").unwrap_or(("Wazuh", name));
    let record = json!({
        "timestamp": when.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
        "rule": {
            "level": if family == "AMiner" { 5 } else { 3 },
            "description": description,
            "id": short,
            "groups": [family.to_lowercase()],
        },
        "agent": { "id": format!("{:03}", file + 1), "name": host, "ip": ip },
        "manager": { "name": format!("network{file}") },
        "id": format!("{seconds}.{cycle}"),
        "decoder": { "name": "json" },
        "location": format!("/var/log/{}.log", family.to_lowercase()),
    });
    Some((ip.to_owned(), record.to_string()))
}

#[cfg(test)]
mod tests {
    use super::alert;

    #[test]
    fn a_row_becomes_what_wazuh_would_have_written() {
        let row = "1642723201,Suricata: Alert - ET INFO a, b,172.19.130.106,cloud_share,S-X,false_positive,-";
        let (key, text) = alert(row, 0, 2).unwrap();
        assert_eq!(key, "172.19.130.106");
        let record: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["rule"]["description"], "Alert - ET INFO a, b");
        assert_eq!(record["timestamp"], "2022-01-21T00:00:01.000+0000");
        assert_eq!(record["agent"]["name"], "cloud_share");
        assert_ne!(alert(row, 1, 2).unwrap().1, text);
        assert_eq!(alert("time,name,ip,host,short,time_label,event_label", 0, 0), None);
    }
}
