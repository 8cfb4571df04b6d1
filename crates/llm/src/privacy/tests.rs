//! The promises of replacing and putting back.

use super::{Hidden, PrivacyConfig, Pseudonyms};
use crate::{Answer, Question};
use proptest::prelude::*;
use std::net::IpAddr;
use watchfire_signal::{Severity, Verdict};

fn is_internal(ip: IpAddr) -> bool {
    matches!(ip.to_canonical(), IpAddr::V4(ip) if ip.is_private())
}

fn pseudonyms(secret: &str) -> Pseudonyms {
    let config = PrivacyConfig { emails: true, ..PrivacyConfig::default() };
    Pseudonyms::new(secret.as_bytes(), config, is_internal)
}

fn question(fields: &[(&str, &str)], known: &[&str]) -> Question {
    Question {
        id: 1,
        tenant: String::new(),
        family: "f".to_owned(),
        priority: 1,
        floor: 0,
        fields: fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        known: known.iter().map(|&sentence| sentence.to_owned()).collect(),
    }
}

fn texts(question: &Question) -> Vec<&str> {
    question
        .fields
        .iter()
        .map(|(_, value)| value.as_str())
        .chain(question.known.iter().map(String::as_str))
        .collect()
}

/// Puts a whole question back.
fn restored(hidden: &Hidden, asked: &Question) -> Question {
    let mut question = asked.clone();
    for text in question.fields.iter_mut().map(|(_, value)| value).chain(&mut question.known) {
        *text = hidden.restore(text);
    }
    question
}

#[test]
fn names_addresses_and_secrets_leave_as_pseudonyms_and_come_back() {
    let question = question(
        &[
            ("user.name", "CORP\\jsmith"),
            ("host.name", "web01.corp.example"),
            ("source.ip", "10.1.2.3"),
            ("destination.ip", "203.0.113.9"),
            (
                "message",
                "JSMITH (jsmith2) on WEB01 ran curl -H 'Authorization: Bearer abcdefgh12' from 10.1.2.3:443",
            ),
        ],
        &["jsmith is new on 10.1.2.3; write to j.smith@corp.example"],
    );
    let (asked, hidden) = pseudonyms("s").hide(&question);
    let all = texts(&asked).join("\n");
    for original in ["smith", "SMITH", "web01", "WEB01", "10.1.2.3", "abcdefgh12", "corp.example"] {
        assert!(!all.contains(original), "{original} in {all}");
    }
    assert!(all.contains("203.0.113.9") && all.contains(":443") && all.contains("curl -H"), "{all}");
    assert!(asked.fields[2].1.starts_with("ip-") && all.matches(&asked.fields[2].1).count() == 3, "{all}");
    assert_eq!(restored(&hidden, &asked), question);
    assert_eq!((asked.id, asked.floor, &asked.family), (question.id, question.floor, &question.family));
}

#[test]
fn a_value_has_one_pseudonym_in_a_store_and_another_in_the_next() {
    let (one, two) = (
        question(&[("user.name", "alice")], &[]),
        question(&[("user.name", "alice"), ("message", "x")], &[]),
    );
    let (here, there) = (pseudonyms("a"), pseudonyms("b"));
    let name = |pseudonyms: &Pseudonyms, question| pseudonyms.hide(question).0.fields[0].1.clone();
    assert_eq!(name(&here, &one), name(&here, &two));
    assert_ne!(name(&here, &one), name(&there, &one));
    assert!(!format!("{here:?}").contains("key"));
}

#[test]
fn accounts_that_name_nobody_and_outside_addresses_stay() {
    let config = PrivacyConfig {
        fields: vec!["user.name".to_owned(), "source.ip".to_owned()],
        ..PrivacyConfig::default()
    };
    let pseudonyms = Pseudonyms::new(b"s", config, is_internal);
    let question = question(
        &[("user.name", "Root"), ("source.ip", "203.0.113.9"), ("message", "110.0.0.15 v10.0.0")],
        &[],
    );
    let (asked, hidden) = pseudonyms.hide(&question);
    assert_eq!(asked, question);
    assert!(hidden.is_empty());
}

