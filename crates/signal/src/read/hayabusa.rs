//! Hayabusa's JSON and JSONL timelines.
//!
//! Source: Hayabusa's README (*Output Profiles*, *Level Abbreviations*) and its `results/json.rs`, release 4. A timeline
//! is a list of rule hits; all of them are alerts, `info` ones too, since each was written because a rule matched.
//!
//! What varies: the profile decides which keys there are (`minimal` has no ATT&CK, `all-field-info` has `AllFieldInfo`
//! with Windows' own field names instead of `Details`). `Details` is an object, or one text of `Key: value` pairs
//! joined by ` ¦ `, or the word `DUP` where the user asked for repetitions to be left out; a key that comes twice holds
//! an array. Values are guessed to be numbers or truths by Hayabusa. `Timestamp` follows `--rfc-3339`, `--rfc-2822` and
//! `--us-time`; the European and the 24-hour American forms can't be told apart and leave the alert without a time.

pub(in crate::read) mod windows;

use super::account::user_from_target;
use super::flatten::leaves;
use super::part::part;
use super::scalar::{Scalar, Texts, last_wins};
use super::{Claim, Item, Keys};
use crate::{Alert, Field, Format, Severity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

pub(super) fn claims(keys: &Keys<'_>) -> bool {
    keys.has_all(&["Timestamp", "RuleTitle", "Level"])
}

pub(super) fn read<'a>(record: &'a str, out: &mut Vec<Item<'a>>) -> Result<Claim, serde_json::Error> {
    let hit: Hit<'a> = last_wins(record)?;
    if hit.timestamp.is_absent() || hit.rule_title.is_absent() || hit.level.is_absent() {
        return Ok(Claim::NotMine);
    }

    let mut alert = Alert::new(Format::Hayabusa, record);
    alert.time = hit.timestamp.as_str().and_then(time);
    alert.severity = hit.level.as_str().and_then(Severity::from_word).unwrap_or_default();
    alert.set_some(Field::EventSeverity, hit.level.into_text());
    // Profiles without the rule's id may still name the rule's file, which is as stable.
    alert.set_some(Field::RuleId, hit.rule_id.into_text().or(hit.rule_file.into_text()));
    alert.set_some(Field::RuleName, hit.rule_title.into_text());
    // A rule that counts over several machines names them all; the first stands for them.
    let computers = hit.computer.into_text().map(pieces).unwrap_or_default();
    alert.set_some(Field::Host, computers.into_iter().next());
    let channel = hit.channel.into_text();
    windows::set_action(&mut alert, channel.as_deref(), hit.event_id.into_text());
    alert.set_some(Field::RuleCategory, channel);
    for id in hit.mitre_tags.0.into_iter().chain(hit.other_tags.0.clone()).flat_map(pieces) {
        alert.add_technique(id);
    }
    let tags = hit.mitre_tactics.0.into_iter().chain(hit.other_tags.0).flat_map(pieces);
    alert.groups.extend(tags.filter(|tag| !tag.is_empty() && *tag != "-"));

    for info in [hit.details, hit.all_field_info, hit.extra_field_info].into_iter().flatten() {
        take_details(&mut alert, info.get())?;
    }
    user_from_target(&mut alert);
    out.push(Item::Alert(Box::new(alert)));
    Ok(Claim::Mine)
}

fn take_details<'a>(alert: &mut Alert<'a>, details: &'a str) -> Result<(), serde_json::Error> {
    if details.starts_with('{') {
        return leaves(details, &mut |name, value| {
            if let Some(text) = value.into_text() {
                windows::take(alert, name, text);
            }
        });
    }
    let Some(text) = serde_json::from_str::<Scalar<'a>>(details)?.into_text() else {
        return Ok(());
    };
    if text == "DUP" {
        return Ok(());
    }
    let pieces = pieces(text);
    if let [lone] = &pieces[..]
        && !lone.contains(": ")
    {
        alert.set_default(Field::Message, lone.clone());
        return Ok(());
    }
    for piece in pieces {
        let Some((name, _)) = piece.split_once(':') else { continue };
        let value = part(&piece, |piece| piece[name.len() + 1..].trim());
        windows::take(alert, name.trim(), value);
    }
    Ok(())
}

/// The parts of a text joined by Hayabusa's broken bar.
fn pieces(text: Cow<'_, str>) -> Vec<Cow<'_, str>> {
    match text {
        Cow::Borrowed(text) => text.split('¦').map(|piece| Cow::Borrowed(piece.trim())).collect(),
        Cow::Owned(text) => text.split('¦').map(|piece| Cow::Owned(piece.trim().to_owned())).collect(),
    }
}

fn time(text: &str) -> Option<Timestamp> {
    const RFC_2822: &str = "%a, %d %b %Y %H:%M:%S %z";
    const AMERICAN: &str = "%m-%d-%Y %I:%M:%S%.f %p %:z";
    Timestamp::parse(text)
        .or_else(|| Timestamp::parse_as(RFC_2822, text))
        .or_else(|| Timestamp::parse_as(AMERICAN, text))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound(deserialize = "'de: 'a"))]
