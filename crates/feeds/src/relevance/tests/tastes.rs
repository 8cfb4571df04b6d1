//! What is learned, and that it stays small, fair and forgettable.

use super::*;
use proptest::prelude::*;
use watchfire_signal::Timestamp;

const DAY: i64 = 86_400_000;
const START: i64 = 1_780_000_000_000;

fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(START + day * DAY).unwrap()
}

fn done(action: Action, on: i64) -> Done {
    Done { action, at: day(on) }
}

fn vendor(name: &str) -> Feature {
    Feature { kind: FeatureKind::Vendor, name: name.to_owned() }
}

fn actions() -> impl Strategy<Value = Action> {
    proptest::sample::select(&[Action::Opened, Action::Dismissed, Action::Ignored][..])
}

/// Events as which of five vendors, what, on which day.
fn events() -> impl Strategy<Value = Vec<(u8, Action, i64)>> {
    proptest::collection::vec((0..5_u8, actions(), 0..900_i64), 0..40)
}

fn learned(events: &[(u8, Action, i64)]) -> Taste {
    let mut taste = Taste::default();
    for &(name, action, on) in events {
        taste.learn(&[vendor(&name.to_string()), vendor("all")], None, done(action, on));
    }
    taste
}

#[test]
fn taste_is_explained_by_counts() {
    let profile = compiled("user = 'ada'");
    let entities = entities(&[(EntityKind::Vendor, "vmware")]);
    let subject = Subject { text: "x", source: "CERT", entities: &entities, ..Subject::default() };
    let features = profile.features(&Reading::of(subject));
    assert_eq!(features.len(), 2);
    let mut taste = Taste::default();
    for article in 0..9 {
        let action = if article == 3 { Action::Dismissed } else { Action::Opened };
        taste.learn(&features[1..], None, done(action, article));
    }
    let relevance = score_plain(&profile, subject, &taste.at(day(10)));
    let reason = relevance.reasons.iter().find(|reason| reason.what == What::Taste).unwrap();
    assert_eq!(reason.why, "you opened 8 of 9 articles on vmware");
    assert!(reason.weight > 0);

    let mut against = Taste::default();
    for article in 0..9 {
        let action = if article == 3 { Action::Opened } else { Action::Dismissed };
        against.learn(&features[..1], None, done(action, article));
    }
    let relevance = score_plain(&profile, subject, &against.at(day(10)));
    let reason = relevance.reasons.iter().find(|reason| reason.what == What::Taste).unwrap();
    assert_eq!(reason.why, "you opened only 1 of 9 articles from CERT");
    assert!(reason.weight < 0);
}

#[test]
fn a_changed_mind_takes_back_what_was_learned() {
    let features = [vendor("acme")];
    let mut corrected = Taste::default();
    corrected.learn(&features, None, done(Action::Opened, 0));
    corrected.learn(&features, Some(done(Action::Opened, 0)), done(Action::Opened, 50));
    corrected.learn(&features, Some(done(Action::Opened, 0)), done(Action::Dismissed, 100));
    let mut direct = Taste::default();
    direct.learn(&features, None, done(Action::Dismissed, 100));
    assert_eq!(corrected, direct);
    corrected.unlearn(&features, done(Action::Dismissed, 100));
    assert!(corrected.is_empty());
}

#[test]
fn features_are_bounded_and_the_least_useful_go() {
    let mut taste = Taste::default();
    for _ in 0..3 {
        taste.learn(&[vendor("kept")], None, done(Action::Opened, 0));
    }
    for name in 0..5_000 {
        taste.learn(&[vendor(&name.to_string())], None, done(Action::Dismissed, name / 100));
        assert!(taste.len() <= MAX_FEATURES);
    }
    assert!(taste.at(day(50)).log_odds(&vendor("kept")) > 0.0);
    assert!(taste.at(day(50)).log_odds(&vendor("4999")) < 0.0);
    let json = serde_json::to_string(&taste).unwrap();
    assert_eq!(serde_json::from_str::<Taste>(&json).unwrap(), taste);
    taste.forget(day(1_000));
    assert!(taste.is_empty());
}

