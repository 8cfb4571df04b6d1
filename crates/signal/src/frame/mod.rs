//! Cuts bytes into chunks of whole records.
//!
//! A [`Framer`] reads a stream of any size (plain, gzip or zstd) and hands out [`Chunk`]s of about
//! [`Limits::chunk_bytes`], each ending where a record ends, so that they can be read in parallel. It does not parse:
//! finding where records end takes a tenth of the time.
//!
//! For the same bytes it always cuts at the same places. That makes a chunk the unit of recovery: a chunk whose hash is
//! in the store has been judged, whatever happened to the process since.
//!
//! Three layouts are told apart by the first bytes: records separated by newlines (NDJSON, syslog, CEF); JSON that
//! spans lines (arrays, pretty-printed or concatenated objects, and `{"Records":[…]}` of any size); CSV whose header
//! belongs to a mapping.

mod decode;
mod failure;
mod scan;

pub use decode::{Bomb, Compression, Decoder};
pub use failure::FrameError;

use crate::read::{Broken, CsvPlan, Item, Mapping, RecordReader, csv_plan};
use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Bounds on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// About how large a chunk is, in bytes.
    pub chunk_bytes: usize,
    /// A record larger than this, in bytes, is broken.
    pub max_record_bytes: usize,
    /// How many times its own size a compressed stream may unpack to.
    pub max_ratio: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { chunk_bytes: 256 << 10, max_record_bytes: 16 << 20, max_ratio: 1000 }
    }
}

/// A part of the input that was not a readable record, found while cutting.
#[derive(Debug, Clone)]
pub struct BrokenPart {
    /// The line it starts on, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub broken: Broken,
    /// Its beginning, at most 4 KiB.
    pub excerpt: String,
}

/// Some whole records.
#[derive(Debug)]
pub struct Chunk {
    /// Their text; bytes that are not UTF-8 are replaced by `?`.
    pub text: String,
    /// The line its text starts on, from 1.
    pub first_line: u64,
    /// Parts that can't be read at all.
    pub broken: Vec<BrokenPart>,
    /// Whether any byte was replaced.
    pub repaired: bool,
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    Lines,
    Ranges(Vec<Range<usize>>),
    Csv(Arc<CsvPlan>, Vec<Range<usize>>),
}

impl Chunk {
    /// Reads every record, calling `each` with the record's place in [`Chunk::text`] and its items. A record is never
    /// blank and has at least one item.
    pub fn read<'a>(
        &'a self,
        reader: &mut RecordReader,
        mut each: impl FnMut(Range<usize>, &mut Vec<Item<'a>>),
    ) {
        let mut items = Vec::new();
        let mut one = |range: Range<usize>, plan: Option<&CsvPlan>| {
            let record = &self.text[range.clone()];
            // Whoever writes records looks for the one that a reader stumbles over. It costs that record only.
            let read = catch_unwind(AssertUnwindSafe(|| match plan {
                Some(plan) => plan.read(record, &mut items),
                None => reader.read(record, &mut items),
            }));
            if read.is_err() {
                items.clear();
                items.push(Item::Broken(Broken::new(
                    "the reader failed on it",
                    "this is a bug: please report the record",
                )));
            }
            if !items.is_empty() {
                each(range, &mut items);
                items.clear();
            }
        };
        match &self.layout {
            Layout::Lines => {
                let bytes = self.text.as_bytes();
                let mut start = 0;
                while start < bytes.len() {
                    let end = scan::newline(bytes, start).unwrap_or(bytes.len());
                    one(start..end, None);
                    start = end + 1;
                }
            }
            Layout::Ranges(ranges) => ranges.iter().for_each(|range| one(range.clone(), None)),
            Layout::Csv(plan, ranges) => ranges.iter().for_each(|range| one(range.clone(), Some(plan))),
        }
    }

