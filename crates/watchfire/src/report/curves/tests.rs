//! What the page, the file and the table promise: the numbers are there, nothing hostile is more than text, and no
//! number breaks them.

use super::super::tests::{PIECES, assert_sound, outside_code};
use super::{Curve, Point, Target, markdown, page, svg};
use proptest::prelude::*;
use watchfire_engine::{Count, Figures, ScenarioFigures, Step};

const TARGET: Target = Target { calls_per_1000: 10.0, wrong_reuse_percent: 0.05 };

fn point(hours: f64, calls: f64, wrong: f64, caught: u64) -> Point {
    Point {
        label: format!("{hours} h"),
        hours: Some(hours),
        calls_per_1000: calls,
        wrong_reuse_percent: wrong,
        missed_percent: 0.042,
        steps_caught: caught,
        steps_total: 33,
        chosen: hours == 1.0,
    }
}

fn curve(name: &str, points: Vec<Point>) -> Curve {
    Curve { name: name.to_owned(), points }
}

/// What a comparison of keys may look like, with and without wrong reuse.
fn curves() -> Vec<Curve> {
    vec![
        curve(
            "material fields",
            vec![
                point(24.0, 6.82, 0.036, 32),
                point(0.5, 36.94, 0.013, 33),
                point(1.0, 28.56, 0.015, 33),
                point(4.0, 13.75, 0.022, 32),
            ],
        ),
        curve("rule", vec![point(2.0, 2.1, 1.9, 27), point(8.0, 0.7, 3.2, 21)]),
        curve("rule + machine", vec![point(0.25, 70.0, 0.0, 33), point(4.0, 22.0, 0.004, 33)]),
    ]
}

fn figures() -> Figures {
    let steps = vec![
        Step { name: "dirb".to_owned(), alerts: 4522, caught: 4514, delay_s: Some(0.0), opened_as: 2 },
        Step { name: "dnsteal".to_owned(), alerts: 6, caught: 0, delay_s: None, opened_as: 12 },
    ];
    let scenario = ScenarioFigures {
        name: "/data/ait/russellmitchell.csv.gz".to_owned(),
        alerts: 45_544,
        attack_alerts: 10_962,
        patterns: 212,
        calls: 1737,
        calls_per_1000: 38.14,
        reused: 43_807,
        wrong_reuse: 14,
        wrong_reuse_percent: 0.031,
        missed: 9,
        missed_percent: 0.082,
        precision: 0.999_6,
        recall: 0.999_2,
        by_decider: vec![Count { name: "llm".to_owned(), alerts: 45_544 }],
        steps_total: 2,
        steps_caught: 1,
        opened_until_all_seen: 12,
        steps,
        ..ScenarioFigures::default()
    };
    let overall = ScenarioFigures { name: "all".to_owned(), steps: Vec::new(), ..scenario.clone() };
    Figures { scenarios: vec![scenario], overall }
}

/// Whether a file is read as XML by the rules that [`assert_sound`] checks in pages: balanced, quoted, nothing foreign.
fn assert_sound_file(file: &str) {
    let head = r#"<svg xmlns="http://www.w3.org/2000/svg" "#;
    let body = file.strip_prefix(head).unwrap();
    let own =
        [" rx=", " transform="].iter().fold(body.to_owned(), |body, name| body.replace(name, " class="));
    assert_sound(&format!("<!doctype html><svg {own}"));
    for request in ["url(", "@import", "href", "<script", "<image", "<foreignObject"] {
        assert!(!file.contains(request), "{request}");
    }
}

/// Everything that these curves and figures make, having checked it.
fn made_of(title: &str, figures: &Figures, curves: &[Curve], command: &str) -> [String; 3] {
    let page = page(title, figures, curves, Some(TARGET), command);
    let (file, table) = (svg(curves, Some(TARGET)), markdown(curves));
    let text = assert_sound(&page);
    assert_sound_file(&file);
    for made in [&page, &text, &file, &table] {
        let word = made.split(|c: char| !c.is_alphanumeric()).find(|word| ["NaN", "inf"].contains(word));
        assert_eq!(word, None, "a number that is none is spelled out");
    }
    [page, file, table]
}

