//! Files of measurements: unpacked by their first bytes, read as NDJSON or CSV by what stands first in them.

use crate::exit::Problem;
use crate::terminal::path_name;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use watchfire_measure::Measurement;
use watchfire_measure::read::{CsvReader, NdjsonReader, ReadError};
use watchfire_signal::frame::{Decoder, Limits};

/// The lines of a file, read one by one.
pub(super) type Lines = Box<dyn Iterator<Item = Result<Measurement, ReadError>>>;

/// Opens a file, or standard input for `-`.
pub(super) fn open(name: &str, limits: Limits) -> Result<Lines, Problem> {
    let input: Box<dyn Read> =
        if name == "-" { Box::new(io::stdin().lock()) } else { Box::new(file(Path::new(name))?) };
    let unreadable = |error: io::Error| cannot(name, &error);
    let decoder = Decoder::new(input, Arc::new(AtomicU64::new(0)), limits).map_err(unreadable)?;
    let mut input = BufReader::with_capacity(64 << 10, decoder);
    let is_json = is_json(&mut input).map_err(unreadable)?;
    Ok(if is_json { Box::new(NdjsonReader::new(input)) } else { Box::new(CsvReader::new(input)) })
}

fn file(path: &Path) -> Result<File, Problem> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| cannot(&name, &error))?;
    if file.metadata().is_ok_and(|meta| meta.is_dir()) {
        return Err(cannot(&name, &io::ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}

fn cannot(name: &str, error: &io::Error) -> Problem {
    Problem::usage(
        format!("{}: {error}", path_name(Path::new(name))),
        "measurements come in files of NDJSON or CSV, plain, gzip or zstd; - is standard input",
    )
}

/// Whether the first thing in it is an object. A byte order mark and white space before it are passed over.
fn is_json(input: &mut impl BufRead) -> io::Result<bool> {
    let bytes = loop {
        match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let first = bytes[mark..].iter().find(|byte| !byte.is_ascii_whitespace()).copied();
    if first == Some(b'{') {
        input.consume(mark);
    }
    Ok(first == Some(b'{'))
}
