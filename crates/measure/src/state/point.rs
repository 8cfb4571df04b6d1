//! The last points of a series: for the page, and to know a measurement that comes twice.
//!
//! The newest 32 to 64 stand as they are, with a hash of what tells them apart: the ring by which a repeated measurement is
//! answered as it was. When there are 64, the older half becomes a block: columns, times and values as differences, zstd over it. A block is
//! made once and then only copied, so that a save costs the same whatever the history. In a block a point is known by its time and value.

use super::StateError;
use super::bytes::{Bytes, Writer};
use crate::filter::{Band, Judgement, Outcome, Reason, Step};
use std::cell::RefCell;
use zstd::bulk::Compressor;

/// Points in a block.
pub(crate) const BLOCK: usize = 32;
/// Newest points at most.
pub(crate) const MOST_RECENT: usize = 2 * BLOCK;
/// Blocks at most.
pub(crate) const MOST_BLOCKS: usize = 16;
/// Bytes of a block at most: its points in full, and what zstd adds where nothing can be saved.
pub(super) const MOST_BLOCK_BYTES: usize = BLOCK * 40 + 64;
/// Level of zstd: the fastest of the ordinary ones.
const LEVEL: i32 = 1;
/// Bits of what came of a point.
const ACCEPTED: u8 = 1;
const SHIFT: u8 = 2;

/// A value that was compared, and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Hash of its id, or of its time and value; 0 in what comes from a block.
    pub(crate) identity: u64,
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// In the base unit.
    pub value: f64,
    pub(crate) step: Step,
}

impl Point {
    /// What was said of it.
    pub fn outcome(&self) -> Outcome {
        let Step { accepted, shift, residual, half_width, confidence } = self.step;
        let (residual, half_width) = (f64::from(residual), f64::from(half_width));
        let deviation = if half_width > 0.0 { residual / half_width } else { 0.0 };
        let expected = self.value - residual;
        Outcome {
            judgement: if accepted { Judgement::Accepted } else { Judgement::Rejected(Reason::Outlier) },
            quality: f64::from(confidence) / 255.0 / (1.0 + deviation * deviation),
            band: Some(Band { expected, lower: expected - half_width, upper: expected + half_width }),
            shift,
            repeated: false,
        }
    }

    pub(crate) fn is(&self, time_ms: i64, value: f64) -> bool {
        self.time_ms == time_ms && self.value.to_bits() == value.to_bits()
    }
}

/// The last points, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Points {
    pub blocks: Vec<Vec<u8>>,
    pub recent: Vec<Point>,
}

impl Points {
    /// Adds the newest, and forgets the oldest blocks beyond `most_blocks`.
    pub(crate) fn push(&mut self, point: Point, most_blocks: usize) {
        self.recent.push(point);
        if self.recent.len() >= MOST_RECENT {
            let older: Vec<Point> = self.recent.drain(..BLOCK).collect();
            // Memory is all that packing can fail for; then these points are missing on the page.
            if let Ok(packed) = pack(&older) {
                self.blocks.push(packed);
            }
        }
        let most = most_blocks.min(MOST_BLOCKS);
        if self.blocks.len() > most {
            self.blocks.drain(..self.blocks.len() - most);
        }
    }

    /// All points, oldest first.
    pub(crate) fn all(&self) -> Result<Vec<Point>, StateError> {
        let mut points = Vec::with_capacity(self.blocks.len() * BLOCK + self.recent.len());
        for block in &self.blocks {
            points.extend(unpack(block)?);
        }
        points.extend_from_slice(&self.recent);
        Ok(points)
    }

