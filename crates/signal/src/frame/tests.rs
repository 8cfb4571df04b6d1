use super::{FrameError, Framer, Limits};
use crate::read::{Item, RecordReader};
use std::io::{Read, Write};
use std::sync::Arc;

fn frame(bytes: &[u8], limits: Limits) -> (Vec<String>, Vec<String>, Option<FrameError>) {
    let mut framer = Framer::new(bytes, Arc::default(), limits, &[]).unwrap();
    let mut reader = RecordReader::default();
    let (mut records, mut broken) = (Vec::new(), Vec::new());
    while let Some(chunk) = framer.next_chunk() {
        chunk.read(&mut reader, |range, items| {
            for item in items.drain(..) {
                match item {
                    Item::Broken(why) => {
                        broken.push(format!("{}: {}", chunk.line_at(range.start), why.reason));
                    }
                    _ => records.push(chunk.text[range.clone()].to_owned()),
                }
            }
        });
        broken.extend(chunk.broken.iter().map(|part| format!("{}: {}", part.line, part.broken.reason)));
    }
    (records, broken, framer.take_error())
}

fn small() -> Limits {
    Limits { chunk_bytes: 16, max_record_bytes: 64, ..Limits::default() }
}

#[test]
fn lines_are_cut_at_newlines_whatever_the_chunk() {
    for chunk_bytes in 1..40 {
        let (records, broken, error) =
            frame(b"{\"a\":1}\n\n  {\"b\":\"}\"}\r\n{\"c\":3}", Limits { chunk_bytes, ..small() });
        assert_eq!(
            records.iter().map(|record| record.trim()).collect::<Vec<_>>(),
            ["{\"a\":1}", "{\"b\":\"}\"}", "{\"c\":3}"]
        );
        assert!(broken.is_empty() && error.is_none());
    }
}

#[test]
fn arrays_and_concatenated_objects_are_cut_at_their_objects() {
    for text in ["[{\"a\":1},\n{\"b\":[{}]}\n]", "{\n\"a\":1}{\n\"b\":[{}]}", "[\n{\"a\":1}][{\"b\":[{}]}]"] {
        for chunk_bytes in 4..40 {
            let (records, broken, _) = frame(text.as_bytes(), Limits { chunk_bytes, ..small() });
            assert_eq!(records.len(), 2, "{text} by {chunk_bytes}: {records:?} {broken:?}");
            assert!(broken.is_empty(), "{broken:?}");
        }
    }
}

#[test]
fn a_wrapper_larger_than_a_record_may_be_is_cut_apart() {
    let elements = vec!["{\"x\":\"0123456789\"}"; 50].join(",");
    let text = format!("{{\"Records\": [{elements}]}}");
    let (records, broken, _) = frame(text.as_bytes(), small());
    assert_eq!((records.len(), broken.len()), (50, 0));
}

#[test]
fn a_line_that_is_too_long_is_broken_and_the_rest_goes_on() {
    let text = format!("{{\"a\":1}}\n{{\"b\":\"{}\"}}\n{{\"c\":3}}\n", "x".repeat(500));
    let (records, broken, _) = frame(text.as_bytes(), Limits { max_record_bytes: 100, ..small() });
    assert_eq!(records.len(), 2);
    assert_eq!(broken, ["2: a record of more than 100 bytes"]);
}

#[test]
fn the_longest_record_is_told_in_a_unit_that_fits() {
    for (max_record_bytes, told) in [(1023, "1023 bytes"), (64 << 10, "64 KiB"), (1 << 20, "1 MiB")] {
        let text = format!("{{\"a\":1}}\n{}", "x".repeat(2 << 20));
        let limits = Limits { max_record_bytes, ..Limits::default() };
        assert_eq!(frame(text.as_bytes(), limits).1, [format!("2: a record of more than {told}")]);
    }
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row() {
    const MAPPING: &str =
        "name = \"t\"\n[match]\ncolumns = [\"rule\", \"user\"]\n[fields]\n\"rule.name\" = \"rule\"\n";
    let mapping = crate::read::Mapping::from_toml(MAPPING).unwrap();
    let rows =
        |range: std::ops::Range<u32>| range.map(|row| format!("r{row},\"a, b\"\n")).collect::<String>();
    let text = ["rule,user\n", &rows(0..10), "r10,\"open\n", &rows(11..60)].concat();
    // At the end of the stream, and where a record gets too long before that.
    for max_record_bytes in [100, 1 << 20] {
        let limits = Limits { chunk_bytes: 16, max_record_bytes, ..Limits::default() };
        let mut framer =
            Framer::new(text.as_bytes(), Arc::default(), limits, std::slice::from_ref(&mapping)).unwrap();
        let (mut alerts, mut broken) = (0, Vec::new());
        while let Some(chunk) = framer.next_chunk() {
            chunk.read(&mut RecordReader::default(), |range, items| {
                for item in items.drain(..) {
                    match item {
                        Item::Alert(_) => alerts += 1,
                        Item::Broken(why) => broken.push((chunk.line_at(range.start), why.reason)),
                        Item::Aside(kind) => panic!("{kind}"),
                    }
                }
            });
            assert!(chunk.broken.is_empty(), "{:?}", chunk.broken);
        }
        assert_eq!((alerts, broken.len()), (59, 1), "{broken:?}");
        assert_eq!(broken[0], (12, "a quoted cell that does not end".to_owned()));
    }
}

#[test]
fn a_first_line_that_is_cut_off_costs_no_other_line() {
    let (records, broken, _) = frame(b"{\"a\":{\"b\":\n{\"c\":3}\n{\"d\":4}\n", Limits::default());
    assert_eq!(records.len(), 2);
    assert_eq!(broken.len(), 1);
}

#[test]
fn a_missing_brace_costs_one_record_of_a_pretty_printed_file() {
    let (records, broken, _) = frame(b"{\n\"a\":1\n}\n{\n\"b\":{\n{\n\"c\":3\n}\n", Limits::default());
    assert_eq!((records.len(), broken.len()), (2, 1));
}

#[test]
fn invalid_utf_8_is_replaced_in_place() {
    let (records, broken, _) = frame(b"{\"a\":\"\xff\xfe\xc3\"}\n{\"b\":1}\n\xe2\x82", Limits::default());
    assert_eq!(records, ["{\"a\":\"???\"}", "{\"b\":1}"]);
    assert_eq!(broken.len(), 1);
}

#[test]
fn gzip_of_several_members_and_zstd_are_told_by_content() {
    let mut packed = Vec::new();
    for text in ["{\"a\":1}\n", "{\"b\":2}\n"] {
        let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }
    assert_eq!(frame(&packed, Limits::default()).0.len(), 2);
    let zstd = zstd::encode_all(&b"{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n"[..], 1).unwrap();
    assert_eq!(frame(&zstd, Limits::default()).0.len(), 3);
}

#[test]
fn compression_is_told_however_few_bytes_come_at_first() {
    struct OneByOne<'a>(&'a [u8]);
    impl Read for OneByOne<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(self.0.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }
    let packed = zstd::encode_all(&b"{\"a\":1}\n"[..], 1).unwrap();
    let mut framer = Framer::new(OneByOne(&packed), Arc::default(), Limits::default(), &[]).unwrap();
    assert_eq!(framer.next_chunk().unwrap().text, "{\"a\":1}\n");
}

