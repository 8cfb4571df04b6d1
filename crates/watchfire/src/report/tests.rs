//! What both reports promise: the numbers are there, and no text from the input is ever more than text.

use super::{html, markdown, sample};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;
use watchfire_engine::{Count, Summary};

/// Pieces that hostile texts are made of.
pub(super) const PIECES: [&str; 32] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</style></title></svg>",
    "]]>",
    "<!--",
    "&lt;b&gt;",
    "&#60;",
    "{{ 7*7 }}",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "<https://evil.example>",
    "https://evil.example/?a=b",
    "www.evil.example",
    "@root",
    "#1",
    "`",
    "```",
    "|",
    "\\|",
    "\\",
    "\n",
    "\r\n# heading\n- item\n",
    "**bold**",
    "~~gone~~",
    "$x$",
    "\u{202e}txt.exe",
    "שלום",
    "😀🏴‍☠️",
    "\u{1b}[2J\0",
    " ",
];

/// The summary with another text in the place of every string in it, and of every name of a count.
fn with_every_string(summary: &Summary, text: &mut impl FnMut() -> String) -> Summary {
    fn replace(value: &mut Value, text: &mut impl FnMut() -> String) {
        match value {
            Value::String(string) => *string = text(),
            Value::Array(values) => values.iter_mut().for_each(|value| replace(value, text)),
            Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut value = serde_json::to_value(summary).unwrap();
    replace(&mut value, text);
    let mut summary: Summary = serde_json::from_value(value).unwrap();
    for counts in [
        &mut summary.by_verdict,
        &mut summary.by_severity,
        &mut summary.decisions_by_decider,
        &mut summary.by_decider,
        &mut summary.by_format,
        &mut summary.by_category,
        &mut summary.set_aside_by_kind,
        &mut summary.dead_by_reason,
    ] {
        for Count { name, .. } in counts {
            *name = text();
        }
    }
    summary
}

/// Reads a page as strictly as XML, and asserts that there is nothing in it that the templates don't have. Answers with
/// its text.
pub(super) fn assert_sound(page: &str) -> String {
    const ELEMENTS: &str = "html head meta title style body header p h1 h2 h3 h4 ol ul li b span small strong dl div dt dd \
        nav a main section details summary i em bdi code br table caption thead tbody tr th td figure figcaption footer \
        svg symbol path circle rect line text use g";
    const ATTRIBUTES: &str = "lang charset http-equiv name content class id aria-label aria-labelledby aria-hidden href rel \
        scope open start role width height viewBox d cx cy r fill-rule preserveAspectRatio x y x1 x2 y1 y2 dx dy";
    const VOID: [&str; 2] = ["meta", "br"];
    let elements: BTreeSet<&str> = ELEMENTS.split_whitespace().collect();
    let attributes: BTreeSet<&str> = ATTRIBUTES.split_whitespace().collect();
    let mut rest = page.trim_start().strip_prefix("<!doctype html>").unwrap();
    let (mut open, mut text): (Vec<&str>, String) = (Vec::new(), String::new());
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>') || open.last() == Some(&"style"), "a bare > in {before:?}");
        text.push_str(before);
        let (tag, tail) = after.split_once('>').unwrap();
        rest = tail;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(
                open.pop(),
                Some(name),
                "unbalanced at {:?}",
                tail.chars().take(60).collect::<String>()
            );
            continue;
        }
        let closed = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, mut list) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        assert!(elements.contains(name), "<{name}> is not ours");
        while !list.trim().is_empty() {
            let (attribute, value) = match list.trim_start().split_once("=\"") {
                Some((attribute, value)) if !attribute.contains(char::is_whitespace) => {
                    let (value, tail) = value.split_once('"').unwrap();
                    list = tail;
                    (attribute, value)
                }
                _ => {
                    let (attribute, tail) = list.trim().split_once(' ').unwrap_or((list.trim(), ""));
                    list = tail;
                    (attribute, "")
                }
            };
            assert!(attributes.contains(attribute), "{attribute}= is not ours, in <{tag}>");
            let leads = value.starts_with('#') || value.starts_with("https://attack.mitre.org/techniques/T");
            assert!(attribute != "href" || leads, "a link to {value}");
        }
        if !closed && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty() && !rest.contains('>'), "left open: {open:?}");
    text
}

/// Asserts that a Markdown text has no markup but that of the report: rows keep their number of cells, and outside of
/// code nothing hostile is left bare.
fn assert_tame(markdown: &str) {
    let mut width = None;
    for line in markdown.lines() {
        let bare = outside_code(line).replace("<0.1", "");
        for markup in [
            "<",
            ">",
            "](",
            "://",
            "@",
            "www.e",
            "evil.example",
            "\u{1b}",
            "\u{202e}",
            "~~",
            "{{",
            "**b",
            "$x",
        ] {
            assert!(!bare.contains(markup), "{markup} in {line}");
        }
        let heading = line.starts_with('#');
        assert!(
            !heading || ["# Triage", "## W", "## A", "## H", "### "].iter().any(|own| line.starts_with(own)),
            "{line}"
        );
        let cells = line.replace("\\|", "").matches('|').count();
        match width {
            Some(width) if line.starts_with("| ") => assert_eq!(cells, width, "{line}"),
            _ => width = (cells > 0).then_some(cells),
        }
    }
}

