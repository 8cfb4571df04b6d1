//! Chainsaw's `hunt --json` and `--jsonl`.
//!
//! Source: WithSecureLabs/chainsaw, `src/cli.rs` (`Detection`) and `src/hunt.rs` (`Kind`). The output is an array of
//! hits, each of kind `individual` (one `document`), `aggregate` (several `documents`, which are the count: there is no
//! count of its own) or `cached` (one `document`, kept on disk during the hunt). The document is the event as Windows
//! wrote it, or whatever else Chainsaw can hunt in (MFT, registry, JSON), of which only the rule's part is understood.
//!
//! Chainsaw's own rules have neither `id` nor `tags`; Sigma's have both. `System.EventID` is a number or an object with
//! `#text`, depending on the event's provider.

use super::account::user_from_target;
use super::flatten::leaves;
use super::hayabusa::windows;
use super::part::part;
use super::scalar::{Scalar, Texts, last_wins};
use super::{Claim, Item, Keys};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    keys.has_all(&["kind", "name", "group", "timestamp"]) && (keys.has("document") || keys.has("documents"))
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let hit: Hit<'a> = last_wins(record)?;
    let known = [&hit.kind, &hit.name, &hit.group, &hit.timestamp].into_iter().all(|key| !key.is_absent());
    if !known || (hit.document.is_none() && hit.documents.is_none()) {
        return Ok(Claim::NotMine);
    }

    let mut alert = Alert::new(Format::Chainsaw, record);
    alert.time = hit.timestamp.as_str().and_then(Timestamp::parse);
    alert.severity = hit.level.as_str().and_then(Severity::from_word).unwrap_or_default();
    alert.count = hit.count.as_u64();
    alert.set_some(Field::EventSeverity, hit.level.into_text());
    alert.set_some(Field::RuleId, hit.id.into_text());
    alert.set_some(Field::RuleName, hit.name.into_text());
    alert.set_some(Field::RuleCategory, hit.group.into_text());
    for tag in hit.tags.0 {
        let techniques = alert.techniques.len();
        alert.add_technique(part(&tag, |tag| tag.strip_prefix("attack.").unwrap_or(tag)));
        if alert.techniques.len() == techniques {
            alert.groups.push(tag);
        }
    }

    let mut document = hit.document;
    if let Some(documents) = hit.documents
        && let Ok(documents) = serde_json::from_str::<Vec<&'a RawValue>>(documents.get())
    {
        alert.count = alert.count.or(Some(documents.len() as u64));
        document = document.or(documents.first().copied());
    }
    if let Some(document) = document {
        take_event(&mut alert, document.get())?;
    }
    user_from_target(&mut alert);
    out.push(Item::Alert(Box::new(alert)));
    Ok(Claim::Mine)
}

fn take_event<'a>(alert: &mut Alert<'a>, document: &'a str) -> Result<(), serde_json::Error> {
    let (mut channel, mut event_id) = (None, None);
    leaves(document, &mut |path, value| {
        let (Some(path), Some(text)) = (path.strip_prefix("data.Event."), value.into_text()) else {
            return;
        };
        match path {
            "System.Computer" => alert.set_default(Field::Host, text),
            "System.Channel" => channel = Some(text),
            "System.EventID" | "System.EventID.#text" => event_id = Some(text),
            _ if path.starts_with("EventData.") || path.starts_with("UserData.") => {
                let name = path.rsplit('.').next().unwrap_or(path);
                windows::take(alert, name, text);
            }
            _ => {}
        }
    })?;
    windows::set_action(alert, channel.as_deref(), event_id);
    Ok(())
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Hit<'a> {
    #[serde(default)]
    kind: Scalar<'a>,
    #[serde(default)]
    group: Scalar<'a>,
    #[serde(default)]
    name: Scalar<'a>,
    #[serde(default)]
    timestamp: Scalar<'a>,
    #[serde(default)]
    id: Scalar<'a>,
    #[serde(default)]
    level: Scalar<'a>,
    #[serde(default)]
    count: Scalar<'a>,
    #[serde(default)]
    tags: Texts<'a>,
    #[serde(borrow)]
    document: Option<&'a RawValue>,
    #[serde(borrow)]
    documents: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use crate::read::Item;
    use crate::read::testing::{alert, items};
    use crate::{Field, Severity};

    #[test]
    fn a_key_that_comes_twice_does_not_cost_the_hit() {
        let hit = r#"{"group":"g","kind":"individual","name":"a","name":"b","timestamp":"2024-05-01T10:00:00Z","document":{}}"#;
        assert_eq!(alert(hit).get(Field::RuleName), Some("b"));
    }

    #[test]
    fn a_hit_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/chainsaw-individual.json")));
    }

    #[test]
    fn an_aggregate_counts_its_documents() {
        let alert = alert(include_str!("samples/chainsaw-aggregate.json"));
        assert_eq!(alert.count, Some(3));
        assert_eq!(alert.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(alert.get(Field::EventAction), Some("Security 4625"));
        assert_eq!(alert.get(Field::RuleId), None);
        assert_eq!(alert.get(Field::User), Some("bob"));
    }

    #[test]
    fn an_array_of_hits_yields_one_alert_each() {
        let hit = include_str!("samples/chainsaw-individual.json").trim();
        let aggregate = include_str!("samples/chainsaw-aggregate.json").trim();
        let array = format!("[{hit},{aggregate},{hit}]");
        let items = items(&array);
        assert_eq!(items.iter().filter(|item| matches!(item, Item::Alert(_))).count(), 3);
        assert_eq!(items.len(), 3);
    }

    #[test]
    fn a_document_of_another_kind_leaves_the_rules_part() {
        let alert = alert(
            r#"{"group":"MFT","kind":"cached","document":{"kind":"mft","path":"$MFT","data":{"FullPath":"a.exe"}},
            "name":"Odd file","timestamp":"2024-05-01T10:00:00+00:00","level":"info","tags":"attack.t1204"}"#,
        );
        assert_eq!(alert.get(Field::RuleName), Some("Odd file"));
        assert_eq!(alert.severity, Severity::Informational);
        assert_eq!(alert.techniques.as_slice(), ["T1204"]);
        assert_eq!(alert.get(Field::Host), None);
    }

    #[test]
    fn missing_and_changed_types_do_not_lose_the_hit() {
        let alert = alert(
            r#"{"group":1,"kind":"aggregate","documents":"none","name":["x"],"timestamp":5,"tags":{}}"#,
        );
        assert_eq!(alert.get(Field::RuleName), Some("x"));
        assert_eq!(alert.count, None);
        assert_eq!(alert.time, None);
    }

    #[test]
    fn what_has_no_document_is_set_aside_and_what_is_cut_off_is_broken() {
        let bare = r#"{"group":"g","kind":"individual","name":"x","timestamp":"2024-05-01T10:00:00Z"}"#;
        assert!(matches!(&items(bare)[..], [Item::Aside(_)]));
        let cut = r#"{"group":"g","kind":"individual","name":"x","timestamp":"2024","document":{"data""#;
        assert!(matches!(&items(cut)[..], [Item::Broken(broken)] if broken.hint.contains("cut off")));
    }
}
