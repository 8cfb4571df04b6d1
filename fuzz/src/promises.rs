//! What every reader promises, whatever it is given.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use watchfire_signal::Alert;
use watchfire_signal::read::{CsvPlan, Item, Mapping, RecordReader};

/// One record of each format, to make a reader remember that format.
const BEFORE: [&str; 11] = [
    include_str!("../../crates/signal/src/read/samples/suricata-alert.json"),
    include_str!("../../crates/signal/src/read/samples/wazuh4-login.json"),
    include_str!("../../crates/signal/src/read/samples/ecs-elastic.json"),
    include_str!("../../crates/signal/src/read/samples/ocsf-detection.json"),
    include_str!("../../crates/signal/src/read/samples/zeek-notice.json"),
    include_str!("../../crates/signal/src/read/samples/falco-shell.json"),
    include_str!("../../crates/signal/src/read/samples/hayabusa-verbose.json"),
    include_str!("../../crates/signal/src/read/samples/chainsaw-individual.json"),
    include_str!("../../crates/signal/src/read/samples/guardduty-finding.json"),
    include_str!("../../crates/signal/src/read/samples/cloudtrail-stop-logging.json"),
    include_str!("../../crates/signal/src/read/samples/alertmanager-group.json"),
];

/// Reads `data` as one record and checks that it ends as at least one item, that each item is sound, and that neither
/// chance nor what was read before makes a difference.
pub fn record(data: &[u8], mappings: &Arc<[Mapping]>) {
    let text = String::from_utf8_lossy(data);
    let mut items = Vec::new();
    RecordReader::new(Arc::clone(mappings)).read(&text, &mut items);
    assert_eq!(items.is_empty(), holds_nothing(&text), "a record has at least one item");
    sound(&items, &text);

    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let before = BEFORE[hasher.finish() as usize % BEFORE.len()];
    let mut other = RecordReader::new(Arc::clone(mappings));
    let mut ignored = Vec::new();
    other.read(before, &mut ignored);
    let mut again = Vec::new();
    other.read(&text, &mut again);
    assert_eq!(
        format!("{items:?}"),
        format!("{again:?}"),
        "a record is read alike, whatever was read before it (here: {before})"
    );
}

/// Whether a record is blank, or an array without an element.
fn holds_nothing(text: &str) -> bool {
    let text = text.trim_ascii();
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    inner.unwrap_or(text).bytes().all(|byte| b" \t\r\n".contains(&byte))
}

/// Reads `text` as one record of a CSV file and checks the same.
pub fn row(text: &str, plan: &CsvPlan) {
    let mut items = Vec::new();
    plan.read(text, &mut items);
    assert!(items.len() <= 1, "a row is at most one item");
    assert!(!items.is_empty() || text.trim_ascii().is_empty(), "a row is an item");
    sound(&items, text);
}

fn sound(items: &[Item<'_>], text: &str) {
    assert!(items.len() <= text.len(), "{} items out of {} bytes", items.len(), text.len());
    for item in items {
        match item {
            Item::Alert(alert) => sound_alert(alert, text),
            Item::Aside(kind) => assert!(!kind.is_empty(), "an aside without a kind"),
            Item::Broken(broken) => {
                assert!(!broken.reason.is_empty() && !broken.hint.is_empty(), "broken without a reason");
                assert!(broken.reason.len() <= 4096, "a reason of {} bytes", broken.reason.len());
            }
        }
    }
}

fn sound_alert(alert: &Alert<'_>, text: &str) {
    let mut bytes = 0;
    for (field, cell) in alert.cells() {
        assert!(!cell.is_empty() && cell != "-", "{} is filled with nothing", field.name());
        bytes += cell.len();
    }
    bytes += alert.groups.iter().chain(&alert.techniques).map(|word| word.len()).sum::<usize>();
    // Some text serves two fields; none serves many.
    assert!(bytes <= 8 * text.len() + 4096, "{bytes} bytes of cells out of {} bytes", text.len());
    assert!(alert.techniques.len() <= 64, "{} techniques", alert.techniques.len());
    assert!(alert.groups.len() <= text.len(), "more groups than bytes");
    let start = alert.raw.as_ptr() as usize;
    let within = text.as_ptr() as usize..=text.as_ptr() as usize + text.len();
    assert!(
        within.contains(&start) && within.contains(&(start + alert.raw.len())),
        "raw is not the record's"
    );
    assert!(!alert.raw.is_empty(), "an alert of nothing");
    let owned = alert.clone().into_owned("");
    assert_eq!(format!("{owned:?}"), format!("{alert:?}"), "an owned alert is the same alert");
}
