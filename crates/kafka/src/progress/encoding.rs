//! What is done above a watermark, as the text that Kafka keeps with a committed offset.
//!
//! `w1.` and base64 for URLs without padding (RFC 4648, section 5) of: a byte that says how, the watermark as a varint, and
//! either, as varints, how far from the last end each range of what is done starts and how long it is, or a bit for each
//! offset from the watermark on, the lowest first. The shorter of the two is taken. Varints are LEB128.

use super::MOST_METADATA_BYTES;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use std::ops::Range;

const MARK: &str = "w1.";
const RANGES: u8 = 1;
const BITS: u8 = 2;
/// Before ranges or bits: how, and the watermark.
const HEAD_BYTES: usize = 1 + varint_bytes(i64::MAX as u64);
/// What base64 makes the most that is allowed of.
const MOST_BYTES: usize = (MOST_METADATA_BYTES - MARK.len()) / 4 * 3;

/// Whether what is done can be encoded whole, in at most this many ranges that end at most this far from the watermark,
/// whichever of it is done.
pub(super) fn always_fits(span: i64, ranges: usize) -> bool {
    let room = MOST_BYTES - HEAD_BYTES;
    let span = span.max(0) as u64;
    span <= room as u64 * 8 || ranges.saturating_mul(2 * varint_bytes(span)) <= room
}

/// The text, and from where on what is done is not in it any more because that would be too long.
pub(super) fn encode(watermark: i64, done: &[Range<i64>]) -> (String, Option<i64>) {
    if done.is_empty() {
        return (String::new(), None);
    }
    let head = |kind: u8| {
        let mut bytes = vec![kind];
        push_varint(&mut bytes, watermark.max(0) as u64);
        bytes
    };
    let (mut ranges, ranges_left) = as_ranges(watermark, done, MOST_BYTES - HEAD_BYTES);
    let mut left = ranges_left;
    let mut kind = RANGES;
    // Bits are shorter only where there are many ranges.
    let (bits, bits_left) = as_bits(watermark, done, MOST_BYTES - HEAD_BYTES);
    if bits_left.is_none() && (ranges_left.is_some() || bits.len() < ranges.len()) {
        (ranges, left, kind) = (bits, None, BITS);
    }
    let mut bytes = head(kind);
    bytes.append(&mut ranges);
    (format!("{MARK}{}", BASE64.encode(bytes)), left)
}

/// What this text says is done, in ranges that are not empty, apart, and rising. Nothing of a text that this module did not
/// make for `start` or an earlier watermark.
pub(super) fn decode(text: &str, start: i64) -> Option<Vec<Range<i64>>> {
    if text.len() > MOST_METADATA_BYTES {
        return None;
    }
    let bytes = BASE64.decode(text.strip_prefix(MARK)?).ok()?;
    let (kind, mut rest) = bytes.split_first()?;
    let watermark = i64::try_from(take_varint(&mut rest)?).ok()?;
    if watermark > start {
        return None;
    }
    match *kind {
        RANGES => {
            let mut done = Vec::new();
            let mut end = watermark;
            while !rest.is_empty() {
                let start = end.checked_add(i64::try_from(take_varint(&mut rest)?).ok()?)?;
                let length = i64::try_from(take_varint(&mut rest)?).ok()?;
                end = start.checked_add(length)?;
                if start < end {
                    done.push(start..end);
                }
            }
            Some(done)
        }
        BITS => {
            let mut done: Vec<Range<i64>> = Vec::new();
            for (place, byte) in rest.iter().enumerate() {
                for bit in (0..8).filter(|bit| byte & (1 << bit) != 0) {
                    let offset = watermark.checked_add(place as i64 * 8 + bit)?;
                    let end = offset.checked_add(1)?;
                    match done.last_mut() {
                        Some(last) if last.end == offset => last.end = end,
                        _ => done.push(offset..end),
                    }
                }
            }
            Some(done)
        }
        _ => None,
    }
}

fn as_ranges(watermark: i64, done: &[Range<i64>], most: usize) -> (Vec<u8>, Option<i64>) {
    let mut bytes = Vec::new();
    let mut end = watermark;
    for range in done {
        let before = bytes.len();
        push_varint(&mut bytes, (range.start - end) as u64);
        push_varint(&mut bytes, (range.end - range.start) as u64);
        if bytes.len() > most {
            bytes.truncate(before);
            return (bytes, Some(range.start));
        }
        end = range.end;
    }
    (bytes, None)
}

fn as_bits(watermark: i64, done: &[Range<i64>], most: usize) -> (Vec<u8>, Option<i64>) {
    let mut bytes: Vec<u8> = Vec::new();
    for range in done {
        if (range.end - watermark) as u64 > most as u64 * 8 {
            return (bytes, Some(range.start));
        }
        for offset in range.clone() {
            let place = (offset - watermark) as usize;
            if bytes.len() <= place / 8 {
                bytes.resize(place / 8 + 1, 0);
            }
            bytes[place / 8] |= 1 << (place % 8);
        }
    }
    (bytes, None)
}

const fn varint_bytes(value: u64) -> usize {
    let mut bytes = 1;
    let mut rest = value >> 7;
    while rest > 0 {
        bytes += 1;
        rest >>= 7;
    }
    bytes
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..10 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(first & 0x7f);
        if place == 9 && part > 1 {
            return None;
        }
        value |= part << (place * 7);
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
