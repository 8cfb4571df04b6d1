use super::{CsvPlan, Mapping};
use crate::read::{Item, RecordReader};
use crate::{Alert, Field, Format, Severity};
use proptest::prelude::*;

fn csv(more: &str) -> Mapping {
    Mapping::from_toml(&format!(
        "name = \"t\"\n[match]\ncolumns = [\"when\", \"rule\"]\n[fields]\n\"rule.name\" = \"rule\"\n{more}"
    ))
    .unwrap()
}

fn json(more: &str) -> Mapping {
    Mapping::from_toml(&format!(
        "name = \"t\"\n[match]\nkeys = [\"rule\"]\n[fields]\n\"rule.name\" = \"rule\"\n{more}"
    ))
    .unwrap()
}

fn rows<'a>(plan: &CsvPlan, record: &'a str) -> Vec<Item<'a>> {
    let mut out = Vec::new();
    plan.read(record, &mut out);
    out
}

fn row<'a>(plan: &CsvPlan, record: &'a str) -> Alert<'a> {
    match <[Item<'_>; 1]>::try_from(rows(plan, record)) {
        Ok([Item::Alert(alert)]) => *alert,
        other => panic!("one alert expected, got {other:#?}"),
    }
}

/// What a reader that knows this mapping makes of a JSON record.
fn read(mapping: &Mapping, record: &str) -> String {
    let mut out = Vec::new();
    RecordReader::new([mapping.clone()].into()).read(record, &mut out);
    format!("{out:?}")
}

#[test]
fn the_shipped_reference_reads_every_feature() {
    let text = include_str!("../../../../../examples/mappings/reference-json.toml");
    let mapping = Mapping::from_toml(text).unwrap();
    assert!(mapping.is_json());
    assert_eq!(mapping.name(), "reference");
    let mut out = Vec::new();
    let record = include_str!("../samples/mapping-reference.json");
    RecordReader::new([mapping].into()).read(record, &mut out);
    insta::assert_debug_snapshot!(out);
}

#[test]
fn the_shipped_mapping_of_the_ait_alerts_uses_no_label() {
    let text = include_str!("../../../../../examples/mappings/ait.toml");
    let plan = Mapping::from_toml(text)
        .unwrap()
        .csv_plan("time,name,ip,host,short,time_label,event_label\n")
        .unwrap();
    let record = "1714557600,Guard: Odd login (sshd).,192.0.2.5,mail,G-Odd,break_in,break_in_login\n";
    let alert = row(&plan, record);
    assert!(alert.cells().all(|(_, text)| !text.contains("break_in")));
    assert_eq!(alert.raw, record);
    insta::assert_debug_snapshot!(alert);
}

#[test]
fn a_header_is_known_with_mark_line_end_quotes_and_further_columns() {
    let mapping = csv("\"host.name\" = \"host\"");
    for header in
        ["when,rule,host", "\u{feff}when,rule,host\r\n", "host,\"when\" ,rule,other\n", "\"rule\",when"]
    {
        assert!(mapping.csv_plan(header).is_some(), "{header:?}");
    }
    for header in ["when,host", "", "when;rule", "\"when,rule"] {
        assert!(mapping.csv_plan(header).is_none(), "{header:?}");
    }
    assert!(!mapping.is_json());
    assert!(json("").csv_plan("rule").is_none());
}

#[test]
fn cells_are_borrowed_wherever_they_stand_in_the_record() {
    let plan = csv("message = \"text\"").csv_plan("when,rule,text").unwrap();
    let plain = row(&plan, "1,scan, hello \r\n");
    assert_eq!(plain.get(Field::Message), Some("hello"));
    let quoted = row(&plan, "1,\"scan, wide\",\"say \"\"hi\"\"\nthen go\"\n");
    assert_eq!(quoted.get(Field::RuleName), Some("scan, wide"));
    assert_eq!(quoted.get(Field::Message), Some("say \"hi\"\nthen go"));
    let record = "1,\"scan, wide\",\n";
    let alert = row(&plan, record);
    let cell = alert.text(Field::RuleName).as_ptr() as usize;
    let within = record.as_ptr() as usize..record.as_ptr() as usize + record.len();
    assert!(within.contains(&cell), "copied instead of borrowed");
    assert_eq!(alert.get(Field::Message), None);
}

