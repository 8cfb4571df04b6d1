//! Lines of packed files, again and again.

use crate::error::OracleError;
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The lines of a file, from the beginning again when it is at its end.
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<GzDecoder<File>>,
    line: String,
    cycle: u32,
    /// Whether this cycle had a line.
    any: bool,
}

impl Lines {
    pub(super) fn open(path: PathBuf) -> Result<Self, OracleError> {
        let reader = unpack(&path)?;
        Ok(Self { path, reader, line: String::new(), cycle: 0, any: false })
    }

    /// The next line without its end, and how often the file was read to its end before.
    pub(super) fn next_line(&mut self) -> Result<(&str, u32), OracleError> {
        loop {
            self.line.clear();
            let length = self.reader.read_line(&mut self.line).map_err(OracleError::file(&self.path))?;
            if length > 0 {
                self.any = true;
                break;
            }
            if !self.any {
                return Err(OracleError::Empty { path: self.path.clone() });
            }
            self.reader = unpack(&self.path)?;
            self.cycle += 1;
            self.any = false;
        }
        Ok((self.line.trim_end(), self.cycle))
    }
}

fn unpack(path: &Path) -> Result<BufReader<GzDecoder<File>>, OracleError> {
    Ok(BufReader::new(GzDecoder::new(File::open(path).map_err(OracleError::file(path))?)))
}

/// The packed files of a folder, by name.
pub(super) fn open_all(folder: &Path) -> Result<Vec<Lines>, OracleError> {
    let entries = std::fs::read_dir(folder).map_err(OracleError::file(folder))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "gz"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(OracleError::Empty { path: folder.to_owned() });
    }
    paths.into_iter().map(Lines::open).collect()
}