#[test]
fn what_a_truncated_gzip_holds_is_handed_out_before_the_error() {
    let line = "{\"a\":\"0123456789abcdef\"}\n";
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(line.repeat(4000).as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let (records, broken, error) = frame(&packed[..packed.len() / 2], Limits::default());
    assert!(records.len() > 1000, "{}", records.len());
    assert!(broken.len() <= 1, "{broken:?}");
    assert!(matches!(error, Some(FrameError::Truncated)), "{error:?}");
}

#[test]
fn a_gzip_bomb_is_cut_off() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'\n'; 1 << 20];
    for _ in 0..300 {
        encoder.write_all(&zeros).unwrap();
    }
    let packed = encoder.finish().unwrap();
    let (records, _, error) = frame(&packed, Limits { max_ratio: 500, ..Limits::default() });
    assert!(records.is_empty());
    let error = error.unwrap();
    assert!(error.to_string().contains("times its size"), "{error}");
    assert!(error.hint().contains("max_ratio"));
}

#[test]
fn a_source_that_pauses_gets_its_records_handed_out() {
    struct Pausing(Vec<&'static [u8]>);
    impl Read for Pausing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.pop() {
                None => Ok(0),
                Some(b"") => Err(std::io::ErrorKind::TimedOut.into()),
                Some(bytes) => {
                    let (now, later) = bytes.split_at(bytes.len().min(buffer.len()));
                    buffer[..now.len()].copy_from_slice(now);
                    if !later.is_empty() {
                        self.0.push(later);
                    }
                    Ok(now.len())
                }
            }
        }
    }
    let parts = vec![&b":2}\n"[..], b"", b"{\"b\"", b"", b"{\"a\":1}\n"];
    let mut framer = Framer::new(Pausing(parts), Arc::default(), Limits::default(), &[]).unwrap();
    assert_eq!(framer.next_chunk().unwrap().text, "{\"a\":1}\n");
    assert_eq!(framer.next_chunk().unwrap().text, "{\"b\":2}\n");
    assert!(framer.next_chunk().is_none());
}

#[test]
fn utf_16_is_named_for_what_it_is() {
    let result = Framer::new(&b"\xff\xfe{\0"[..], Arc::default(), Limits::default(), &[]);
    assert!(matches!(result, Err(FrameError::Utf16)));
}

proptest::proptest! {
    #[test]
    fn the_same_bytes_are_cut_at_the_same_places_however_they_arrive(
        lines in proptest::collection::vec("[a-z{}\"\\[\\]\\\\, ]{0,30}", 0..30),
        step in 1_usize..50,
    ) {
        struct Dribble<'a>(&'a [u8], usize);
        impl Read for Dribble<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.1.min(self.0.len()).min(buffer.len());
                buffer[..count].copy_from_slice(&self.0[..count]);
                self.0 = &self.0[count..];
                Ok(count)
            }
        }
        fn chunks(input: impl Read) -> Vec<String> {
            let limits = Limits { chunk_bytes: 64, max_record_bytes: 128, ..Limits::default() };
            let mut framer = Framer::new(input, Arc::default(), limits, &[]).unwrap();
            std::iter::from_fn(|| framer.next_chunk().map(|chunk| chunk.text)).collect()
        }
        let text = lines.join("\n");
        proptest::prop_assert_eq!(chunks(text.as_bytes()), chunks(Dribble(text.as_bytes(), step)));
    }
}
