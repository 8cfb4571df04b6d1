//! Single records that are broken, among sound ones.

use crate::support::alerts::{SOUND, alert_at, alert_with, alerts, between};
use crate::support::{Triaged, Workbench};
use serde_json::Value;
use std::time::Duration;

/// Puts this between sound alerts; all of those must be judged, whatever becomes of it.
fn among_sound_ones(bench: &Workbench, middle: impl AsRef<[u8]>) -> Triaged {
    let file = bench.file("mixed.json", between(middle));
    let run = bench.triage(&[&file]);
    run.finished.is_no_panic();
    run.is_balanced();
    assert!(run.count("judged") >= SOUND, "sound alerts were lost: {}", run.finished.told());
    run
}

/// The only dead letter: its reason and line.
fn only_dead_letter(bench: &Workbench) -> (String, u64) {
    let letters = bench.dead_letters();
    assert_eq!(letters.len(), 1, "{letters:?}");
    (letters[0]["reason"].as_str().unwrap_or_default().to_owned(), letters[0]["line"].as_u64().unwrap_or(0))
}

#[test]
fn a_record_that_is_cut_off_becomes_a_dead_letter_with_its_line() {
    let bench = Workbench::new();
    let run = among_sound_ones(&bench, r#"{"timestamp":"2026-03-17T00:00:00Z","event_type":"al"#);
    run.ends_with(3).came_to(SOUND, 0, 1);
    let (reason, line) = only_dead_letter(&bench);
    assert!(reason.starts_with("not valid JSON"), "{reason}");
    assert_eq!(line, SOUND / 2 + 1);
    let listed = bench.run(["dead", "list"]);
    listed.ends_with(0);
    assert!(listed.out().contains("mixed.json:4") && listed.out().contains("hint: "), "{}", listed.out());
}

#[test]
fn bytes_that_are_no_utf_8_are_shown_as_question_marks() {
    let bench = Workbench::new();
    let mut record = alert_at(77, "2026-03-17T00:00:00Z").into_bytes();
    let at = record.windows(5).position(|part| part == b"Probe").unwrap();
    record[at..at + 2].copy_from_slice(b"\xff\xc3");
    let file = bench.file("mixed.json", between(&record));
    let run = bench.triage_with(&[&file], &["--format", "ndjson"]);
    run.ends_with(0).came_to(SOUND + 1, 0, 0);
    let out = String::from_utf8(run.finished.stdout.clone()).expect("the output is UTF-8");
    let line = out.lines().find(|line| line.contains("??obe")).expect("the repaired record");
    assert!(line.contains("ET SCAN ??obe"), "{line}");
}

#[test]
fn nul_bytes_do_no_harm() {
    let bench = Workbench::new();
    // A file that was truncated while a sensor wrote it has a stretch of NULs before the next record.
    let padded = format!("{}{}", "\0".repeat(5000), alert_at(70, "2026-03-17T00:00:00Z"));
    among_sound_ones(&bench, padded).ends_with(0).came_to(SOUND + 1, 0, 0);

    let bench = Workbench::new();
    among_sound_ones(&bench, "\0".repeat(5000)).ends_with(3).came_to(SOUND, 0, 1);
    only_dead_letter(&bench);

    // JSON does not allow a bare one in a string …
    let bench = Workbench::new();
    let bare = alert_at(70, "2026-03-17T00:00:00Z").replace("Probe", "Pro\0be");
    among_sound_ones(&bench, bare).ends_with(3).came_to(SOUND, 0, 1);
    assert!(only_dead_letter(&bench).0.contains("control character"));

    // … but an escaped one, which must not reach any output as it is.
    for format in ["ndjson", "ocsf", "ecs", "csv", "md", "html"] {
        let bench = Workbench::new();
        let escaped = alert_at(70, "2026-03-17T00:00:00Z").replace("Probe", r"Pro\u0000be");
        let file = bench.file("mixed.json", between(escaped));
        let run = bench.triage_with(&[&file], &["--format", format]);
        run.ends_with(0).came_to(SOUND + 1, 0, 0);
        assert!(!run.finished.stdout.contains(&0) && !run.finished.stderr.contains(&0), "a NUL in {format}");
    }
}

#[test]
fn a_line_of_100_mb_costs_neither_its_neighbours_nor_memory() {
    let bench = Workbench::new();
    let mut line = br#"{"timestamp":"2026-03-17T00:00:00Z","event_type":"alert","payload":""#.to_vec();
    line.resize(100_000_000, b'A');
    line.extend_from_slice(br#""}"#);
    let run = among_sound_ones(&bench, line);
    run.ends_with(3).came_to(SOUND, 0, 1);
    let (reason, line) = only_dead_letter(&bench);
    assert_eq!((reason.as_str(), line), ("a record of more than 16 MiB", SOUND / 2 + 1));
    assert!(run.finished.elapsed < Duration::from_mins(2), "{:?}", run.finished.elapsed);
    if let Some(peak) = run.finished.peak_kib {
        assert!(peak <= 300 << 10, "{peak} KiB");
    }
}

#[test]
fn an_object_of_100_mb_in_a_pretty_printed_file_costs_neither_its_neighbours_nor_memory() {
    let bench = Workbench::new();
    let pretty = |number: u64| {
        let alert: Value = serde_json::from_str(&alert_at(number, "2026-03-17T00:00:00Z")).unwrap();
        serde_json::to_string_pretty(&alert).unwrap() + "\n"
    };
    let mut bytes = pretty(1).into_bytes();
    bytes.extend_from_slice(b"{\n\"event_type\":\"alert\",\n\"payload\":\"");
    bytes.resize(100_000_000, b'A');
    bytes.extend_from_slice(b"\"\n}\n");
    bytes.extend_from_slice(pretty(2).as_bytes());
    let file = bench.file("pretty.json", bytes);
    let run = bench.triage(&[&file]);
    run.ends_with(3);
    assert_eq!(run.count("judged"), 2);
    assert!(run.finished.elapsed < Duration::from_mins(2), "{:?}", run.finished.elapsed);
    assert!(run.finished.peak_kib.is_none_or(|peak| peak <= 300 << 10), "{:?}", run.finished.peak_kib);
}

#[test]
fn nesting_ten_thousand_deep_is_survived() {
    let nests = [
        // In a known format, where nobody looks; …
        alert_with(
            70,
            &format!(
                r#""timestamp":"2026-03-17T00:00:00Z","x":{}1{}"#,
                "[".repeat(10_000),
                "]".repeat(10_000)
            ),
        ),
        // … in no known format; …
        format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000)),
        // … where the record itself should be; …
        format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
        // … and without an end.
        r#"{"a":["#.repeat(10_000),
    ];
    for nest in nests {
        let bench = Workbench::new();
        let run = among_sound_ones(&bench, &nest);
        assert_eq!(run.count("received"), SOUND + 1, "{}", &nest[..60]);
        run.ends_with(if run.count("dead") == 0 { 0 } else { 3 });
        bench.dead_letters();
    }
}