    /// What a record holds under a name, whether its reader reads it or not: the column of that name, or the member of a
    /// JSON object (dots lead inwards) as text. `range` is the record's place in [`Chunk::text`].
    pub fn value(&self, range: Range<usize>, name: &str) -> Option<Cow<'_, str>> {
        let record = self.text.get(range)?;
        if let Layout::Csv(plan, _) = &self.layout {
            return plan.cell(record, name);
        }
        let json: serde_json::Value = serde_json::from_str(record).ok()?;
        let member = name.split('.').try_fold(&json, |value, part| value.get(part));
        match member.or_else(|| json.get(name))? {
            serde_json::Value::String(text) => Some(Cow::Owned(text.clone())),
            serde_json::Value::Null => None,
            other => Some(Cow::Owned(other.to_string())),
        }
    }

    /// The line that a place in [`Chunk::text`] is on, from 1.
    pub fn line_at(&self, offset: usize) -> u64 {
        self.first_line + memchr::memchr_iter(b'\n', &self.text.as_bytes()[..offset]).count() as u64
    }
}

#[derive(Debug, Clone)]
enum Framing {
    Lines,
    Json,
    Csv(Arc<CsvPlan>),
}

/// Cuts one stream into chunks.
pub struct Framer<R: Read> {
    input: Decoder<R>,
    limits: Limits,
    framing: Framing,
    /// Read and not yet handed out.
    buffer: Vec<u8>,
    line: u64,
    broken: Vec<BrokenPart>,
    ended: bool,
    error: Option<FrameError>,
    /// Inside a line that is too long: drop bytes up to the next newline.
    dropping: bool,
    /// Inside an object that holds a list of records: what else it says is not a record.
    wrapped: bool,
    /// The source paused while it was opened: what has come is to be handed out before it is asked again.
    paused: bool,
}

enum Filled {
    More,
    /// The source has nothing at the moment.
    Pause,
    End,
}

impl<R: Read> Framer<R> {
    /// Opens a stream: tells its compression and layout by its first bytes.
    ///
    /// `read_in` counts the bytes taken from `input`. A source that may pause, such as a pipe, says so by an error of
    /// kind [`io::ErrorKind::TimedOut`]; then what there is is handed out.
    pub fn new(
        input: R,
        read_in: Arc<AtomicU64>,
        limits: Limits,
        mappings: &[Mapping],
    ) -> Result<Self, FrameError> {
        let mut framer = Self {
            input: Decoder::new(input, read_in, limits)?,
            limits,
            framing: Framing::Lines,
            buffer: Vec::new(),
            line: 1,
            broken: Vec::new(),
            ended: false,
            error: None,
            dropping: false,
            wrapped: false,
            paused: false,
        };
        while framer.buffer.len() < limits.chunk_bytes {
            match framer.fill(limits.chunk_bytes) {
                Filled::More => {}
                Filled::Pause if framer.buffer.contains(&b'\n') => {
                    framer.paused = true;
                    break;
                }
                Filled::Pause => {}
                Filled::End => break,
            }
        }
        if framer.buffer.starts_with(&[0xff, 0xfe]) || framer.buffer.starts_with(&[0xfe, 0xff]) {
            return Err(FrameError::Utf16);
        }
        if framer.buffer.starts_with(&[0xef, 0xbb, 0xbf]) {
            framer.buffer.drain(..3);
        }
        framer.framing = framer.detect(mappings);
        Ok(framer)
    }

    /// How the stream is compressed.
    pub fn compression(&self) -> Compression {
        self.input.compression
    }

    /// The first bytes of the unpacked stream, as many as have been read; at least 64 KiB unless the stream is shorter
    /// or pauses. Only before the first chunk is taken.
    pub fn head(&self) -> &[u8] {
        &self.buffer
    }

    /// Why the stream could not be read to its end, once it has ended.
    pub fn take_error(&mut self) -> Option<FrameError> {
        self.error.take()
    }