#[test]
fn a_row_of_another_width_or_with_an_open_quote_is_broken() {
    let plan = csv("").csv_plan("when,rule").unwrap();
    for (record, reason) in [
        ("1,scan,7", "3 columns where the header has 2"),
        ("1", "1 columns where the header has 2"),
        ("1,\"scan", "a quoted cell that does not end"),
        ("1,\"a\"\n2,\"b\"", "text after the end of the record"),
    ] {
        let items = rows(&plan, record);
        let [Item::Broken(broken)] = &items[..] else { panic!("{record}: {items:#?}") };
        assert_eq!(broken.reason, reason);
        assert!(!broken.hint.is_empty());
    }
    assert!(rows(&plan, "\r\n").is_empty());
}

#[test]
fn a_header_that_comes_again_is_set_aside() {
    let plan = csv("").csv_plan("\u{feff}when,rule\r\n").unwrap();
    assert!(matches!(&rows(&plan, "when,rule\n")[..], [Item::Aside(kind)] if kind == "csv header"));
}

#[test]
fn other_delimiters_are_taken() {
    let plan = csv("[csv]\ndelimiter = \"\\t\"").csv_plan("when\trule").unwrap();
    assert_eq!(row(&plan, "1\ta,b").get(Field::RuleName), Some("a,b"));
}

#[test]
fn times_follow_their_format() {
    let of = |format: &str, cell: &str| {
        let mapping = csv(&format!("[time]\nfrom = \"when\"\n{format}"));
        let plan = mapping.csv_plan("when,rule").unwrap();
        row(&plan, &format!("{cell},r")).time.map(|time| time.to_string())
    };
    let expected = Some("2024-05-01T10:00:00.000Z".to_owned());
    assert_eq!(of("", "2024-05-01T12:00:00+02:00"), expected);
    assert_eq!(of("format = \"unix\"", "1714557600"), expected);
    assert_eq!(of("format = \"unix_ms\"", "1714557600000"), expected);
    assert_eq!(of("format = \"%d.%m.%Y %H:%M:%S\"", "01.05.2024 10:00:00"), expected);
    assert_eq!(of("format = \"%d/%b/%Y:%H:%M:%S %z\"", "01/May/2024:12:00:00 +0200"), expected);
    assert_eq!(of("format = \"unix\"", "soon"), None);
    for absurd in ["NaN", "inf", "-1", "1e300"] {
        assert_eq!(of("format = \"unix_ms\"", absurd), None);
        assert_eq!(of("format = \"unix\"", absurd), None);
    }
}

#[test]
fn severity_is_told_by_own_words_then_bounds_then_common_words() {
    let mapping = csv(
        "[severity]\nfrom = \"when\"\nwords = { P1 = \"critical\", \"3\" = \"fatal\" }\ndefault = \"low\"\nat_least = { medium = 40, high = 70.5 }",
    );
    let plan = mapping.csv_plan("when,rule").unwrap();
    for (cell, severity) in [
        ("p1", Severity::Critical),
        ("3", Severity::Fatal),
        ("40", Severity::Medium),
        ("70.5", Severity::High),
        ("39", Severity::Low),
        ("warning", Severity::Medium),
        ("odd", Severity::Low),
        ("", Severity::Low),
    ] {
        assert_eq!(row(&plan, &format!("{cell},r")).severity, severity, "{cell}");
    }
    assert_eq!(row(&plan, "p1,r").get(Field::EventSeverity), Some("p1"));
}