#[test]
fn a_saved_taste_out_of_bounds_is_refused() {
    let read = |periods: &str| {
        serde_json::from_str::<Taste>(&format!(
            r#"{{"features":[{{"kind":"vendor","name":"a","periods":{periods}}}]}}"#
        ))
    };
    assert!(read(r#"[{"period":600,"opened":1}]"#).is_ok());
    for periods in ["[]", r#"[{"period":600}]"#, r#"[{"period":2,"opened":1},{"period":1,"opened":1}]"#] {
        assert!(read(periods).is_err(), "{periods}");
    }
}

#[test]
fn only_lasting_features_are_learned() {
    let profile = compiled("user = 'ada'\nkeywords = ['ot security']");
    let entities = entities(&[
        (EntityKind::Ip, "192.0.2.1"),
        (EntityKind::Cve, "cve-2026-1"),
        (EntityKind::Actor, "apt28"),
        (EntityKind::Actor, "apt28"),
    ]);
    let categories = ["News".to_owned()];
    let reading = Reading::of(Subject {
        title: "OT-Security",
        source: "CERT",
        entities: &entities,
        categories: &categories,
        ..Subject::default()
    });
    let kinds: Vec<_> = profile.features(&reading).into_iter().map(|feature| feature.kind).collect();
    assert_eq!(kinds, [FeatureKind::Source, FeatureKind::Keyword, FeatureKind::Category, FeatureKind::Actor]);
}

proptest! {
    #[test]
    fn more_opens_never_lower_a_score(events in events(), name in 0..5_u8, on in 0..900_i64) {
        let profile = compiled("user = 'ada'");
        let mut taste = learned(&events);
        let before = taste.at(day(900));
        taste.learn(&[vendor(&name.to_string())], None, done(Action::Opened, on));
        let after = taste.at(day(900));
        for name in ["0", "1", "2", "3", "4", "all"] {
            let entities = entities(&[(EntityKind::Vendor, name), (EntityKind::Vendor, "all")]);
            let subject = Subject { text: "x", entities: &entities, ..Subject::default() };
            prop_assert!(score_plain(&profile, subject, &after).score >= score_plain(&profile, subject, &before).score);
        }
    }

    #[test]
    fn the_influence_of_taste_is_bounded(events in events()) {
        let profile = compiled("user = 'ada'");
        let entities = entities(&[0, 1, 2, 3, 4].map(|_| (EntityKind::Vendor, "all")));
        let subject = Subject { text: "x", entities: &entities, ..Subject::default() };
        let relevance = score_plain(&profile, subject, &learned(&events).at(day(900)));
        for reason in relevance.reasons.iter().filter(|reason| reason.what == What::Taste) {
            prop_assert!(reason.weight.abs() <= 12);
        }
    }

    #[test]
    fn the_order_of_events_does_not_matter(events in events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()))) {
        prop_assert_eq!(learned(&events.0), learned(&events.1));
    }

    #[test]
    fn any_event_can_be_taken_back(events in events(), name in 0..5_u8, action in actions(), on in 0..900_i64) {
        let taste = learned(&events);
        let mut other = taste.clone();
        let features = [vendor(&name.to_string())];
        other.learn(&features, None, done(action, on));
        other.unlearn(&features, done(action, on));
        prop_assert_eq!(other, taste);
    }

    #[test]
    fn what_was_learned_fades_and_never_turns(events in events(), later in 1..4_000_i64) {
        let taste = learned(&events);
        let (now, then) = (taste.at(day(931)), taste.at(day(931 + later)));
        for name in ["0", "1", "2", "3", "4", "all"] {
            let (now, then) = (now.log_odds(&vendor(name)), then.log_odds(&vendor(name)));
            prop_assert!(then.abs() <= now.abs() + 1e-12 && then * now >= 0.0, "{name}: {now} then {then}");
        }
    }
}
