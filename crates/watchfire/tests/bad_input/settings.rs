//! Settings, mappings, rules and lists with mistakes in them.

use crate::support::Workbench;
use crate::support::alerts::alerts;

#[test]
fn a_mistake_in_the_settings_is_shown_with_its_line() {
    for (text, place, what) in [
        ("[input]\nmax_ratio = 10\nmax_rato = 10\n", ":3:", "max_rato"),
        ("\n\n[inputs]\n", ":3:", "inputs"),
        ("[input]\nmax_ratio = \"many\"\n", ":2:", "many"),
        ("[store]\n# ü\nkeep_raw = 7\n", ":3:", "7"),
        ("[triage]\njobs = -1\n", ":2:", "-1"),
        ("[network]\ninternal = [\"10.0.0.0/8\",\n  \"10.0.0.0/99\"]\n", ":3:", "invalid IP address"),
        ("[store]\npath = \"ünfinished\n", ":2:", ""),
        ("[store\n", ":1:", ""),
        ("[[intel.lists]]\npaht = \"x\"\n", ":2:", "paht"),
    ] {
        let bench = Workbench::new();
        bench.file("a.json", alerts(0..3));
        bench.file("watchfire.toml", text);
        for arguments in [&["triage", "a.json"] as &[&str], &["check"]] {
            let run = bench.run(arguments);
            run.ends_with(2).says(&[&format!("watchfire.toml{place}"), what]);
        }
        assert!(!bench.store().exists(), "a store was made for nothing");
    }
}

#[test]
fn settings_that_can_not_be_read_are_named() {
    let bench = Workbench::new();
    bench.file("a.json", alerts(0..3));
    bench.run(["--config", "nowhere.toml", "triage", "a.json"]).ends_with(2).says(&["nowhere.toml"]);
    bench.file("latin.toml", b"[store]\npath = \"\xfc\"\n");
    bench.run(["--config", "latin.toml", "triage", "a.json"]).ends_with(2).says(&["latin.toml"]);
}

#[test]
fn a_wrong_variable_is_named() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..3));
    for (name, value) in [
        ("WATCHFIRE_TRIAGE_JOBS", "many"),
        ("WATCHFIRE_NETWORK_INTERNAL", "10.0.0.0/8,nowhere"),
        ("WATCHFIRE_TRIAGE_JOBS", "99999999"),
    ] {
        let mut command = bench.command(["triage"]);
        let run = crate::support::process::finish(command.arg(&file).env(name, value), Vec::new());
        run.ends_with(2).says(&[name]);
    }
}

#[test]
fn a_mistake_in_a_mapping_is_named() {
    for text in [
        "",
        "name = 7\n",
        "name = \"x\"\n[match]\ncolumns = [\"a\"]\n[fields]\n\"no.such.field\" = \"a\"\n",
        "name = \"x\"\n[match]\ncolumns = []\n[fields]\n\"rule.id\" = \"a\"\n",
        "name = \"x\"\n[match]\ncolumns = [\"a\"]\n[fields]\n\"source.ip\" = \"a\"\n",
        "name = \"x\"\n[match\n",
        "name = \"x\"\nunknown = 1\n[match]\ncolumns = [\"a\"]\n[fields]\n\"rule.id\" = \"a\"\n",
    ] {
        let bench = Workbench::new();
        bench.file("a.json", alerts(0..3));
        bench.file("bad.toml", text);
        bench.run(["triage", "--mapping", "bad.toml", "a.json"]).ends_with(2).says(&["bad.toml"]);
    }
    let bench = Workbench::new();
    bench.file("a.json", alerts(0..3));
    bench.run(["triage", "--mapping", "nowhere.toml", "a.json"]).ends_with(2).says(&["nowhere.toml"]);
}

#[test]
fn a_bad_rule_is_left_out_and_the_rest_goes_on() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..3));
    bench.file("rules/bad.yml", "title: Never closed\ndetection: [\n");
    bench.file("rules/empty.yml", "");
    bench.file("rules/binary.yml", [0xff, 0xfe, 0, 1]);
    bench.file("rules/condition.yml", "title: No such selection\nid: 5a7c1d8e-0000-4000-8000-000000000001\nlogsource:\n  category: alert\ndetection:\n  selection:\n    rule.id: 1\n  condition: nothing_of_that_name\n");
    bench.file("watchfire.toml", "[rules]\nfolders = [\"rules\", \"nowhere\"]\n");
    let run = bench.triage(&[&file]);
    run.ends_with(0).came_to(3, 0, 0);
    run.finished.says(&["left out:", "bad.yml", "condition.yml", "nowhere"]);
    assert!(run.count("rules") > 0, "the shipped rules are in force");
    bench.run(["check"]).ends_with(2).says(&["bad.yml", "condition.yml", "nowhere"]);
}

#[test]
fn a_bad_list_is_left_out_and_the_rest_goes_on() {
    let bench = Workbench::new();
    let file = bench.file("a.json", alerts(0..200));
    bench.file("lists/good.txt", "203.0.113.7\n203.0.113.8\n");
    bench.file("lists/picture.txt", [b"\x89PNG\r\n\x1a\n\0\0\0\r".as_slice(), &[0xab; 200]].concat());
    bench.file("lists/broken.json", "{\"name\": \"x\", \"list\": [");
    bench.file("lists/empty.txt", "");
    let run = bench.triage_with(&[&file], &["--intel", "lists"]);
    run.ends_with(0).came_to(200, 0, 0);
    run.finished.says(&["left out:", "picture.txt", "broken.json"]);
    assert!(run.count("intel_entries") >= 2, "{}", run.summary()["intel_entries"]);

    let missing = bench.triage_with(&[&file], &["--intel", "nowhere.txt", "--intel", "lists/good.txt"]);
    missing.is_balanced().came_to(200, 0, 0);
    missing.finished.is_no_panic().says(&["nowhere.txt"]);
}

#[test]
fn a_bad_material_table_is_named() {
    let bench = Workbench::new();
    bench.file("a.json", alerts(0..3));
    bench.file("material.toml", "[no_such_category]\nfields = [\"x\"]\n");
    bench.file("watchfire.toml", "[patterns]\nmaterial = \"material.toml\"\n");
    bench.run(["triage", "a.json"]).ends_with(2).says(&["material.toml"]);
}
