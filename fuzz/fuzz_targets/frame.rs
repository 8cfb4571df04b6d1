//! Cutting a stream: any bytes, under tight limits, arriving in pieces of any size.
//!
//! The first four bytes choose the limits and the pieces. What is promised: it ends; the same bytes are cut at the same
//! places, however they arrive; and of a plain stream no byte is lost but those that a broken part accounts for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::{self, Read};
use std::sync::{Arc, LazyLock};
use watchfire_signal::frame::{Compression, Framer, Limits};
use watchfire_signal::read::{Item, Mapping, RecordReader};

/// A few kilobytes may unpack to hundreds of megabytes, of which a target need not see all.
const MAX_CHUNKS: usize = 5_000;
const MAX_TEXT: usize = 1 << 20;

static MAPPINGS: LazyLock<[Mapping; 1]> = LazyLock::new(|| {
    let text = include_str!("../../examples/mappings/ait.toml");
    [Mapping::from_toml(text).expect("the shipped mapping is sound")]
});

/// Hands out at most so many bytes at once.
struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
    pauses: bool,
    paused: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.paused = self.pauses && !self.paused;
        if self.paused {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = self.size.min(buffer.len()).min(self.bytes.len());
        buffer[..count].copy_from_slice(&self.bytes[..count]);
        self.bytes = &self.bytes[count..];
        Ok(count)
    }
}

/// What came of a stream.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    texts: Vec<(String, u64)>,
    items: Vec<String>,
    broken: Vec<(u64, String)>,
    error: Option<String>,
    is_plain: bool,
    is_whole: bool,
}

fn outcome(pieces: Pieces<'_>, limits: Limits) -> Outcome {
    let mut outcome = Outcome::default();
    let mut framer = match Framer::new(pieces, Arc::default(), limits, &*MAPPINGS) {
        Ok(framer) => framer,
        Err(error) => {
            assert!(!error.hint().is_empty(), "an error without a hint");
            outcome.error = Some(error.to_string());
            return outcome;
        }
    };
    outcome.is_plain = framer.compression() == Compression::Plain;
    let mut reader = RecordReader::new(MAPPINGS.clone().into());
    let (mut size, mut last_line) = (0, 1);
    while let Some(chunk) = framer.next_chunk() {
        assert!(chunk.first_line >= last_line, "lines go backwards");
        last_line = chunk.first_line;
        chunk.read(&mut reader, |range, items| {
            assert!(!items.is_empty(), "a record without an item");
            let is_blank = chunk.text[range.clone()].trim_ascii().is_empty();
            assert!(
                !is_blank || matches!(items[..], [Item::Broken(_)]),
                "something was read from a blank record"
            );
            assert!(chunk.line_at(range.start) >= chunk.first_line, "a record before its chunk");
            outcome.items.extend(items.drain(..).map(|item| format!("{item:?}")));
        });
        outcome.broken.extend(chunk.broken.into_iter().map(|part| {
            assert!(part.excerpt.len() <= 3 * 4096, "an excerpt of {} bytes", part.excerpt.len());
            (part.line, part.broken.reason)
        }));
        size += chunk.text.len();
        outcome.texts.push((chunk.text, chunk.first_line));
        if outcome.texts.len() >= MAX_CHUNKS || size >= MAX_TEXT {
            return outcome;
        }
    }
    outcome.is_whole = true;
    outcome.error = framer.take_error().map(|error| error.to_string());
    assert!(framer.next_chunk().is_none(), "a chunk after the end");
    outcome
}

fuzz_target!(|data: &[u8]| {
    let [chunk, record, piece, flags, content @ ..] = data else { return };
    let limits = Limits {
        chunk_bytes: 1 + usize::from(*chunk) * 4,
        max_record_bytes: 1 + usize::from(*record) * 8,
        max_ratio: 1 + u32::from(*flags >> 1),
    };
    let all = Pieces { bytes: content, size: usize::MAX, pauses: false, paused: false };
    let at_once = outcome(all, limits);
    let size = 1 + usize::from(*piece);
    let in_pieces = outcome(Pieces { bytes: content, size, pauses: false, paused: false }, limits);
    // How much of a damaged compressed stream can be had before the damage depends on how it arrives.
    let is_damaged = !at_once.is_plain && at_once.error.is_some();
    if is_damaged {
        assert_eq!(
            at_once.error, in_pieces.error,
            "damaged in another way when it comes in pieces of {size}"
        );
    } else {
        assert_eq!(at_once, in_pieces, "cut elsewhere when it comes in pieces of {size}");
    }
    if at_once.is_plain && at_once.is_whole && at_once.error.is_none() && at_once.broken.is_empty() {
        let mark = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let kept: usize = at_once.texts.iter().map(|(text, _)| text.len()).sum();
        assert_eq!(kept + mark, content.len(), "bytes were lost");
    }
    if flags & 1 == 1 {
        // Pauses may move the cuts. What is read must still come to an end.
        outcome(Pieces { bytes: content, size, pauses: true, paused: false }, limits);
    }
});
