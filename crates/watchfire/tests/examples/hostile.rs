//! Alert text is the attacker's. None of it may reach a terminal or a page as more than text.

use crate::support::process::Finished;
use crate::support::{Workbench, example};
use std::path::Path;

/// Clears the screen, retitles the window, begins a line of its own; then the same by C1 controls, and turns the
/// direction of writing.
const EVIL: &str = "x\u{1b}[2J\u{1b}]0;all clear\u{7}\nall clear: nothing found\r\u{9b}31m\u{7f}\u{202e}<script>alert(1)</script>|`*[a](javascript:x)";

/// Characters that a terminal acts upon: C0, DEL and C1.
fn is_active(character: char) -> bool {
    character.is_control() && character != '\n'
}

/// Characters that make people see something else than what is there. Programs, which read JSON, don't mind them.
fn is_turning(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What of an attacker's text got through.
fn untamed(run: &Finished, what: &str) -> Vec<String> {
    let for_people = !["ndjson", "ocsf", "ecs", "json"].iter().any(|format| what.contains(format));
    let mut untamed = Vec::new();
    for (stream, text) in [("standard output", run.out()), ("standard error", run.err())] {
        let bad = |character| is_active(character) || (for_people && is_turning(character));
        let found = text.char_indices().find(|(_, character)| bad(*character));
        if let Some((at, character)) = found {
            let around: String =
                text[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
            untamed.push(format!("{what}: {character:?} on {stream} after {around:?}"));
        }
        if text.lines().any(|line| line.starts_with("all clear")) {
            untamed.push(format!("{what}: a line of the attacker's on {stream}"));
        }
    }
    untamed
}

#[track_caller]
fn assert_none(untamed: Vec<String>) {
    assert!(untamed.is_empty(), "{}", untamed.join("\n"));
}

/// Alerts with such text wherever text can be, in several formats, and records that can't be read.
fn evil_alerts() -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let (evil, address) = (json(EVIL), json(&format!("203.0.113.9{EVIL}")));
    let lines = [
        format!(
            r#"{{"timestamp":"2026-03-17T08:00:00Z","flow_id":1,"event_type":"alert","src_ip":{address},"src_port":{evil},"dest_ip":{evil},"dest_port":{evil},"proto":{evil},"host":{evil},"alert":{{"action":{evil},"gid":1,"signature_id":{evil},"rev":1,"signature":{evil},"category":{evil},"severity":1,"metadata":{{"mitre_technique_id":[{evil}],"cve":[{evil}]}}}},"http":{{"hostname":{evil},"url":{evil},"http_user_agent":{evil},"http_method":{evil}}}}}"#
        ),
        format!(
            r#"{{"timestamp":"2026-03-17T08:00:01.000+0000","rule":{{"level":12,"description":{evil},"id":{evil},"groups":[{evil}],"mitre":{{"id":[{evil}]}}}},"agent":{{"id":"1","name":{evil},"ip":{evil}}},"manager":{{"name":{evil}}},"id":{evil},"full_log":{evil},"data":{{"srcip":{address},"srcuser":{evil},"dstuser":{evil}}},"location":{evil}}}"#
        ),
        format!(
            r#"{{"time":"2026-03-17T08:00:02.000Z","rule":{evil},"priority":"Critical","output":{evil},"hostname":{evil},"source":"syscall","tags":[{evil}],"output_fields":{{"proc.name":{evil},"proc.cmdline":{evil},"user.name":{evil},"fd.name":{evil}}}}}"#
        ),
        format!(
            r#"{{"Timestamp":"2026-03-17 08:00:03.000 +00:00","RuleTitle":{evil},"RuleID":{evil},"Level":"crit","Computer":{evil},"Channel":"Sec","EventID":1,"RecordID":1,"Details":{{"TgtUser":{evil},"Cmdline":{evil}}}}}"#
        ),
        format!(r#"{{"event_type":{evil},"timestamp":"2026-03-17T08:00:04Z"}}"#),
        format!(
            "<14>Mar 17 10:01:13 fw CEF:0|{0}|{0}|1|{0}|{0}|9|src=203.0.113.7 duser={0} dvchost={0} msg={0}",
            EVIL.replace(['\n', '|'], "")
        ),
        EVIL.replace('\n', " "),
        format!("{{\"cut\":{evil}"),
    ];
    lines.join("\n") + "\n"
}

#[test]
fn no_output_holds_anything_that_a_terminal_acts_upon() {
    let mut found = Vec::new();
    for source in ["day", "made"] {
        for format in ["text", "ndjson", "ocsf", "ecs", "csv", "html", "md"] {
            let bench = Workbench::new();
            let file =
                if source == "day" { example("day.ndjson") } else { bench.file("a.json", evil_alerts()) };
            let formatted = ["--format", format];
            let run = bench.triage_with(&[&file], if format == "text" { &[] } else { &formatted as &[&str] });
            run.finished.is_no_panic();
            run.is_balanced();
            assert!(run.count("judged") >= 5, "{}", run.summary());
            found.extend(untamed(&run.finished, &format!("{format} of {source}")));
        }
    }
    assert_none(found);
}

#[test]
fn no_later_command_shows_such_text_either() {
    let mut found = Vec::new();
    let bench = Workbench::new();
    let file = bench.file("a.json", evil_alerts());
    let run = bench.triage(&[&file]);
    let id = run.summary()["findings"][0]["example"].as_str().unwrap().to_owned();
    for arguments in [
        &["dead", "list"] as &[&str],
        &["dead", "list", "--json"],
        &["dead", "replay"],
        &["report"],
        &["report", "--format", "md"],
        &["report", "--format", "html"],
        &["report", "--format", "json"],
        &["decide", &id, "false_positive", "--reason", EVIL, "--analyst", EVIL],
        &["report"],
        &["check"],
        &["intel", "lookup", "--intel", "a.txt", EVIL],
    ] {
        bench.file("a.txt", "203.0.113.7\n");
        let run = bench.run(arguments);
        run.is_no_panic();
        // Without the decision's own arguments, which are such text.
        found.extend(untamed(&run, &arguments[..arguments.len().min(3)].join(" ").replace(EVIL, "…")));
    }
    let again = bench.triage(&[&file]);
    found.extend(untamed(&again.finished, "a run after such a decision"));
    assert_none(found);
}

/// Markdown without its code spans, in which nothing is interpreted (CommonMark 6.1).
fn outside_code(text: &str) -> String {
    let run = |from: usize| text[from..].bytes().take_while(|byte| *byte == b'`').count();
    let (mut outside, mut at) = (String::new(), 0);
    while let Some(found) = text[at..].find('`') {
        let open = at + found;
        outside.push_str(&text[at..open]);
        if outside.ends_with('\\') {
            // An escaped one opens nothing.
            outside.push('`');
            at = open + 1;
            continue;
        }
        let length = run(open);
        at = open + length;
        let mut close = at;
        while let Some(found) = text[close..].find('`') {
            close += found;
            let closing = run(close);
            close += closing;
            if closing == length {
                at = close;
                break;
            }
        }
    }
    outside + &text[at..]
}

#[test]
fn a_page_holds_no_script_and_no_link_of_an_attacker_s() {
    for file in ["day", "made"] {
        let bench = Workbench::new();
        let path = if file == "day" { example("day.ndjson") } else { bench.file("a.json", evil_alerts()) };
        bench.triage(&[&path]);
        let page = bench.run(["report", "--format", "html"]).out();
        assert!(page.contains("<!doctype html>"), "{}", &page[..page.len().min(200)]);
        let lower = page.to_lowercase();
        for part in ["<script", "javascript:x\"", "href=\"javascript", "onerror=", "src=\"http"] {
            assert!(!lower.contains(part), "{part} in the page");
        }
        let text = outside_code(&bench.run(["report", "--format", "md"]).out());
        assert!(text.contains("# "), "{text}");
        for part in ["<script", "[a](javascript:x)"] {
            assert!(!text.to_lowercase().contains(part), "{part} in the Markdown");
        }
    }
}

#[test]
fn names_of_files_are_shown_as_text() {
    let mut found = Vec::new();
    let bench = Workbench::new();
    // No slash, which a file's name can't hold.
    let name = EVIL.replace('/', "_") + ".json";
    bench.file(&name, evil_alerts());
    bench.file("good.json", evil_alerts());
    for format in ["text", "ndjson", "html", "md"] {
        let formatted = ["--format", format];
        let path = bench.path(&name);
        let run = bench.triage_with(&[&path], if format == "text" { &[] } else { &formatted as &[&str] });
        found.extend(untamed(&run.finished, &format!("{format} of a file with such a name")));
    }
    found.extend(untamed(&bench.run(["dead", "list"]), "dead letters of a file with such a name"));
    let missing = bench.triage(&[Path::new(&format!("nowhere{name}")), &bench.path("good.json")]);
    missing.finished.says(&["nowhere"]);
    found.extend(untamed(&missing.finished, "a missing file with such a name"));
    let glob = bench.run(["triage", &format!("{name}*.nothing")]);
    found.extend(untamed(&glob, "a glob with such a name"));
    assert_none(found);
}

#[test]
fn a_spreadsheet_runs_no_cell() {
    let bench = Workbench::new();
    let file = bench.file(
        "a.json",
        r#"{"timestamp":"2026-03-17T08:00:01.000+0000","rule":{"level":12,"description":"=cmd|'/c calc'!A1","id":"+1"},"agent":{"id":"1","name":"@SUM(1)"},"data":{"srcip":"-1+1","srcuser":"=HYPERLINK(\"http://x\")"}}"#,
    );
    let run = bench.triage_with(&[&file], &["--format", "csv"]);
    run.ends_with(0).came_to(1, 0, 0);
    let out = run.finished.out();
    let row = out.lines().nth(1).unwrap();
    for start in ["=cmd", "+1", "@SUM", "-1+1", "=HYPERLINK"] {
        for before in [",", ",\""] {
            assert!(!row.contains(&format!("{before}{start}")), "{row}");
        }
    }
}
