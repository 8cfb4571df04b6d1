//! That a record's format does not depend on what came before it.

use super::{JSON_READERS, Keys, RecordReader};
use crate::frame::{Framer, Limits};
use std::path::Path;
use std::sync::Arc;

/// Every JSON sample, by file name.
fn samples() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/read/samples");
    let mut samples: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    samples.sort();
    assert!(samples.len() > 20);
    samples
}

#[test]
fn no_two_formats_claim_one_record() {
    for (name, text) in samples() {
        let mut framer = Framer::new(text.as_bytes(), Arc::default(), Limits::default(), &[]).unwrap();
        while let Some(chunk) = framer.next_chunk() {
            chunk.read(&mut RecordReader::default(), |range, _| {
                if let Ok(keys) = serde_json::from_str::<Keys<'_>>(&chunk.text[range]) {
                    let claims = JSON_READERS.iter().filter(|reader| (reader.claims)(&keys)).count();
                    assert!(claims <= 1, "{name} is claimed by {claims} readers");
                }
            });
        }
    }
}

#[test]
fn a_record_is_read_the_same_whatever_was_read_before() {
    let samples = samples();
    // Whatever two samples' objects have, in one object: nobody sends that but somebody who wants to be misread.
    let objects: Vec<&str> = samples
        .iter()
        .map(|(_, text)| text.trim())
        .filter(|text| text.starts_with('{') && text.ends_with('}'))
        .collect();
    let mut crafted: Vec<String> = Vec::new();
    for (index, left) in objects.iter().enumerate() {
        for right in &objects[index + 1..] {
            crafted.push(format!("{},{}", &left[..left.len() - 1], &right[1..]).replace('\n', " "));
        }
    }
    let read = |reader: &mut RecordReader, record: &str| {
        let mut items = Vec::new();
        reader.read(record, &mut items);
        format!("{items:?}")
    };
    for record in objects.iter().copied().chain(crafted.iter().map(String::as_str)) {
        let fresh = read(&mut RecordReader::default(), record);
        for before in &objects {
            let mut reader = RecordReader::default();
            read(&mut reader, before);
            assert_eq!(read(&mut reader, record), fresh, "{record} after {before}");
        }
    }
}
