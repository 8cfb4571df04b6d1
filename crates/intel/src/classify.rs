//! Which kind of indicator a text is.

use crate::defang::refang;
use crate::entry::Entry;
use watchfire_signal::{Indicator, IndicatorKind};

/// Tells what kind of indicator `value` is: what a person types, or copies from a report, defanged or not. `None` if
/// it is none, or a whole network. The indicator's value is the text as it is; lookups undo the defanging.
pub fn classify(value: &str) -> Option<Indicator<'_>> {
    let value = value.trim();
    let text = refang(value);
    let entry = Entry::read(&text)?;
    let kind = match entry {
        Entry::Network(_) => return None,
        Entry::Domain { ref name, .. } if !name.contains(&b'.') => return None,
        // A URL's root is filed under its host, but is a URL to those who ask.
        Entry::Address { .. } | Entry::Domain { .. } if text.contains("://") => IndicatorKind::Url,
        _ => entry.kind(),
    };
    Some(Indicator { kind, value })
}

#[cfg(test)]
mod tests {
    use super::classify;
    use watchfire_signal::IndicatorKind;

    #[test]
    fn what_people_paste_is_recognised() {
        for (text, kind) in [
            (" 8.8.8.8 ", Some(IndicatorKind::Ip)),
            ("8.8.8[.]8", Some(IndicatorKind::Ip)),
            ("2001:4860:4860::8888", Some(IndicatorKind::Ip)),
            ("8.8.8.8:53", Some(IndicatorKind::Ip)),
            ("evil[.]example", Some(IndicatorKind::Domain)),
            ("hxxp://evil[.]example", Some(IndicatorKind::Url)),
            ("evil.example/x", Some(IndicatorKind::Url)),
            ("/izuku.sh", Some(IndicatorKind::Url)),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", Some(IndicatorKind::Hash)),
            ("cve-2024-3400", Some(IndicatorKind::Cve)),
            ("10.0.0.0/8", None),
            ("localhost", None),
            ("what is this", None),
            ("", None),
        ] {
            let found = classify(text);
            assert_eq!(found.map(|indicator| indicator.kind), kind, "{text}");
            assert!(found.is_none_or(|indicator| indicator.value == text.trim()));
        }
    }
}