    /// The next chunk, or `None` at the end of the stream or where it can't be read on (see [`Framer::take_error`]).
    pub fn next_chunk(&mut self) -> Option<Chunk> {
        let mut target = self.limits.chunk_bytes;
        loop {
            let mut paused = std::mem::take(&mut self.paused);
            while !paused && self.buffer.len() < target && !self.ended {
                if matches!(self.fill(target), Filled::Pause) {
                    paused = true;
                    break;
                }
            }
            if self.dropping {
                self.drop_line();
                if self.dropping && !self.ended {
                    continue;
                }
            }
            let chunk = match self.framing.clone() {
                Framing::Lines => self.cut_lines(),
                Framing::Json => self.cut_json(),
                Framing::Csv(plan) => self.cut_csv(plan),
            };
            if chunk.is_some() {
                return chunk;
            }
            if self.ended && self.buffer.is_empty() {
                return self.last_words();
            }
            if !paused {
                target = self.buffer.len() + self.limits.chunk_bytes;
            }
        }
    }

    fn last_words(&mut self) -> Option<Chunk> {
        if self.broken.is_empty() { None } else { Some(self.chunk(Vec::new(), |_| Layout::Lines)) }
    }

    fn fill(&mut self, target: usize) -> Filled {
        let start = self.buffer.len();
        self.buffer.resize(target.max(start + 1), 0);
        loop {
            match self.input.read(&mut self.buffer[start..]) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.buffer.truncate(start + count);
                    return Filled::More;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    self.buffer.truncate(start);
                    return Filled::Pause;
                }
                Err(error) => {
                    self.ended = true;
                    let early = error.kind() == io::ErrorKind::UnexpectedEof
                        && self.input.compression != Compression::Plain;
                    self.error = Some(if early { FrameError::Truncated } else { error.into() });
                }
            }
            self.buffer.truncate(start);
            return Filled::End;
        }
    }

    fn detect(&self, mappings: &[Mapping]) -> Framing {
        let bytes = self.buffer.as_slice();
        let Some(start) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            return Framing::Lines;
        };
        let line_end = scan::newline(bytes, start);
        match bytes[start] {
            b'[' => Framing::Json,
            b'{' => match scan::object_end(bytes, start) {
                // An object that ends on its first line is a line of NDJSON, one that goes on below is not.
                Some(end) if line_end.is_none_or(|line_end| end <= line_end) => Framing::Lines,
                None if line_end.is_none() && scan::wrapper_body(bytes, start).is_none() => Framing::Lines,
                // A first line that is cut off in the middle must not turn the rest into one value.
                _ if line_end.is_some_and(|end| scan::looks_like_object(&bytes[end..])) => Framing::Lines,
                _ => Framing::Json,
            },
            _ => {
                let header = &bytes[start..line_end.unwrap_or(bytes.len())];
                match std::str::from_utf8(header).ok().and_then(|header| csv_plan(mappings, header)) {
                    Some(plan) => Framing::Csv(Arc::new(plan)),
                    None => Framing::Lines,
                }
            }
        }
    }

    /// Takes the first `end` bytes as a chunk.
    fn chunk(&mut self, mut bytes: Vec<u8>, layout: impl FnOnce(&[u8]) -> Layout) -> Chunk {
        let layout = layout(&bytes);
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        let mut repaired = false;
        let text = loop {
            match String::from_utf8(bytes) {
                Ok(text) => break text,
                Err(error) => {
                    repaired = true;
                    let at = error.utf8_error();
                    let bad =
                        at.valid_up_to()..at.error_len().map_or(usize::MAX, |len| at.valid_up_to() + len);
                    bytes = error.into_bytes();
                    let bad = bad.start..bad.end.min(bytes.len());
                    bytes[bad].fill(b'?');
                }
            }
        };
        Chunk { text, first_line, broken: std::mem::take(&mut self.broken), repaired, layout }
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(end);
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Gives up on the first `end` bytes, which begin with something that can't be read.
    fn give_up(&mut self, end: usize, broken: Broken) {
        let bytes = self.take(end);
        let excerpt = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).into_owned();
        self.broken.push(BrokenPart { line: self.line, broken, excerpt });
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
    }

    fn too_long(&self) -> Broken {
        let limit = match self.limits.max_record_bytes {
            bytes @ ..1024 => format!("{bytes} bytes"),
            bytes @ ..0x10_0000 => format!("{} KiB", bytes >> 10),
            bytes => format!("{} MiB", bytes >> 20),
        };
        Broken::new(
            format!("a record of more than {limit}"),
            "raise [input] max_record_bytes if such records are to be expected",
        )
    }

    fn cut_lines(&mut self) -> Option<Chunk> {
        let end = match memchr::memrchr(b'\n', &self.buffer) {
            Some(at) => at + 1,
            None if self.ended && !self.buffer.is_empty() => self.buffer.len(),
            None => {
                if self.buffer.len() > self.limits.max_record_bytes {
                    let broken = self.too_long();
                    self.give_up(self.buffer.len(), broken);
                    self.dropping = true;
                }
                return None;
            }
        };
        // At the end of the stream the last line may lack its newline.
        let end = if self.ended { self.buffer.len() } else { end };
        let bytes = self.take(end);
        Some(self.chunk(bytes, |_| Layout::Lines))
    }

    fn drop_line(&mut self) {
        match scan::newline(&self.buffer, 0) {
            Some(at) => {
                self.buffer.drain(..=at);
                self.line += 1;
                self.dropping = false;
            }
            None => self.buffer.clear(),
        }
    }

    fn cut_csv(&mut self, plan: Arc<CsvPlan>) -> Option<Chunk> {
        let too_long = self.buffer.len() > self.limits.max_record_bytes;
        let (mut ranges, end) = scan::csv_records(&self.buffer, self.ended, too_long);
        // The header is the file's first record.
        if self.line == 1 && !ranges.is_empty() {
            ranges.remove(0);
        }
        if end == 0 {
            if too_long {
                let broken = self.too_long();
                self.give_up(self.buffer.len(), broken);
                self.dropping = true;
            }
            return None;
        }
        let bytes = self.take(end);
        Some(self.chunk(bytes, |_| Layout::Csv(plan, ranges)))
    }

    fn cut_json(&mut self) -> Option<Chunk> {
        let mut ranges = Vec::new();
        let mut at = 0;
        loop {
            match self.buffer.get(at) {
                None => break,
                // Between values: white space, commas, and the brackets of the arrays they are in.
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b'[' | b']') => at += 1,
                // The end of a wrapper that was opened below.
                Some(b'}') => at += 1,
                Some(b'{') => match scan::object_end(&self.buffer, at) {
                    Some(end) => {
                        let end = scan::value_end(&self.buffer, at..end);
                        ranges.push(at..end);
                        at = end;
                    }
                    None => match scan::wrapper_body(&self.buffer, at) {
                        Some(body) => {
                            self.wrapped = true;
                            at = body;
                        }
                        None => break,
                    },
                },
                // Something else, such as the rest of a wrapper: up to the next line or object.
                Some(_) => {
                    let rest = &self.buffer[at..];
                    let len = match memchr::memchr2(b'\n', b'{', rest) {
                        Some(len) => len,
                        None if self.ended => rest.len(),
                        None => break,
                    };
                    if !self.wrapped {
                        ranges.push(at..at + len);
                    }
                    at += len;
                }
            }
        }
        if at > 0 {
            let bytes = self.take(at);
            return Some(self.chunk(bytes, |_| Layout::Ranges(ranges)));
        }
        if self.buffer.is_empty() {
            return None;
        }
        let too_long = self.buffer.len() > self.limits.max_record_bytes;
        if self.ended || too_long {
            let broken = if too_long {
                self.too_long()
            } else {
                Broken::new("a JSON value that does not end", "was the file cut off while it was written?")
            };
            // Start again at the next line that opens an object, so that one missing brace does not cost the rest.
            let end = scan::next_object_line(&self.buffer).unwrap_or(self.buffer.len());
            self.give_up(end, broken);
        }
        None
    }
}

#[cfg(test)]
mod tests;