#[test]
fn nesting_in_every_reader_s_own_keys_is_survived() {
    let deep = format!("{}1{}", r#"{"a":["#.repeat(5_000), "]}".repeat(5_000));
    let records = [
        format!(r#"{{"timestamp":"2026-03-17T00:00:00Z","event_type":"alert","alert":{deep}}}"#),
        format!(
            r#"{{"timestamp":"2026-03-17T00:00:00Z","rule":{{"id":"1","level":3,"description":"x"}},"agent":{{"id":"1"}},"data":{deep}}}"#
        ),
        format!(r#"{{"class_uid":2004,"time":1773705600000,"metadata":{{}},"finding_info":{deep}}}"#),
        format!(r#"{{"@timestamp":"2026-03-17T00:00:00Z","event":{deep},"kibana.alert.rule.name":"x"}}"#),
        format!(
            r#"{{"time":"2026-03-17T00:00:00Z","rule":"x","priority":"Error","output":"x","output_fields":{deep}}}"#
        ),
        format!(
            r#"{{"Timestamp":"2026-03-17 00:00:00.000 +00:00","RuleTitle":"x","Level":"high","Computer":"x","Details":{deep}}}"#
        ),
        format!(r#"{{"schemaVersion":"2.0","type":"x","id":"x","severity":5,"service":{deep}}}"#),
        format!(
            r#"{{"Records":[{{"eventVersion":"1","eventTime":"x","eventName":"x","eventSource":"x","userIdentity":{deep}}}]}}"#
        ),
        format!(r#"{{"version":"4","groupKey":"x","status":"firing","alerts":[{deep}]}}"#),
    ];
    let bench = Workbench::new();
    let run = among_sound_ones(&bench, records.join("\n"));
    assert_eq!(run.count("received"), SOUND + records.len() as u64, "{}", run.summary());
    bench.dead_letters();
}

#[test]
fn numbers_out_of_range_are_judged_or_told() {
    for number in ["1e999", "-1e999", "99999999999999999999", "-99999999999999999999", "1e-999", "0.1e309"] {
        for key in ["flow_id", "src_port", "community_id", "nobody_knows_this_key"] {
            let bench = Workbench::new();
            let record = alert_with(70, r#""timestamp":"2026-03-17T00:00:00Z""#)
                .replace(r#""flow_id":70,"#, "")
                .replace(r#""src_port":1094,"#, "")
                .replacen('{', &format!(r#"{{"{key}":{number},"#), 1);
            let run = among_sound_ones(&bench, &record);
            run.ends_with(if run.count("dead") == 0 { 0 } else { 3 });
            assert_eq!(run.count("received"), SOUND + 1);
            assert_eq!(bench.dead_letters().len() as u64, run.count("dead"));
        }
    }
    // Where the number does not matter to the verdict, it must not cost the alert.
    let bench = Workbench::new();
    let record = alert_with(70, r#""timestamp":"2026-03-17T00:00:00Z","nobody_knows_this_key":1e999"#);
    among_sound_ones(&bench, record).ends_with(0).came_to(SOUND + 1, 0, 0);
    // Nor may one that does.
    let bench = Workbench::new();
    let record =
        alert_at(70, "2026-03-17T00:00:00Z").replace(r#""severity":2"#, r#""severity":99999999999999999999"#);
    among_sound_ones(&bench, record).ends_with(0).came_to(SOUND + 1, 0, 0);
}

#[test]
fn absurd_dates_do_not_keep_an_alert_from_being_judged() {
    let dates = [
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-02-30T25:61:61Z",
        "yesterday",
        "",
        "-1",
        "1e300",
        "NaN",
        "٢٠٢٦-٠٣-١٧",
    ];
    let bench = Workbench::new();
    let records: Vec<String> = dates.iter().zip(70..).map(|(date, number)| alert_at(number, date)).collect();
    let run = among_sound_ones(&bench, records.join("\n"));
    run.ends_with(0).came_to(SOUND + dates.len() as u64, 0, 0);
    // None of them makes the day last longer than it did.
    assert!(run.summary()["first_alert"].as_str().is_some_and(|first| first.starts_with("2026-03-17")));
    assert!(run.summary()["last_alert"].as_str().is_some_and(|last| last.starts_with("2026-03-17")));

    // An alert without any is still one.
    for value in ["null", "17", "{}", "[]", "true", "-9223372036854775808", "253402300799"] {
        let bench = Workbench::new();
        let record = alert_with(70, &format!(r#""timestamp":{value}"#));
        let run = among_sound_ones(&bench, record);
        assert_eq!(
            run.count("judged"),
            SOUND + 1,
            "a time of {value}: {}",
            run.summary()["set_aside_by_kind"]
        );
        run.ends_with(0);
    }
}

#[test]
fn a_file_whose_alerts_all_lack_a_time_is_judged() {
    let bench = Workbench::new();
    let lines: String = (0..20).map(|number| alert_at(number, "soon") + "\n").collect();
    let file = bench.file("timeless.json", lines);
    bench.triage(&[&file]).ends_with(0).came_to(20, 0, 0);
    let again = bench.triage(&[&file]);
    again.ends_with(0).came_to(20, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 20);
}

#[test]
fn duplicate_keys_do_not_cost_the_alert() {
    for (key, value) in [
        ("src_ip", r#""198.51.100.7""#),
        ("event_type", r#""alert""#),
        ("x", "1"),
        ("timestamp", r#""2026-03-17T00:00:01Z""#),
    ] {
        let bench = Workbench::new();
        let twice = format!(r#""{key}":{value},"{key}":{value}"#);
        let record = match key {
            "timestamp" => alert_with(70, &twice),
            "x" => alert_with(70, &format!(r#""timestamp":"2026-03-17T00:00:00Z",{twice}"#)),
            // The generator writes each once.
            _ => alert_with(70, &format!(r#""timestamp":"2026-03-17T00:00:00Z","{key}":{value}"#)),
        };
        let run = among_sound_ones(&bench, &record);
        let told: Vec<Value> = bench.dead_letters();
        assert_eq!(run.count("judged"), SOUND + 1, "{key} twice: {told:?}");
        run.ends_with(0);
    }
}

#[test]
fn values_of_the_wrong_type_are_judged_or_told() {
    let bench = Workbench::new();
    let sound = alert_at(70, "2026-03-17T00:00:00Z");
    let records = [
        sound.replace(r#""severity":2"#, r#""severity":{"a":1}"#),
        sound.replace(r#""signature_id""#, r#""signature_id":[],"x""#),
        sound.replace(r#""src_ip":""#, r#""src_ip":["a"],"y":""#),
        r#"{"event_type":"alert","alert":null}"#.to_owned(),
        r#"{"event_type":"alert","alert":"a text"}"#.to_owned(),
        r#"{"event_type":7,"alert":{}}"#.to_owned(),
    ];
    let run = among_sound_ones(&bench, records.join("\n"));
    assert_eq!(run.count("received"), SOUND + records.len() as u64);
    assert_eq!(bench.dead_letters().len() as u64, run.count("dead"));
}

#[test]
fn things_that_are_no_objects_are_told_one_by_one() {
    let bench = Workbench::new();
    let things = [
        "null",
        "17",
        "\"text\"",
        "true",
        "}",
        "]",
        "{]",
        "[1,2]",
        "<xml/>",
        "Mar 17 00:00:00 host kernel: hello",
    ];
    let run = among_sound_ones(&bench, things.join("\n"));
    run.ends_with(3);
    assert_eq!(run.count("judged"), SOUND);
    assert!(run.count("dead") >= things.len() as u64, "{}", run.summary());
    bench.dead_letters();
}

#[test]
fn many_dead_letters_are_all_kept_and_all_told() {
    let bench = Workbench::new();
    let rubbish = "{\"a\":\n".repeat(5000);
    let file = bench.file("mixed.json", [alerts(0..3), rubbish, alerts(3..6)].concat());
    let run = bench.triage(&[&file]);
    run.ends_with(3).came_to(6, 0, 5000);
    assert_eq!(bench.count("SELECT count(*) FROM dead_letters"), 5000);
    let listed = bench.run(["dead", "list", "--limit", "3"]);
    assert!(listed.out().contains("5000 dead letters"), "{}", listed.out());
}