/// A line without its code spans and without what a backslash has made harmless.
pub(super) fn outside_code(line: &str) -> String {
    let (mut bare, mut rest) = (String::new(), line);
    while let Some(character) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches('`').len();
        rest = if character == '\\' {
            rest.get(2..).unwrap_or_default()
        } else if run > 0 {
            let (fence, after) = rest.split_at(run);
            let close = after
                .match_indices(fence)
                .find(|(at, _)| !after[..*at].ends_with('`') && !after[at + run..].starts_with('`'));
            let (at, _) = close.unwrap_or_else(|| panic!("code that does not end in {line}"));
            after.split_at(at + run).1
        } else {
            bare.push(character);
            &rest[character.len_utf8()..]
        };
    }
    bare
}

/// Texts of a few hostile pieces each.
fn hostile_texts() -> impl Strategy<Value = Vec<String>> {
    let text = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..5);
    prop::collection::vec(text.prop_map(|pieces| pieces.concat()), 40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hostile_text_in_any_string_stays_text(texts in hostile_texts()) {
        let mut texts = texts.iter().cycle();
        let summary = with_every_string(&sample::morning(), &mut || texts.next().unwrap().clone());
        assert_sound(&html(&summary));
        assert_tame(&markdown(&summary));
    }
}

#[test]
fn every_string_is_shown_escaped() {
    let hostile = "\"><script>alert('1')</script>&";
    let mut count = 0;
    let mut numbered = || {
        count += 1;
        format!("{hostile}{count};")
    };
    let summary = with_every_string(&sample::morning(), &mut numbered);
    let page = html(&summary);
    assert_sound(&page);
    assert!(!page.contains("<script") && !page.contains("alert('"));
    let escaped = hostile.replace('&', "&#38;").replace('"', "&#34;").replace('\'', "&#39;");
    let escaped = escaped.replace('<', "&#60;").replace('>', "&#62;");
    // Not shown as they are: times that are none of ours (format of decisions, counts with unknown names).
    let shown = (1..=count).filter(|number| page.contains(&format!("{escaped}{number};"))).count();
    assert!(shown * 10 >= count * 9, "{shown} of {count}");
}

#[test]
fn the_page_holds_the_headline_numbers() {
    let text = assert_sound(&html(&sample::morning()));
    for said in [
        "2,812 alerts → 311 patterns → 0 calls → $0.00",
        "2,943 received =",
        "2,812 judged",
        "129 set aside",
        "✓ nothing lost",
        "2026-03-17 00:02:11 – 12:33:40",
        "watchfire.db",
        "Redirect STDOUT/STDIN to Network Connection in Container",
        "watchfire decide 3fa91c0d22e7-1741 true_positive",
        "203.0.113.7",
        "and 36 more",
        "95 less urgent findings",
        "the compressed data ends early",
        "watchfire dead list",
    ] {
        assert!(text.contains(said), "{said}");
    }
}

#[test]
fn an_empty_run_says_so_and_divides_nothing_by_it() {
    let summary = sample::empty();
    let page = html(&summary);
    let text = assert_sound(&page);
    assert!(text.contains("Nothing was read") && text.contains("there are no findings"));
    for (rendering, text) in [("html", text), ("markdown", markdown(&summary))] {
        assert!(!text.contains("NaN") && !text.contains("inf "), "{rendering}");
    }
    assert!(page.len() <= 40_000, "{} bytes", page.len());
}

#[test]
fn records_that_are_no_alerts_are_not_called_nothing() {
    let summary = Summary { received: 129, set_aside: 129, ..sample::empty() };
    assert!(html(&summary).contains("None of the records read is an alert"));
}

#[test]
fn a_lost_record_is_said_aloud() {
    let lost = Summary { received: 2944, ..sample::morning() };
    assert!(html(&lost).contains("does not balance: 1\u{a0}record not accounted for"));
    assert!(markdown(&lost).contains("✗") && !markdown(&lost).contains("✓"));
    let twice = Summary { judged: u64::MAX, pending: u64::MAX, ..sample::morning() };
    assert!(html(&twice).contains("more than were received"));
}

#[test]
fn a_full_report_stays_small_enough_to_mail() {
    let morning = sample::morning();
    let mut finding = morning.findings[0].clone();
    finding.hosts = vec!["a-machine-with-a-long-name.department.halden.example".to_owned(); 5];
    finding.evidence = vec![("process.command_line".to_owned(), "powershell -enc ".repeat(3)); 18];
    finding.next_steps =
        vec!["Look for logons from this machine to others, and reset the passwords.".to_owned(); 5];
    let mut timeline = morning.timeline.clone();
    timeline.steps = vec![[3, 100, 80, 40, 12, 5, 1]; 240];
    let summary = Summary { findings: vec![finding; 500], timeline, ..morning };
    let size = html(&summary).len();
    assert!(size <= 400_000, "{size} bytes");
}

#[test]
fn an_id_that_a_shell_could_misread_is_not_offered_as_a_command() {
    for id in ["$(reboot)", "a b", "-rf", "a;b", "a\nb", ""] {
        let mut summary = sample::morning();
        summary.findings.iter_mut().for_each(|finding| id.clone_into(&mut finding.example));
        assert!(!html(&summary).contains("watchfire decide"), "{id}");
        assert!(!markdown(&summary).contains("watchfire decide"), "{id}");
    }
}

#[test]
fn the_page_asks_for_nothing() {
    let page = html(&sample::morning());
    for request in ["src=", "url(", "@import", "<link", "<script", "srcset", "http-equiv=\"refresh\""] {
        assert!(!page.contains(request), "{request}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_morning_reads_well_as_markdown() {
    insta::assert_snapshot!(markdown(&sample::morning()));
}

#[test]
fn an_empty_run_reads_well_as_markdown() {
    insta::assert_snapshot!(markdown(&sample::empty()));
}