struct Hit<'a> {
    #[serde(default)]
    timestamp: Scalar<'a>,
    #[serde(default)]
    rule_title: Scalar<'a>,
    #[serde(default, rename = "RuleID")]
    rule_id: Scalar<'a>,
    #[serde(default)]
    rule_file: Scalar<'a>,
    #[serde(default)]
    level: Scalar<'a>,
    #[serde(default)]
    computer: Scalar<'a>,
    #[serde(default)]
    channel: Scalar<'a>,
    #[serde(default, rename = "EventID")]
    event_id: Scalar<'a>,
    #[serde(default)]
    mitre_tactics: Texts<'a>,
    #[serde(default)]
    mitre_tags: Texts<'a>,
    #[serde(default)]
    other_tags: Texts<'a>,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
    #[serde(borrow)]
    all_field_info: Option<&'a RawValue>,
    #[serde(borrow)]
    extra_field_info: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use crate::read::Item;
    use crate::read::testing::{alert, items};
    use crate::{Field, Format, Severity};

    #[test]
    fn a_key_that_comes_twice_does_not_cost_the_hit() {
        let hit = r#"{"Timestamp":"2024-05-01","RuleTitle":"a","Level":"low","Details":{"User":"bob"},"RuleTitle":"b"}"#;
        assert_eq!(alert(hit).get(Field::RuleName), Some("b"));
    }

    #[test]
    fn a_hit_is_read_with_its_essentials() {
        insta::assert_debug_snapshot!(alert(include_str!("samples/hayabusa-verbose.json")));
    }

    #[test]
    fn details_in_one_text_say_the_same_as_in_an_object() {
        let joined = alert(include_str!("samples/hayabusa-joined.json"));
        let object = alert(include_str!("samples/hayabusa-verbose.json"));
        for field in [Field::SourceIp, Field::User, Field::TargetUser, Field::Process] {
            assert!(joined.get(field).is_some(), "{field:?}");
            assert_eq!(joined.get(field), object.get(field));
        }
        assert_eq!(joined.techniques, object.techniques);
        assert_eq!(joined.groups, object.groups);
    }

    #[test]
    fn windows_own_field_names_are_understood() {
        let alert = alert(
            r#"{"Timestamp":"2024-05-01 10:00:00.000 +00:00","RuleTitle":"Logon Failure","Level":"low","EventID":4625,
            "AllFieldInfo":{"IpAddress":"198.51.100.7","TargetUserName":["bob","eve"],"LogonType":3},
            "Details":"DUP","ExtraFieldInfo":{}}"#,
        );
        assert_eq!(alert.get(Field::SourceIp), Some("198.51.100.7"));
        assert_eq!(alert.get(Field::User), Some("bob"));
        assert_eq!(alert.get(Field::Message), None);
        assert_eq!(alert.get(Field::EventAction), Some("4625"));
    }

    #[test]
    fn levels_are_read_short_and_long() {
        let of = |level: &str| {
            alert(&format!(r#"{{"Timestamp":"2024-05-01","RuleTitle":"r","Level":"{level}"}}"#)).severity
        };
        for (short, long, severity) in [
            ("emer", "emergency", Severity::Fatal),
            ("crit", "critical", Severity::Critical),
            ("high", "high", Severity::High),
            ("med", "medium", Severity::Medium),
            ("low", "low", Severity::Low),
            ("info", "informational", Severity::Informational),
        ] {
            assert_eq!((of(short), of(long)), (severity, severity));
        }
        assert_eq!(of("undef"), Severity::Unknown);
    }

    #[test]
    fn times_follow_the_users_choice() {
        let of = |time: &str| {
            let record = format!(r#"{{"Timestamp":"{time}","RuleTitle":"r","Level":"low"}}"#);
            alert(&record).time.map(|time| time.to_string())
        };
        let expected = Some("2024-05-01T13:00:00.000Z".to_owned());
        assert_eq!(of("2024-05-01 22:00:00.000 +09:00"), expected);
        assert_eq!(of("2024-05-01T13:00:00.000000Z"), expected);
        assert_eq!(of("Wed, 1 May 2024 22:00:00 +0900"), expected);
        assert_eq!(of("05-01-2024 10:00:00.000 PM +09:00"), expected);
        assert_eq!(of("05-01-2024 22:00:00.000 +09:00"), None);
    }

    #[test]
    fn concatenated_objects_and_other_types_are_taken() {
        let record = r#"{"Timestamp":1714557600,"RuleTitle":"a","Level":"info","Details":5,"Computer":null}
            {"Timestamp":"","RuleTitle":"b","Level":3,"MitreTags":7,"Channel":["Sec"]}"#;
        let items = items(record);
        assert_eq!(items.len(), 2);
        for item in items {
            assert!(matches!(item, Item::Alert(alert) if alert.format == Format::Hayabusa));
        }
    }

    #[test]
    fn what_lacks_a_rule_is_set_aside_and_what_is_cut_off_is_broken() {
        assert!(matches!(&items(r#"{"Timestamp":"2024-05-01","Level":"low"}"#)[..], [Item::Aside(_)]));
        let cut = r#"{"Timestamp":"2024-05-01","RuleTitle":"r","Level":"low","Details":{"#;
        assert!(matches!(&items(cut)[..], [Item::Broken(broken)] if broken.hint.contains("cut off")));
    }
}