    /// What was said of a measurement that is no longer among the newest, if it is in a block. `None` too where a block is broken.
    pub(crate) fn earlier(&self, time_ms: i64, value: f64) -> Option<Point> {
        let oldest = self.recent.first()?;
        if time_ms > oldest.time_ms {
            return None;
        }
        for block in self.blocks.iter().rev() {
            let points = unpack(block).ok()?;
            if let Some(point) = points.iter().find(|point| point.is(time_ms, value)) {
                return Some(*point);
            }
            if points.first().is_some_and(|first| first.time_ms < time_ms) {
                return None;
            }
        }
        None
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.number(self.recent.len() as u64);
        let mut time = 0_i64;
        for point in &self.recent {
            writer.0.extend_from_slice(&point.identity.to_le_bytes());
            writer.signed(point.time_ms.wrapping_sub(time));
            time = point.time_ms;
            writer.float(point.value);
            writer.single(point.step.residual);
            writer.single(point.step.half_width);
            writer.byte(flags(point));
            writer.byte(point.step.confidence);
        }
        writer.number(self.blocks.len() as u64);
        for block in &self.blocks {
            writer.block(block);
        }
    }

    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Self, StateError> {
        let count = bytes.count(MOST_RECENT)?;
        let mut recent = Vec::with_capacity(count);
        let mut time = 0_i64;
        for _ in 0..count {
            let identity = u64::from_le_bytes(bytes.array()?);
            time = time.wrapping_add(bytes.signed()?);
            let (value, residual, half_width) = (bytes.float()?, bytes.single()?, bytes.single()?);
            let flags = bytes.byte()?;
            let step = step(flags, residual, half_width, bytes.byte()?)?;
            recent.push(Point { identity, time_ms: time, value, step });
        }
        let count = bytes.count(MOST_BLOCKS)?;
        let mut blocks = Vec::with_capacity(count);
        for _ in 0..count {
            blocks.push(bytes.block(MOST_BLOCK_BYTES)?.to_vec());
        }
        Ok(Self { blocks, recent })
    }
}

fn flags(point: &Point) -> u8 {
    u8::from(point.step.accepted) * ACCEPTED + u8::from(point.step.shift) * SHIFT
}

fn step(flags: u8, residual: f32, half_width: f32, confidence: u8) -> Result<Step, StateError> {
    if flags > ACCEPTED + SHIFT {
        return Err(StateError::Wrong("point"));
    }
    Ok(Step { accepted: flags & ACCEPTED > 0, shift: flags & SHIFT > 0, residual, half_width, confidence })
}

/// Columns, each a difference to the point before where that makes it shorter.
fn pack(points: &[Point]) -> Result<Vec<u8>, StateError> {
    let mut writer = Writer::default();
    writer.number(points.len() as u64);
    let (mut time, mut difference) = (0_i64, 0_i64);
    for point in points {
        let next = point.time_ms.wrapping_sub(time);
        writer.signed(next.wrapping_sub(difference));
        (time, difference) = (point.time_ms, next);
    }
    let mut bits = 0_u64;
    for point in points {
        // Neighbours share sign, exponent and first digits: zeros in front, which the byte order puts together.
        writer.0.extend_from_slice(&(point.value.to_bits() ^ bits).to_be_bytes());
        bits = point.value.to_bits();
    }
    for point in points {
        writer.single(point.step.residual);
    }
    for point in points {
        writer.single(point.step.half_width);
    }
    for point in points {
        writer.byte(flags(point));
    }
    for point in points {
        writer.byte(point.step.confidence);
    }
    compressed(&writer.0).map_err(|_| StateError::Wrong("block"))
}

thread_local! {
    /// Making a compressor costs ten times what a block does.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

fn compressed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let mut compressor = match kept.take() {
            Some(compressor) => compressor,
            None => Compressor::new(LEVEL)?,
        };
        let packed = compressor.compress(bytes);
        *kept = Some(compressor);
        packed
    })
}

fn unpack(block: &[u8]) -> Result<Vec<Point>, StateError> {
    let unpacked = zstd::bulk::decompress(block, MOST_BLOCK_BYTES).map_err(|_| StateError::Wrong("block"))?;
    let mut bytes = Bytes(&unpacked);
    let count = bytes.count(BLOCK)?;
    let mut times = Vec::with_capacity(count);
    let (mut time, mut difference) = (0_i64, 0_i64);
    for _ in 0..count {
        difference = difference.wrapping_add(bytes.signed()?);
        time = time.wrapping_add(difference);
        times.push(time);
    }
    let mut values = Vec::with_capacity(count);
    let mut bits = 0_u64;
    for _ in 0..count {
        bits ^= u64::from_be_bytes(bytes.array()?);
        let value = f64::from_bits(bits);
        if !value.is_finite() {
            return Err(StateError::Wrong("float"));
        }
        values.push(value);
    }
    let mut residuals = Bytes(bytes.take(4 * count)?);
    let mut half_widths = Bytes(bytes.take(4 * count)?);
    let flags = bytes.take(count)?;
    let confidences = bytes.take(count)?;
    if !bytes.is_empty() {
        return Err(StateError::Wrong("block"));
    }
    let mut points = Vec::with_capacity(count);
    for (((time_ms, value), flags), confidence) in times.into_iter().zip(values).zip(flags).zip(confidences) {
        let step = step(*flags, residuals.single()?, half_widths.single()?, *confidence)?;
        points.push(Point { identity: 0, time_ms, value, step });
    }
    Ok(points)
}