#[test]
fn an_answer_speaks_of_the_originals() {
    let question = question(&[("user.name", "jsmith"), ("message", "login of jsmith")], &[]);
    let (asked, hidden) = pseudonyms("s").hide(&question);
    let name = &asked.fields[0].1;
    let answer = Answer {
        id: 1,
        verdict: Verdict::Suspicious,
        severity: Severity::Low,
        confidence: 0.5,
        reason: format!("{} is odd (user-00000000)", name.to_uppercase()),
        cited: vec![("message".to_owned(), asked.fields[1].1.clone())],
        techniques: Vec::new(),
        actions: vec![format!("Ask {name}.")],
    };
    let answer = hidden.restore_answer(answer);
    assert_eq!(answer.reason, "jsmith is odd (user-00000000)");
    assert_eq!(answer.cited, [("message".to_owned(), "login of jsmith".to_owned())]);
    assert_eq!(answer.actions, ["Ask jsmith."]);
}

#[test]
fn text_that_poses_as_a_pseudonym_stays_what_it_is() {
    let plain = question(&[("user.name", "mallory")], &[]);
    let pseudonyms = pseudonyms("s");
    let guessed = pseudonyms.hide(&plain).0.fields[0].1.clone();
    let posing = question(
        &[("user.name", "mallory"), ("message", &format!("mallory {}", guessed.to_uppercase()))],
        &[],
    );
    let (asked, hidden) = pseudonyms.hide(&posing);
    assert_ne!(asked.fields[0].1, guessed);
    assert_eq!(restored(&hidden, &asked), posing);
}

/// Pieces that run into one another: names within names, pseudonyms' own letters, addresses, secrets, other scripts.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("alice"),
        Just("Alice"),
        Just("ALICE2"),
        Just("ali"),
        Just("bob"),
        Just("b"),
        Just("user"),
        Just("user-"),
        Just("ip-"),
        Just("secret-"),
        Just("host-0123abcd"),
        Just("7f3a91c2"),
        Just("-"),
        Just(" "),
        Just("="),
        Just("\\"),
        Just("@"),
        Just("."),
        Just(":"),
        Just("é"),
        Just("日本"),
        Just("\u{202e}"),
        Just("\""),
        Just("10.0.0.1"),
        Just("10.0.0.15"),
        Just("192.168.0.1"),
        Just("1"),
        Just("password="),
        Just("Bearer "),
        Just("://"),
        Just("AKIA"),
        Just("IOSFODNN7EXAMPLE"),
        Just("4111111111111111"),
        Just("web.corp"),
        Just("corp"),
        Just("ſ"),
        Just("İ"),
    ]
    .prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat()),
        1 => "\\PC{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn putting_back_undoes_replacing(user in text(), host in text(), message in text(), known in text()) {
        let question = question(&[("user.name", &user), ("host.name", &host), ("message", &message)], &[&known]);
        let (asked, hidden) = pseudonyms("s").hide(&question);
        prop_assert_eq!(restored(&hidden, &asked), question);
    }

    #[test]
    fn no_original_is_left(user in "[a-z]{5,12}", before in text(), after in text(), digits in "[0-9]{6}") {
        let secret = format!("Zq{digits}");
        let address = "10.20.30.40";
        let message = format!("{before}{user}{after} password={secret} from {address}.");
        let question = question(&[("user.name", &user), ("message", &message)], &[&message]);
        let (asked, _) = pseudonyms("s").hide(&question);
        prop_assume!(!["user", "host", "secret", "value", "mail"].iter().any(|kind| kind.contains(&user)));
        for text in texts(&asked) {
            prop_assert!(!text.contains(&user), "{user} in {text}");
            prop_assert!(!text.contains(&secret), "{secret} in {text}");
            prop_assert!(!text.contains(address), "{address} in {text}");
        }
    }
}