#[test]
fn json_is_taken_by_keys_and_values_and_left_to_others_without() {
    let mapping = Mapping::from_toml(
        "name = \"t\"\n[match]\nkeys = [\"rule\", \"deep.part\"]\nequals = { kind = [\"alert\", 7] }\n\
        [fields]\n\"rule.id\" = \"rule.id\"\n[aside]\nstate = \"closed\"",
    )
    .unwrap();
    assert!(read(&mapping, r#"{"rule":{"id":5},"deep.part":{"x":1},"kind":"alert"}"#).contains("rule.id"));
    assert!(read(&mapping, r#"{"rule":{"id":5},"deep":{"part":[0]},"kind":7}"#).contains("rule.id"));
    for other in [
        r#"{"rule":{"id":5},"deep":{"part":1},"kind":"flow"}"#,
        r#"{"rule":{"id":5},"deep":{"parts":1},"kind":"alert"}"#,
        r#"{"rule":null,"deep":{"part":1},"kind":"alert"}"#,
    ] {
        assert!(read(&mapping, other).contains("unrecognised json"), "{other}");
    }
    let closed = r#"{"rule":{"id":5},"deep":{"part":1},"kind":"alert","state":"closed"}"#;
    assert!(read(&mapping, closed).contains("Aside(\"t closed\")"));
    let deep = format!("{}1{}", r#"{"a":"#.repeat(70), "}".repeat(70));
    assert!(read(&mapping, &deep).contains("Broken"));
}

#[test]
fn built_in_formats_are_not_taken_over() {
    let record = r#"{"rule":1,"Timestamp":"2024-05-01","RuleTitle":"x","Level":"low"}"#;
    assert!(read(&json(""), record).contains(Format::Hayabusa.name()));
}

#[test]
fn mistakes_are_told_with_key_line_and_hint() {
    let head = "name = \"t\"\n[match]\ncolumns = [\"a\"]\n";
    let rule = "[fields]\n\"rule.id\" = \"a\"\n";
    let files = [
        String::from("name = \"t\"\n[match\n"),
        String::from("name = \"t\"\n"),
        format!("{head}colums = [\"b\"]\n{rule}"),
        format!("{head}{rule}\"source.ipv4\" = \"b\"\n"),
        format!("{head}{rule}\"source.ip\" = {{ value = \"x\", from = \"b\" }}\n"),
        format!("{head}{rule}\"source.ip\" = {{ from = \"b\", before = \"\" }}\n"),
        format!("{head}{rule}\"source.ip\" = []\n"),
        format!("{head}{rule}[time]\nfrom = \"a\"\nformat = \"%Q-%H\"\n"),
        format!("{head}{rule}[time]\nfrom = \"a\"\nformat = \"%H:%M\"\n"),
        format!("{head}{rule}[severity]\ndefault = \"bad\"\n"),
        format!("{head}{rule}[severity]\nat_least = {{ low = 1, huge = 9 }}\n"),
        format!("{head}{rule}[csv]\ndelimiter = \"::\"\n"),
        format!("{head}[fields]\n\"source.ip\" = \"a\"\n"),
        format!("name = \"t\"\n[match]\n{rule}"),
        format!("{head}keys = [\"b\"]\n{rule}"),
        format!("name = \"t\"\n[match]\nkeys = [\"a\"]\n[csv]\ndelimiter = \",\"\n{rule}"),
    ];
    let told: Vec<String> = files
        .iter()
        .map(|text| match Mapping::from_toml(text) {
            Ok(_) => panic!("accepted:\n{text}"),
            Err(error) => format!("{error}\nhint: {}", error.hint()),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n\n"));
}

proptest! {
    #[test]
    fn no_text_can_make_it_panic(header in "[a,\"\u{feff}é\n]{0,12}", record in "[a-c,\"\r\né ]{0,60}", any in ".*") {
        let mapping = csv("message = { from = \"when\", after = \"é\", before = \"a\" }\ngroups = \"rule\"");
        let plan = mapping.csv_plan("when,rule").unwrap();
        rows(&plan, &record);
        rows(&plan, &any);
        let _ = mapping.csv_plan(&header);
        let _ = mapping.csv_plan(&any);
        let _ = Mapping::from_toml(&any);
        read(&json("groups = \"x\""), &any);
    }

    #[test]
    fn what_is_quoted_is_read_as_it_was(cells in prop::collection::vec("(?s).*", 2)) {
        let plan = csv("message = \"when\"").csv_plan("when,rule").unwrap();
        let quoted: Vec<_> = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        let record = quoted.join(",");
        let alert = row(&plan, &record);
        let expected = Some(cells[0].trim_ascii()).filter(|text| !text.is_empty() && *text != "-");
        prop_assert_eq!(alert.get(Field::Message), expected);
    }
}
