//! Where records come from.

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long standard input may say nothing before what has come is judged.
const PAUSE: Duration = Duration::from_millis(200);

/// A source of records.
#[derive(Debug, Clone)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// A file that stands for something else, under that one's name.
    Copy(String, PathBuf),
    /// Standard input.
    Stdin,
    /// Bytes at hand, with a name for them.
    Bytes(String, Arc<[u8]>),
}

impl Input {
    /// What it is called.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "standard input".to_owned(),
            Self::Copy(name, _) | Self::Bytes(name, _) => name.clone(),
        }
    }

    /// Its size in bytes as it lies there, if it can be known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File(path) | Self::Copy(_, path) => {
                std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len())
            }
            Self::Stdin => None,
            Self::Bytes(_, bytes) => Some(bytes.len() as u64),
        }
    }

    /// The input, or a copy of it in `place` if it can be read only once: standard input and pipes. Waits for its end.
    pub fn repeatable(self, place: &Path) -> io::Result<Self> {
        let once = match &self {
            Self::Stdin => true,
            Self::File(path) => std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()),
            Self::Copy(..) | Self::Bytes(..) => false,
        };
        if !once {
            return Ok(self);
        }
        let mut from: Box<dyn Read> = match &self {
            Self::File(path) => Box::new(File::open(path)?),
            _ => Box::new(io::stdin().lock()),
        };
        io::copy(&mut from, &mut File::create(place)?)?;
        Ok(Self::Copy(self.name(), place.to_owned()))
    }

    /// Opens it.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::File(path) | Self::Copy(_, path) => open_file(path),
            Self::Stdin => Ok(Box::new(Pausing::new(io::stdin()))),
            Self::Bytes(_, bytes) => Ok(Box::new(io::Cursor::new(Arc::clone(bytes)))),
        }
    }
}

fn open_file(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let file = File::open(path)?;
    let kind = file.metadata()?;
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // A pipe or terminal under a file's name may pause, too.
    if kind.is_file() { Ok(Box::new(file)) } else { Ok(Box::new(Pausing::new(file))) }
}

/// A stream that says when it has nothing at the moment (by [`io::ErrorKind::TimedOut`]), so that alerts that trickle
/// in are judged while they are fresh.
struct Pausing {
    parts: Receiver<io::Result<Vec<u8>>>,
    part: Vec<u8>,
    taken: usize,
    said: bool,
}

impl Pausing {
    fn new(mut source: impl Read + Send + 'static) -> Self {
        let (sender, parts) = bounded(16);
        // The thread ends with the stream, or with the first part that nobody takes.
        std::thread::spawn(move || {
            loop {
                let mut part = vec![0; 64 << 10];
                let read = match source.read(&mut part) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    other => other,
                };
                let last = !matches!(read, Ok(count) if count > 0);
                let message = read.map(|count| {
                    part.truncate(count);
                    part
                });
                if sender.send(message).is_err() || last {
                    return;
                }
            }
        });
        Self { parts, part: Vec::new(), taken: 0, said: false }
    }
}

impl Read for Pausing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.part.len() {
            // After a pause was said once there is nothing to hand out any more, so waiting costs nobody anything.
            let next = if self.said {
                self.parts.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.parts.recv_timeout(PAUSE)
            };
            self.said = matches!(next, Err(RecvTimeoutError::Timeout));
            match next {
                Ok(part) => (self.part, self.taken) = (part?, 0),
                Err(RecvTimeoutError::Timeout) => return Err(io::ErrorKind::TimedOut.into()),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.part.len() - self.taken);
        buffer[..count].copy_from_slice(&self.part[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}
