//! Plain, gzip or zstd, told by content, with a bound on what may come out.
//!
//! A few kilobytes of gzip can unpack to gigabytes. Memory is not at risk, because everything downstream works on
//! chunks, but time and the store are. So a stream whose output is large *and* more than [`Limits::max_ratio`] times
//! its input is cut off there. Honest logs compress 10 to 60 times; alert floods a few hundred.

use super::Limits;
use std::io::{self, BufReader, Chain, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Output below this is never cut off, whatever the ratio: 256 MiB.
const RATIO_FREE_BYTES: u64 = 256 << 20;
/// Largest zstd window accepted, as a power of two: 128 MiB, what `zstd --long` writes.
const ZSTD_WINDOW_LOG: u32 = 27;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Plain,
    /// RFC 1952, one member or several.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// A decompressed stream that counts what goes in and what comes out.
pub struct Decoder<R: Read> {
    inner: Inner<R>,
    pub(super) compression: Compression,
    read_in: Arc<AtomicU64>,
    out: u64,
    limits: Limits,
}

/// The input with the bytes that were looked at put back in front.
type Source<R> = BufReader<Chain<io::Cursor<Vec<u8>>, Counted<R>>>;

enum Inner<R: Read> {
    Plain(Source<R>),
    Gzip(Box<flate2::bufread::MultiGzDecoder<Source<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Source<R>>>),
}

impl<R: Read> Decoder<R> {
    /// Looks at the first bytes of `input` and picks the decoder. `read_in` counts the compressed bytes taken.
    pub fn new(input: R, read_in: Arc<AtomicU64>, limits: Limits) -> io::Result<Self> {
        let mut input = Counted { input, read: Arc::clone(&read_in) };
        // However few bytes come at first, the magic number is looked at whole.
        let mut magic = [0; 4];
        let mut filled = 0;
        while filled < magic.len() {
            match input.read(&mut magic[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
        }
        let magic = &magic[..filled];
        let input = BufReader::with_capacity(64 << 10, io::Cursor::new(magic.to_vec()).chain(input));
        let compression = match magic {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            // A skippable frame may stand first.
            [low, 0x2a, 0x4d, 0x18, ..] if low & 0xf0 == 0x50 => Compression::Zstd,
            _ => Compression::Plain,
        };
        let inner = match compression {
            Compression::Plain => Inner::Plain(input),
            Compression::Gzip => Inner::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(input))),
            Compression::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Inner::Zstd(Box::new(decoder))
            }
        };
        Ok(Self { inner, compression, read_in, out: 0, limits })
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.inner {
            Inner::Plain(input) => input.read(buffer)?,
            Inner::Gzip(input) => input.read(buffer)?,
            Inner::Zstd(input) => input.read(buffer)?,
        };
        self.out += count as u64;
        let read_in = self.read_in.load(Ordering::Relaxed).max(1);
        if self.compression != Compression::Plain
            && self.out > RATIO_FREE_BYTES
            && self.out / read_in > u64::from(self.limits.max_ratio)
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                Bomb { ratio: self.out / read_in, max_ratio: self.limits.max_ratio },
            ));
        }
        Ok(count)
    }
}

/// The error of a stream that unpacks to more than it may.
#[derive(Debug, thiserror::Error)]
#[error("it unpacks to {ratio} times its size, more than the {max_ratio} that are allowed")]
pub struct Bomb {
    /// How many times its size it had unpacked to when it was cut off.
    pub ratio: u64,
    /// The bound.
    pub max_ratio: u32,
}

struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
