//! Standard input, compressed files, globs, streams that go on.

use crate::support::alerts::{alert, alerts, gzip};
use crate::support::process::start;
use crate::support::{Workbench, example};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::Duration;

#[test]
fn standard_input_is_read_plain_and_compressed() {
    let text = alerts(0..100).into_bytes();
    for bytes in [text.clone(), gzip(&text), zstd::encode_all(&text[..], 1).unwrap()] {
        let bench = Workbench::new();
        let run = bench.triage_fed(&[Path::new("-")], &[] as &[&str], bytes);
        run.ends_with(0).came_to(100, 0, 0);
    }
    let bench = Workbench::new();
    bench.triage_fed(&[Path::new("-")], &[] as &[&str], Vec::new()).ends_with(0).came_to(0, 0, 0);
}

#[test]
fn the_same_bytes_are_the_same_source_however_they_are_kept() {
    let bench = Workbench::new();
    let text = alerts(0..1500).into_bytes();
    let files = [
        bench.file("a.json", &text),
        bench.file("renamed", &text),
        bench.file("a.json.gz", gzip(&text)),
        bench.file("a.json.zst", zstd::encode_all(&text[..], 3).unwrap()),
    ];
    for file in &files {
        bench.triage(&[file]).ends_with(0).came_to(1500, 0, 0);
    }
    bench.triage_fed(&[Path::new("-")], &[] as &[&str], text).ends_with(0).came_to(1500, 0, 0);
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 1500);
    assert_eq!(bench.count("SELECT sum(alerts) FROM patterns"), 1500);
}

#[test]
fn globs_are_expanded_where_the_shell_did_not() {
    let bench = Workbench::new();
    bench.file("logs/a.json", alerts(0..10));
    bench.file("logs/b.json.gz", gzip(alerts(10..30).as_bytes()));
    bench.file("logs/deep/c.json", alerts(30..60));
    bench.file("logs/notes.txt", "not to be read\n");
    for (glob, judged) in
        [("logs/*.json*", 30), ("logs/**/*.json", 40), ("logs/?.json", 10), ("logs/**/*.json*", 60)]
    {
        let run = bench.triage(&[Path::new(glob)]);
        run.ends_with(0).came_to(judged, 0, 0);
    }
    assert_eq!(bench.count("SELECT count(*) FROM alerts"), 60);
}

#[test]
fn arrays_concatenated_objects_and_pretty_printed_ones_are_read_alike() {
    let records: Vec<String> = (0..50).map(alert).collect();
    let pretty: Vec<String> = records
        .iter()
        .map(|record| {
            serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(record).unwrap()).unwrap()
        })
        .collect();
    for text in [
        format!("[{}]", records.join(",")),
        format!("[\n{}\n]\n", pretty.join(",\n")),
        records.concat(),
        pretty.join("\n"),
        pretty.concat(),
        records.join(" "),
    ] {
        let bench = Workbench::new();
        bench.triage(&[&bench.file("a.json", text)]).ends_with(0).came_to(50, 0, 0);
    }
}

#[test]
fn the_number_of_threads_changes_nothing_but_the_time() {
    let mut outputs = Vec::new();
    for jobs in ["1", "3", "16"] {
        let bench = Workbench::new();
        let run = bench.triage_with(&[&example("day.ndjson")], &["--jobs", jobs, "--format", "ndjson"]);
        run.ends_with(0);
        outputs.push(run.finished.stdout.clone());
    }
    assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "the output differs by the number of threads");
}

#[test]
fn verdicts_come_while_the_stream_goes_on() {
    // `tail -F eve.json | watchfire triage --format ndjson -`
    for format in ["ndjson", "csv"] {
        let bench = Workbench::new();
        let mut child = start(&mut bench.command(["triage", "--quiet", "--format", format, "-"]));
        let (sender, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        let reader = spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut input = child.stdin.take().unwrap();
        let mut late = Vec::new();
        if format == "csv" {
            let header = lines.recv_timeout(Duration::from_secs(5));
            if header.is_err() {
                late.push("the header".to_owned());
            }
        }
        for number in 0..3 {
            input.write_all((alert(number) + "\n").as_bytes()).unwrap();
            input.flush().unwrap();
            if lines.recv_timeout(Duration::from_secs(5)).is_err() {
                late.push(format!("the verdict on alert {number}"));
            }
        }
        drop(input);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        reader.join().unwrap();
        assert!(late.is_empty(), "{format}: did not come within 5 s while the stream was open: {late:?}");
    }
}
