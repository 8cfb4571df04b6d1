use super::*;
use crate::Subject;
use crate::reading::fold;
use proptest::prelude::*;

fn grade(title: &str, text: &str) -> Graded {
    severity(&Reading::of(Subject { title, text, ..Subject::default() }))
}

fn first(cue: usize) -> &'static str {
    CUES[cue].phrases().next().unwrap()
}

#[test]
fn every_phrase_is_written_as_it_is_looked_for() {
    assert!(AhoCorasick::new(CUES.iter().flat_map(Cue::phrases)).is_ok());
    for phrase in CUES.iter().flat_map(Cue::phrases) {
        assert_eq!(phrase, fold(phrase));
    }
    let mut phrases: Vec<_> = CUES.iter().flat_map(Cue::phrases).collect();
    phrases.sort_unstable();
    let count = phrases.len();
    phrases.dedup();
    assert_eq!(phrases.len(), count, "a phrase of two cues");
}

#[test]
fn articles_are_as_severe_as_what_they_say() {
    use Severity::{Critical, High, Informational, Low, Medium};
    for (title, text, least, most) in [
        (
            "Fortinet warns of critical FortiOS zero-day exploited in the wild",
            "An unauthenticated attacker can execute arbitrary code (CVSS 9.8). Patch now.",
            Critical,
            Critical,
        ),
        (
            "Ransomware gang leaks files of hospital chain",
            "The group claims double extortion after a data breach. Stolen data is for sale. It is an ongoing attack.",
            High,
            Critical,
        ),
        (
            "Popular npm library hijacked in supply-chain attack",
            "A malicious package with an infostealer was published.",
            High,
            High,
        ),
        (
            "Vendor fixes critical flaw in its VPN gateway",
            "The vulnerability (CVSS 9.1) allows remote code execution. There is no evidence of active exploitation.",
            High,
            High,
        ),
        (
            "Moderate vulnerability in image library fixed",
            "The vulnerability has a CVSS score of 5.3.",
            Low,
            Medium,
        ),
        (
            "Webinar: how to stop ransomware",
            "Join us and learn about zero-days that are actively exploited. Register now.",
            Informational,
            Low,
        ),
        ("Acme SIEM 9 is now available", "It has a new dashboard.", Informational, Informational),
        (
            "Week in review: exploited zero-day, npm supply chain attack",
            "Here is an overview of this week's news.",
            Low,
            Medium,
        ),
        ("What is a buffer overflow? A tutorial", "This vulnerability explained step by step.", Low, Low),
        ("Conference season opens", "Tickets are on sale.", Informational, Informational),
    ] {
        let graded = grade(title, text);
        assert!(
            (least..=most).contains(&graded.severity),
            "{title}: {} with {} points {:#?}",
            graded.severity.name(),
            graded.points,
            graded.reasons
        );
    }
    assert_eq!(grade("", " \n").severity, Severity::Unknown);
}

#[test]
fn reasons_name_the_cue_and_where_it_stands() {
    let graded = grade(
        "Zero\u{2011}day in Acme  VPN\u{2014}patch now",
        "There is no evidence of ransomware. The flaw has a CVSS score of 9.8 and allows remote code execution.",
    );
    let reasons: Vec<String> = graded.reasons.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(reasons.join("\n"));
}

#[test]
fn the_place_is_that_of_the_original() {
    let text = "Ärger \u{200b}-\u{2014}  um   Ransom\u{ad}ware in Wien";
    let graded = grade("", text);
    let place = graded.reasons[0].place.unwrap();
    assert!(text[place.at..].starts_with("Ransom"), "{place:?}");
}

#[test]
fn a_footer_does_not_lower_and_a_banner_lowers_by_half() {
    let news = "The zero-day is exploited in the wild. ";
    let plain = grade("Acme hit", news).points;
    assert_eq!(
        grade("Acme hit", &format!("{news}{}Register now for our webinar", "x ".repeat(400))).points,
        plain
    );
    let banner = grade("Acme hit", &format!("Register now for our webinar! {news}")).points;
    assert!(banner < plain && banner > plain / 2);
}

#[test]
fn known_exploitation_is_the_callers_word() {
    let subject = Subject { title: "Patch for CVE-2026-1234", ..Subject::default() };
    let before = severity(&Reading::of(subject));
    let exploited = ["cve-2026-1234".to_owned()];
    let after = severity(&Reading::of(Subject { exploited: &exploited, ..subject }));
    assert!(after.severity > before.severity);
    assert!(after.reasons.iter().any(|cause| cause.words == "cve-2026-1234"));
}

proptest! {
    #[test]
    fn any_text_is_graded_within_bounds(title in "\\PC{0,60}", text in "(\\PC|\n|cvss |zero-day |not |no evidence of |9.8){0,60}") {
        let graded = grade(&title, &text);
        prop_assert!(graded.reasons.len() <= MAX_CAUSES);
        prop_assert!(graded.severity < Severity::Fatal);
        for place in graded.reasons.iter().filter_map(|cause| cause.place) {
            let part = if place.part == Part::Title { &title } else { &text };
            prop_assert!(place.at <= part.len());
        }
    }

    #[test]
    fn a_raising_cue_never_lowers(picked in proptest::collection::vec(0..CUES.len(), 0..6), more in 0..CUES.len()) {
        let Effect::Adds(_) = CUES[more].effect else { return Ok(()) };
        let text = picked.iter().map(|&cue| first(cue)).collect::<Vec<_>>().join(". ");
        let before = grade("Acme", &text).points;
        let after = grade("Acme", &format!("{text}. {}", first(more))).points;
        prop_assert!(after >= before, "{text}: {before} then {after}");
    }
}