#[test]
fn the_page_holds_every_number() {
    let text =
        assert_sound(&page("What reuse costs", &figures(), &curves(), Some(TARGET), "watchfire eval a.csv"));
    for said in [
        "What reuse costs",
        "45,544",
        "38.14 calls of 1,000",
        "0.031\u{a0}% wrong reuse",
        "1/2 steps caught",
        "1\u{a0}step lost",
        "material fields, 1 h",
        "at most 10.00 calls of 1,000 alerts",
        "rule + machine, 4 h: 22.00 calls of 1,000 alerts, wrong reuse 0.004 %, missed 0.042 %, steps caught 33/33",
        "russellmitchell.csv.gz",
        "dnsteal lost",
        "never",
        "watchfire eval a.csv",
        "43,807",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(!text.contains("/data/ait"), "folders are nobody's business");
}

#[test]
fn the_table_reads_well_as_markdown() {
    insta::assert_snapshot!(markdown(&curves()), @r"
    | key | verdicts live | calls of 1,000 | wrong reuse, % | missed, % | steps caught |
    |---|---:|---:|---:|---:|---:|
    | material fields | 0.5 h | 36.94 | 0.013 | 0.042 | 33/33 |
    | material fields | **1 h** | 28.56 | 0.015 | 0.042 | 33/33 |
    | material fields | 4 h | 13.75 | 0.022 | 0.042 | 32/33 |
    | material fields | 24 h | 6.82 | 0.036 | 0.042 | 32/33 |
    | rule | 2 h | 2.10 | 1.900 | 0.042 | 27/33 |
    | rule | 8 h | 0.70 | 3.200 | 0.042 | 21/33 |
    | rule + machine | 0.25 h | 70.00 | 0.000 | 0.042 | 33/33 |
    | rule + machine | 4 h | 22.00 | 0.004 | 0.042 | 33/33 |
    ");
}

#[test]
fn a_point_that_lost_a_step_is_hollow_and_says_how_many_are_left() {
    let curves = [curve("c", vec![point(4.0, 13.75, 0.022, 32), point(1.0, 28.56, 0.015, 33)])];
    let drawn = page("t", &Figures::default(), &curves, None, "");
    assert_eq!(drawn.matches(r#"class="mark-0 k0 hollow""#).count(), 1);
    assert!(drawn.contains(">4 h · 32/33</text>") && drawn.contains(">1 h</text>"));
    assert!(svg(&curves, None).contains("hollow: a step of an attack was lost"));
    let sound = [curve("c", vec![point(1.0, 28.56, 0.015, 33)])];
    assert!(!svg(&sound, None).contains("hollow:"));
}

#[test]
fn zero_has_a_place_and_the_line_to_it_is_dashed() {
    let with = svg(&[curve("c", vec![point(1.0, 30.0, 0.0, 33), point(4.0, 9.0, 0.01, 33)])], None);
    assert!(
        with.contains(">0</text>") && with.contains("curve k0 through") && with.contains("class=\"gap\"")
    );
    let none = svg(&[curve("c", vec![point(1.0, 30.0, 0.0, 33), point(4.0, 9.0, 0.0, 33)])], None);
    assert!(none.contains(">0</text>") && !none.contains("curve k0 through"), "both lie at zero");
    let without = svg(&[curve("c", vec![point(1.0, 30.0, 0.1, 33), point(4.0, 9.0, 0.01, 33)])], None);
    assert!(!without.contains(">0</text>") && !without.contains("class=\"gap\""));
}

#[test]
fn points_are_joined_by_lifetime_whatever_their_order() {
    let reversed = |curve: Curve| Curve { points: curve.points.into_iter().rev().collect(), ..curve };
    assert_eq!(svg(&curves(), None), svg(&curves().into_iter().map(reversed).collect::<Vec<_>>(), None));
}

#[test]
fn nothing_one_point_and_absurd_numbers_are_told_too() {
    let [page, file, table] = made_of("t", &Figures::default(), &[], "");
    assert!(page.contains("There is no point to draw") && file.contains("There is no point to draw"));
    assert_eq!(table.lines().count(), 2);
    made_of("t", &figures(), &[curve("c", Vec::new())], "");
    let [page, ..] = made_of("t", &figures(), &[curve("c", vec![point(1.0, 28.56, 0.015, 33)])], "");
    assert_eq!(page.matches(r#"class="point""#).count(), 1);

    let absurd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 5e-324, f64::MAX];
    let mut points = Vec::new();
    for calls in absurd {
        points.extend(absurd.map(|wrong| Point { missed_percent: wrong, ..point(calls, calls, wrong, 40) }));
    }
    let overall = ScenarioFigures {
        alerts: 1,
        attack_alerts: u64::MAX,
        reused: u64::MAX,
        calls: u64::MAX,
        calls_per_1000: f64::NAN,
        wrong_reuse_percent: f64::INFINITY,
        precision: f64::NAN,
        steps_caught: 9,
        ..ScenarioFigures::default()
    };
    let figures = Figures { scenarios: vec![overall.clone()], overall };
    let points: Vec<Point> =
        points.into_iter().map(|point| Point { label: "x".to_owned(), ..point }).collect();
    let [page, ..] = made_of("t", &figures, &[curve("c", points)], "");
    assert_eq!(
        page.matches(r#"class="mark-0 "#).count(),
        9 + 2,
        "three numbers have a place, on either axis"
    );
}

#[test]
fn long_and_many_are_bounded() {
    let long = "<x>".repeat(200);
    let step = Step { name: long.clone(), ..Step::default() };
    let scenario =
        ScenarioFigures { name: long.clone(), steps: vec![step; 100], ..ScenarioFigures::default() };
    let figures = Figures { scenarios: vec![scenario; 100], overall: ScenarioFigures::default() };
    let many = |_| Point { label: long.clone(), ..point(1.0, 28.0, 0.1, 3) };
    let curves: Vec<Curve> = (0..100).map(|_| curve(&long, (0..100).map(many).collect())).collect();
    let [page, file, table] = made_of(&long, &figures, &curves, &long);
    assert!(page.len() < 3_000_000, "{}", page.len());
    assert!(file.len() < 1_000_000 && table.len() < 1_000_000);
    assert!(
        page.contains("40 more scenarios")
            && page.contains("40 more steps")
            && page.contains("88 more curves")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_names_stay_text(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 12)) {
        let mut texts = pieces.windows(2).map(<[&str]>::concat).cycle();
        let mut text = move || texts.next().unwrap_or_default();
        let (mut figures, mut curves) = (figures(), curves());
        for scenario in figures.scenarios.iter_mut().chain([&mut figures.overall]) {
            scenario.name = text();
            scenario.steps.iter_mut().for_each(|step| step.name = text());
            scenario.by_decider.iter_mut().for_each(|count| count.name = text());
        }
        for curve in &mut curves {
            curve.name = text();
            curve.points.iter_mut().for_each(|point| point.label = text());
        }
        let [.., table] = made_of(&text(), &figures, &curves, &text());
        for line in table.lines() {
            let bare = outside_code(line).replace("**", "");
            for markup in ["<", ">", "](", "://", "@", "\u{202e}", "\u{1b}", "~~", "{{", "$x"] {
                prop_assert!(!bare.contains(markup), "{} in {}", markup, line);
            }
            prop_assert_eq!(line.replace("\\|", "").matches('|').count(), 7, "{}", line);
        }
    }
}
