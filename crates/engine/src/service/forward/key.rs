//! The key of an alert: who it is about.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use watchfire_judge::{Facts, Network};
use watchfire_signal::{Alert, Field};

/// Longest name that is told apart, in bytes.
const MAX_NAME: usize = 255;

/// The machine (or account) that an alert is about, as it is judged; else where it comes from; else nobody.
pub(super) fn key(alert: &Alert<'_>, network: &Network) -> Option<String> {
    // What fails on an alert becomes its dead letter where it is judged.
    catch_unwind(AssertUnwindSafe(|| {
        let facts = Facts::of(alert, network, &());
        name(&facts.asset).or_else(|| name(alert.text(Field::SourceIp)))
    }))
    .unwrap_or_default()
}

/// One name for whatever one machine is called: addresses in one notation, names in lower case and without their domain, as
/// deciders know them.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Some(address) = bare.split('%').next().and_then(|bare| bare.parse::<IpAddr>().ok()) {
        return Some(address.to_canonical().to_string());
    }
    let mut short = text.split('.').find(|part| !part.is_empty())?.to_lowercase();
    let end = (0..=MAX_NAME.min(short.len())).rev().find(|&end| short.is_char_boundary(end));
    short.truncate(end.unwrap_or(0));
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME, key, name};
    use watchfire_judge::Network;
    use watchfire_signal::{Alert, Field, Format};

    #[test]
    fn one_machine_has_one_key_however_it_is_written() {
        for (one, other) in [
            ("DB1", "db1.corp.example"),
            ("db1.", "db1"),
            ("10.0.0.5", "::ffff:10.0.0.5"),
            ("2001:DB8::1", "[2001:db8:0:0:0:0:0:1]"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            assert_eq!(name(one), name(other), "{one} {other}");
        }
        assert_ne!(name("10.0.0.5"), name("10.0.0.6"));
        assert_eq!((name(""), name(" . ")), (None, None));
        assert_eq!(name(&"ä".repeat(1000)).map(|name| name.len()), Some(MAX_NAME - 1));
    }

    #[test]
    fn the_key_is_the_machine_then_the_source_then_none() {
        let mut alert = Alert::new(Format::SuricataEve, "");
        assert_eq!(key(&alert, &Network::default()), None);
        alert.set(Field::SourceIp, "203.0.113.9");
        assert_eq!(key(&alert, &Network::default()).as_deref(), Some("203.0.113.9"));
        alert.set(Field::DestinationIp, "10.0.0.5");
        assert_eq!(key(&alert, &Network::default()).as_deref(), Some("10.0.0.5"));
    }
}
