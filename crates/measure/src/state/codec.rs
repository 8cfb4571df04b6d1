//! A user's states as bytes: the same on every store.
//!
//! ```text
//! "WFM" version=1 | count of series | series… | xxh3-64 of all before, 8 bytes
//! series: name | model | time | seen | accepted | rejected | 5 × f64 estimate | 6 × f64 noise | 2 × f64 tail
//!         | candidate: agreeing, run, 3 × f64 | count of levels, f64… | points
//! ```
//!
//! Counts are in seven bits a byte, times are signed and zigzagged, floats are IEEE 754 in eight bytes, all little-endian. Series are in
//! the order of their names, so equal states are equal bytes. The hash tells bytes that were damaged; what has a right hash and
//! is wrong nevertheless is told by bounds.

use super::bytes::{Bytes, Writer};
use super::point::Points;
use super::{MOST_SERIES, Series, StateError, UserState};
use crate::filter::{Candidate, Estimate, Filter, Learned, Levels, MOST_LEVELS, Model, Tail};
use crate::measurement::MOST_METRIC_BYTES;
use twox_hash::XxHash3_64;

const MAGIC: [u8; 3] = *b"WFM";
const VERSION: u8 = 1;

impl UserState {
    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(16 + self.series.len() * 2_048));
        writer.0.extend_from_slice(&MAGIC);
        writer.byte(VERSION);
        writer.number(self.series.len() as u64);
        for (name, series) in &self.series {
            writer.block(name.as_bytes());
            write_series(&mut writer, series);
        }
        let hash = XxHash3_64::oneshot(&writer.0);
        writer.0.extend_from_slice(&hash.to_le_bytes());
        writer.0
    }

    /// Reads what [`UserState::encode`] wrote; any bytes give a state or an error.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let (body, hash) = bytes.split_last_chunk::<8>().ok_or(StateError::Short)?;
        let mut reader = Bytes(body);
        if reader.array::<3>()? != MAGIC {
            return Err(StateError::Wrong("beginning"));
        }
        let version = reader.byte()?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        if XxHash3_64::oneshot(body) != u64::from_le_bytes(*hash) {
            return Err(StateError::Damaged);
        }
        let count = reader.count(MOST_SERIES)?;
        let mut series: Vec<(Box<str>, Series)> = Vec::with_capacity(count);
        for _ in 0..count {
            let name = std::str::from_utf8(reader.block(MOST_METRIC_BYTES)?)
                .map_err(|_| StateError::Wrong("name"))?;
            let read = read_series(&mut reader)?;
            if series.last().is_some_and(|(last, _)| **last >= *name) {
                return Err(StateError::Wrong("order"));
            }
            series.push((name.into(), read));
        }
        if reader.is_empty() { Ok(Self { series }) } else { Err(StateError::Wrong("end")) }
    }
}

fn write_series(writer: &mut Writer, series: &Series) {
    let filter = &series.filter;
    writer.byte(match filter.model {
        Model::LocalLevel => 0,
        Model::LocalLinearTrend => 1,
    });
    writer.signed(filter.time_ms);
    writer.number(filter.seen);
    writer.number(series.accepted);
    writer.number(series.rejected);
    let Estimate { level, slope, level_variance, covariance, slope_variance } = filter.estimate;
    let Learned { last, difference, square, product, step, seen } = filter.learned;
    let Tail { quantile, excess } = filter.tail;
    for float in [level, slope, level_variance, covariance, slope_variance]
        .into_iter()
        .chain([last, difference, square, product, step, seen])
        .chain([quantile, excess])
    {
        writer.float(float);
    }
    let Candidate { agreeing, run, mean, run_mean, run_squares } = filter.candidate;
    writer.number(u64::from(agreeing));
    writer.number(u64::from(run));
    for float in [mean, run_mean, run_squares] {
        writer.float(float);
    }
    writer.number(filter.levels.0.len() as u64);
    for level in &filter.levels.0 {
        writer.float(*level);
    }
    series.points.write(writer);
}

fn read_series(reader: &mut Bytes<'_>) -> Result<Series, StateError> {
    let model = match reader.byte()? {
        0 => Model::LocalLevel,
        1 => Model::LocalLinearTrend,
        _ => return Err(StateError::Wrong("model")),
    };
    let time_ms = reader.signed()?;
    let (seen, accepted, rejected) = (reader.number()?, reader.number()?, reader.number()?);
    let mut floats = [0.0; 13];
    for float in &mut floats {
        *float = reader.float()?;
    }
    let [level, slope, level_variance, covariance, slope_variance, rest @ ..] = floats;
    let [last, difference, square, product, step, learned, quantile, excess] = rest;
    if level_variance < 0.0 || slope_variance < 0.0 || square < 0.0 || quantile <= 0.0 || excess <= 0.0 {
        return Err(StateError::Wrong("variance"));
    }
    let candidate = Candidate {
        agreeing: reader.count(u32::MAX as usize)? as u32,
        run: reader.count(u32::MAX as usize)? as u32,
        mean: reader.float()?,
        run_mean: reader.float()?,
        run_squares: reader.float()?,
    };
    let count = reader.count(MOST_LEVELS)?;
    let mut levels = Vec::with_capacity(count);
    for _ in 0..count {
        levels.push(reader.float()?);
    }
    let points = Points::read(reader)?;
    let filter = Filter {
        model,
        time_ms,
        seen,
        estimate: Estimate { level, slope, level_variance, covariance, slope_variance },
        learned: Learned { last, difference, square, product, step, seen: learned },
        tail: Tail { quantile, excess },
        candidate,
        levels: Levels(levels),
    };
    Ok(Series { filter, accepted, rejected, points })
}
