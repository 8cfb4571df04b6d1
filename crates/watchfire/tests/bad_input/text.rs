//! Files that are in another encoding, have other line ends, are CSV gone wrong, or no text at all.

use crate::support::Workbench;
use crate::support::alerts::{alerts, gzip};
use std::fmt::Write;

#[test]
fn utf_16_is_named_for_what_it_is() {
    let text = alerts(0..5);
    for (name, head, big) in [("little.json", [0xff, 0xfe], false), ("big.json", [0xfe, 0xff], true)] {
        let bench = Workbench::new();
        let mut bytes = head.to_vec();
        bytes.extend(
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }),
        );
        let (file, sound) = (bench.file(name, &bytes), bench.file("sound.json", alerts(0..5)));
        let alone = bench.triage(&[&file]);
        alone.is_balanced().came_to(0, 0, 0);
        alone.finished.says(&[name, "UTF-16", "iconv"]);
        assert_ne!(alone.finished.status.code(), Some(0));
        let beside = bench.triage(&[&file, &sound]);
        beside.ends_with(1).came_to(5, 0, 0);
        beside.finished.says(&[name, "UTF-16", "iconv"]);
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_record() {
    let marked = ["\u{feff}", &alerts(0..5)].concat();
    for (name, bytes) in [("bom.json", marked.clone().into_bytes()), ("bom.json.gz", gzip(marked.as_bytes()))]
    {
        let bench = Workbench::new();
        bench.triage(&[&bench.file(name, bytes)]).ends_with(0).came_to(5, 0, 0);
    }
    let bench = Workbench::new();
    let array = ["\u{feff}[", alerts(0..5).trim().replace('\n', ",").as_str(), "]"].concat();
    bench.triage(&[&bench.file("bom-array.json", array)]).ends_with(0).came_to(5, 0, 0);
    // `cat` of several such files leaves marks in the middle.
    let bench = Workbench::new();
    bench
        .triage(&[&bench.file("cat.json", [marked.clone(), marked].concat())])
        .ends_with(0)
        .came_to(10, 0, 0);
}

#[test]
fn windows_line_ends_change_nothing() {
    let bench = Workbench::new();
    let lines = alerts(0..50).replace('\n', "\r\n");
    bench.triage(&[&bench.file("crlf.json", lines)]).ends_with(0).came_to(50, 0, 0);
    let cef = "<14>Mar 17 10:01:13 fw CEF:0|V|P|1|100|Probe|4|src=203.0.113.7 dst=10.20.1.1 dvchost=fw\r\n"
        .repeat(4);
    let run = bench.triage_with(&[&bench.file("crlf.log", cef)], &["--format", "csv"]);
    run.ends_with(0).came_to(4, 0, 0);
    assert!(!run.finished.out().contains('\r'), "{}", run.finished.out());
}

const MAPPING: &str = r#"
name = "table"
[match]
columns = ["when", "rule", "from"]
[time]
from = "when"
[fields]
"rule.id" = "rule"
"source.ip" = "from"
"#;

fn rows(numbers: std::ops::Range<u32>) -> String {
    numbers.fold(String::new(), |mut rows, number| {
        let _ = writeln!(
            rows,
            "2026-03-17T00:{:02}:{:02}Z,rule {},203.0.113.{}",
            number / 60 % 60,
            number % 60,
            number % 7,
            number % 250
        );
        rows
    })
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_the_rest_of_a_csv() {
    let bench = Workbench::new();
    let mapping = bench.file("table.toml", MAPPING);
    let text =
        ["when,rule,from\n", &rows(0..40), "2026-03-17T00:00:40Z,\"rule 1,203.0.113.1\n", &rows(41..100)]
            .concat();
    let file = bench.file("table.csv", text);
    let run = bench.triage_with(&[&file], &["--mapping", mapping.to_str().unwrap()]);
    run.finished.is_no_panic();
    run.is_balanced();
    let (judged, told) = (run.count("judged"), bench.dead_letters());
    assert!(judged >= 99, "{judged} of 99 sound rows were judged: {told:?}");
    run.ends_with(3);
    assert_eq!((run.count("dead"), told[0]["line"].as_u64()), (1, Some(42)));
}

#[test]
fn rows_of_the_wrong_length_are_judged_or_told() {
    let bench = Workbench::new();
    let mapping = bench.file("table.toml", MAPPING);
    let text = [
        "when,rule,from\r\n",
        &rows(0..10).replace('\n', "\r\n"),
        "2026-03-17T00:00:40Z\r\n,,,,,,\r\n\r\n",
        &rows(10..20),
    ]
    .concat();
    let file = bench.file("table.csv", text);
    let run = bench.triage_with(&[&file], &["--mapping", mapping.to_str().unwrap()]);
    run.finished.is_no_panic();
    run.is_balanced();
    assert!(run.count("judged") >= 20, "{}", run.summary());
    assert_eq!(bench.dead_letters().len() as u64, run.count("dead"));
}

#[test]
fn a_csv_without_a_mapping_says_what_is_missing() {
    let bench = Workbench::new();
    let file = bench.file("table.csv", ["when,rule,from\n", &rows(0..5)].concat());
    let run = bench.triage(&[&file]);
    run.ends_with(3).came_to(0, 0, 6);
    assert!(
        bench
            .dead_letters()
            .iter()
            .all(|letter| letter["hint"].as_str().is_some_and(|hint| hint.contains("--mapping")))
    );
}

#[test]
fn a_picture_and_a_program_are_no_alerts() {
    let picture = [
        &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"[..],
        &[0xab; 3000],
        b"\n",
        &[0; 500],
    ]
    .concat();
    let mut program = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0".to_vec();
    // Something like machine code: every byte value, in no order.
    program.extend((0_u64..1 << 20).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8));
    for (name, bytes) in [("picture.png", picture.as_slice()), ("program", &program)] {
        let bench = Workbench::new();
        let (file, sound) = (bench.file(name, bytes), bench.file("sound.json", alerts(0..5)));
        let run = bench.triage(&[&file, &sound]);
        run.ends_with(3);
        assert_eq!(run.count("judged"), 5);
        assert!(run.count("dead") > 0);
        assert_eq!(bench.count("SELECT count(*) FROM dead_letters"), run.count("dead") as i64);
        let listed = bench.run(["dead", "list"]);
        listed.ends_with(0);
        let shown = listed.out();
        assert!(shown.contains(name) && shown.contains("hint: "), "{shown}");
        assert!(
            shown.chars().all(|character| character == '\n' || !character.is_control()),
            "control characters in {shown:?}"
        );
    }
}
