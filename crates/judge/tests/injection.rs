//! Records as a user could send them, with text for a language model in one of their cells; and text that is none.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::path::{Path, PathBuf};
use watchfire_judge::injection::{InjectionKind, addresses_model, injection_in};
use watchfire_signal::read::{BUILT_IN, Item, RecordReader};
use watchfire_signal::{Field, Format};

/// What `expected.tsv` says of one record.
struct Expected {
    format: Format,
    line: usize,
    field: Field,
    kind: InjectionKind,
    what: String,
}

fn fixture(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/injection");
    let path = folder.join(Path::new(name));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn expected() -> Vec<Expected> {
    let line = |line: &str| {
        let [format, number, field, kind, what] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        Expected {
            format: Format::from_name(format).unwrap(),
            line: number.parse().unwrap(),
            field: Field::from_name(field).unwrap(),
            kind: InjectionKind::from_name(kind).unwrap(),
            what: what.to_owned(),
        }
    };
    fixture("expected.tsv").lines().filter(|text| !text.starts_with('#')).map(line).collect()
}

fn file_of(format: Format) -> String {
    fixture(&format!("{}.{}", format.name(), if format == Format::Cef { "log" } else { "ndjson" }))
}

#[test]
fn every_record_is_found_in_its_field_and_for_what_it_is() {
    let mut wrong = Vec::new();
    for Expected { format, line, field, kind, what } in expected() {
        let file = file_of(format);
        let record = file.lines().nth(line - 1).unwrap();
        let mut items = Vec::new();
        RecordReader::default().read(record, &mut items);
        let [Item::Alert(alert)] = &items[..] else { panic!("{} {line}: {items:?}", format.name()) };
        assert_eq!(alert.format, format, "{what}");
        let found = injection_in(alert);
        if found.as_ref().map(|(field, injection)| (*field, injection.kind)) != Some((field, kind)) {
            wrong.push(format!("{} {line}, {what}: {found:?}", format.name()));
        }
        if let Some((_, injection)) = found {
            assert!(injection.excerpt.chars().count() <= 161 && !injection.excerpt.contains('\n'));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn there_are_records_of_every_format_and_all_are_expected() {
    let expected = expected();
    assert!(expected.len() >= 50);
    for format in BUILT_IN {
        let lines = file_of(format).lines().count();
        assert!(lines >= 4, "{}", format.name());
        let told = expected.iter().filter(|one| one.format == format).map(|one| one.line);
        assert!(told.eq(1..=lines), "{}", format.name());
    }
}

#[test]
fn honest_text_is_let_through() {
    let text = fixture("innocent.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let found: Vec<_> = lines.filter_map(|line| Some((line, addresses_model(line)?))).collect();
    assert!(found.is_empty(), "{found:#?}");
}
