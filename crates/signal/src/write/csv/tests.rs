use crate::write::ndjson::samples::{Judged, cell, full_alert, hostile, line, minimal};
use crate::write::{OutputFormat, Record};
use crate::{Alert, Field, Format};
use proptest::prelude::*;

/// The cells of the one row in `text`, read by another's parser.
fn cells(text: &str) -> Vec<String> {
    let mut reader = csv_core::Reader::new();
    let (mut output, mut ends) = (vec![0; text.len() + 1], [0; 64]);
    let mut input = format!("{text}\n");
    input.push_str("next,row\n");
    let (result, read, _, fields) = reader.read_record(input.as_bytes(), &mut output, &mut ends);
    assert!(matches!(result, csv_core::ReadRecordResult::Record), "{result:?}");
    assert_eq!(read, text.len() + 1, "a row is a line");
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts
        .zip(&ends[..fields])
        .map(|(start, &end)| String::from_utf8(output[start..end].to_vec()).unwrap())
        .collect()
}

fn header() -> Vec<String> {
    cells(OutputFormat::Csv.header().strip_suffix('\n').unwrap())
}

/// The cell under a heading.
fn under(heading: &str, record: &Record<'_>) -> String {
    let place = header().iter().position(|name| name == heading).unwrap();
    cells(&line(OutputFormat::Csv, record)).swap_remove(place)
}

/// What a cell becomes whose rule name is `text`.
fn written(text: &str) -> String {
    let (judged, mut alert) = (Judged::nothing(), Alert::new(Format::Mapped, ""));
    alert.set(Field::RuleName, text);
    under("rule_name", &minimal(&judged, &alert))
}

#[test]
fn a_full_and_a_minimal_record_are_rows_under_one_header() {
    let (judged, alert) = (Judged::full(), full_alert());
    let (nothing, empty) = (Judged::nothing(), Alert::new(Format::Mapped, ""));
    let full = line(OutputFormat::Csv, &judged.record(&alert));
    let minimal = line(OutputFormat::Csv, &minimal(&nothing, &empty));
    insta::assert_snapshot!(format!("{}{full}\n{minimal}\n", OutputFormat::Csv.header()));
    assert_eq!(header().len(), 22);
    assert_eq!((cells(&full).len(), cells(&minimal).len()), (22, 22));
}

#[test]
fn nothing_is_run_as_a_formula() {
    for (given, expected) in [
        ("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"),
        ("+1", "'+1"),
        ("-1+cmd", "'-1+cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", " '=1"),
        ("\r\n=1", "  '=1"),
        ("  =1", "  '=1"),
        ("＝1", "'＝1"),
        // Where `;` separates, and a closed quote with it, another cell begins.
        ("a;=1", "a;'=1"),
        ("a\"; =1", "a\"; '=1"),
        ("a;\"=1", "a;\"'=1"),
        ("\u{feff}=1", "·=1"),
        ("\u{1b}[31m=1", "·[31m=1"),
        ("1=1", "1=1"),
        ("GET /?a=1&b=-1 - ok", "GET /?a=1&b=-1 - ok"),
        ("invoice\u{202e}fdp.exe", "invoice·fdp.exe"),
        ("a\nb\r\nc\td\u{2028}e", "a b  c d e"),
        ("say \"hi\", then go", "say \"hi\", then go"),
    ] {
        assert_eq!(written(given), expected, "{given:?}");
    }
}

#[test]
fn lists_and_endpoints_are_joined_and_guarded() {
    let (judged, mut alert) = (Judged::full(), full_alert());
    assert_eq!(under("techniques", &judged.record(&alert)), "T1110; T1110.001; T1078");
    assert_eq!(under("source", &judged.record(&alert)), "198.51.100.7");
    assert_eq!(under("destination", &judged.record(&alert)), "10.0.0.12:22");
    alert.set(Field::DestinationIp, "2001:db8::1");
    assert_eq!(under("destination", &judged.record(&alert)), "[2001:db8::1]:22");
    alert.set(Field::DestinationIp, "=1");
    assert_eq!(under("destination", &judged.record(&alert)), "'=1:22");
    let steps = ["Call.".to_owned(), "=1".to_owned()];
    assert_eq!(under("next_steps", &Record { next_steps: &steps, ..judged.record(&alert) }), "Call.; '=1");
}

proptest! {
    #[test]
    fn any_text_in_any_cell_makes_one_row((field, text) in cell(), reason in hostile()) {
        let mut alert = Alert::new(Format::Mapped, "");
        alert.set(field, text.as_str());
        let judged = Judged::nothing();
        let steps = [reason.clone(), text.clone()];
        let record = Record { reason: &reason, asset: &text, next_steps: &steps, ..minimal(&judged, &alert) };
        let row = cells(&line(OutputFormat::Csv, &record));
        prop_assert_eq!(row.len(), 22);
        for cell in &row {
            prop_assert!(!cell.chars().any(char::is_control), "{cell:?}");
            for part in cell.split(';') {
                let start = part.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
                prop_assert!(!start.starts_with(['=', '+', '-', '@']), "{cell:?}");
            }
        }
    }

    #[test]
    fn harmless_text_is_kept_as_it_is(text in "[a-zA-Z0-9ÄÖé日本.,:/\"'()=@+-][a-zA-Z0-9ÄÖé日本 .,:/\"'()=@+-]{0,40}") {
        let guarded = text.trim_start_matches(['"', ' ']).starts_with(['=', '+', '-', '@']);
        prop_assume!(!guarded && text != "-");
        prop_assert_eq!(written(&text), text);
    }
}
