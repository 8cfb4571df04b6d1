//! What is done of a partition of a log whose records end out of order.
//!
//! A consumer commits one offset: everything before it is done. Where records with different keys end in another order than they
//! came, some after that offset are done too, and must not be done again by whoever reads on from there. So which ones is
//! written into the text that Kafka and its like keep beside a committed offset: as ranges, each a distance and a length in
//! LEB128, in base64url (RFC 4648). That text is bounded; a [`Watermark`] says what still fits, and nothing may be called done that it can't say.

use std::collections::VecDeque;
use std::fmt::Write;

/// Characters of the text, at most. Kafka allows 4,096 (`offset.metadata.max.bytes`).
pub const MOST_TEXT: usize = 3_500;
/// Characters of the text from which on nothing more should be begun.
const AMPLE: usize = 2_500;
/// What the text begins with: whose it is, and the version.
const PREFIX: &str = "wf1.";
/// Digits of base64url.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What is begun and what is done of a partition. Takes memory for each record that is begun and behind one that is not done.
#[derive(Debug, Clone)]
pub struct Watermark {
    /// Everything before this is done.
    next: i64,
    /// What was begun from there on, in order, and whether it is done.
    begun: VecDeque<(i64, bool)>,
    /// What an earlier consumer had done: ranges, in order, first and last.
    earlier: VecDeque<(i64, i64)>,
    /// How many of those begun are not done.
    open: usize,
}

impl Watermark {
    /// From a committed offset and the text beside it. Of a text that says nothing, or is another's, nothing is believed.
    pub fn new(offset: i64, text: &str) -> Self {
        let earlier = decode(offset, text).unwrap_or_default();
        Self { next: offset, begun: VecDeque::new(), earlier, open: 0 }
    }

    /// Begins a record. Says whether there is something to do: not if it was done before. Records come in the order of their
    /// offsets, which may have gaps; one that comes again is passed over.
    pub fn begin(&mut self, offset: i64) -> bool {
        if offset < self.next || self.begun.back().is_some_and(|(last, _)| offset <= *last) {
            return false;
        }
        while self.earlier.front().is_some_and(|(_, last)| *last < offset) {
            self.earlier.pop_front();
        }
        let done = self.earlier.front().is_some_and(|(first, _)| *first <= offset);
        if done && self.begun.is_empty() {
            self.next = offset + 1;
        } else {
            self.begun.push_back((offset, done));
            self.open += usize::from(!done);
        }
        !done
    }

    /// The first record that is not done: where to read on from.
    pub fn next(&self) -> i64 {
        self.begun.front().map_or(self.next, |(first, _)| *first)
    }

    /// How many records were begun and are not done.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Whether more may be begun without danger that soon nothing may be called done. Always where nothing is open: what an
    /// earlier consumer had done may fill the text, and only going on makes it shorter.
    pub fn is_ample(&self) -> bool {
        self.open == 0 || self.text(&[]).is_some_and(|(_, text)| text.len() < AMPLE)
    }

    /// What is to be committed once these are done too, which are in order: an offset and its text; `None` if the text would
    /// be too long. Then fewer of them may do, and those that everything waits for always will.
    pub fn text(&self, more: &[i64]) -> Option<(i64, String)> {
        let mut more = more.iter().peekable();
        let mut entries = self.begun.iter().map(|(offset, done)| {
            while more.next_if(|next| **next < *offset).is_some() {}
            (*offset, *done || more.next_if(|next| **next == *offset).is_some())
        });
        let mut next = self.next;
        let first_open = loop {
            match entries.next() {
                None => break None,
                Some((offset, true)) => next = offset + 1,
                Some((offset, false)) => break Some(offset),
            }
        };
        let Some(first_open) = first_open else {
            // Gaps and what was done earlier stay to be said.
            let earlier = self.earlier.iter().filter(|(_, last)| *last >= next);
            return encode(next, earlier.map(|(first, last)| ((*first).max(next), *last)));
        };
        let mut ranges: Vec<(i64, i64)> = Vec::new();
        let (mut within, mut last_seen) = (false, first_open);
        for (offset, done) in entries {
            last_seen = offset;
            match (done, within) {
                (true, true) => {
                    if let Some(range) = ranges.last_mut() {
                        range.1 = offset;
                    }
                }
                (true, false) => ranges.push((offset, offset)),
                (false, _) => {}
            }
            within = done;
        }
        let later = self.earlier.iter().filter(|(_, last)| *last > last_seen);
        ranges.extend(later.map(|(first, last)| ((*first).max(last_seen + 1), *last)));
        encode(first_open, ranges.into_iter())
    }

    /// These are done, in order.
    pub fn done(&mut self, offsets: &[i64]) {
        for offset in offsets {
            if let Ok(place) = self.begun.binary_search_by_key(offset, |(begun, _)| *begun)
                && !self.begun[place].1
            {
                self.begun[place].1 = true;
                self.open -= 1;
            }
        }
        while let Some((offset, true)) = self.begun.front() {
            self.next = offset + 1;
            self.begun.pop_front();
        }
    }
}

/// How many records an offset and the text beside it call done, from the log's first on. Of two that were said of one partition,
/// the one that reaches further calls everything done that the other does.
pub fn reach(offset: i64, text: &str) -> i64 {
    let ranges = decode(offset, text).unwrap_or_default();
    ranges.iter().fold(offset, |reach, (first, last)| reach.saturating_add(last - first).saturating_add(1))
}

fn encode(next: i64, ranges: impl Iterator<Item = (i64, i64)>) -> Option<(i64, String)> {
    let mut bytes = Vec::new();
    let mut before = next;
    for (first, last) in ranges {
        varint(&mut bytes, first.saturating_sub(before).cast_unsigned());
        varint(&mut bytes, last.saturating_sub(first).cast_unsigned());
        before = last;
        if bytes.len() > MOST_TEXT {
            return None;
        }
    }
    if bytes.is_empty() {
        return Some((next, String::new()));
    }
    let mut text = PREFIX.to_owned();
    for three in bytes.chunks(3) {
        let word =
            three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            // Writing to a string does not fail.
            let _ = text.write_char(char::from(digit));
        }
    }
    (text.len() <= MOST_TEXT).then_some((next, text))
}

fn varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The ranges in a text; `None` if it is none of ours.
fn decode(next: i64, text: &str) -> Option<VecDeque<(i64, i64)>> {
    let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() <= MOST_TEXT)?;
    let mut bytes = Vec::with_capacity(digits.len());
    for four in digits.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for digit in four {
            word = word << 6 | u32::try_from(DIGITS.iter().position(|known| known == digit)?).ok()?;
        }
        word <<= 6 * (4 - four.len());
        let whole = word.to_be_bytes();
        bytes.extend_from_slice(&whole[1..four.len()]);
    }
    let mut ranges = VecDeque::new();
    let mut bytes = bytes.into_iter().peekable();
    let mut before = next;
    while bytes.peek().is_some() {
        let first = before.checked_add(i64::try_from(number(&mut bytes)?).ok()?)?;
        let last = first.checked_add(i64::try_from(number(&mut bytes)?).ok()?)?;
        ranges.push_back((first, last));
        before = last;
    }
    Some(ranges)
}

fn number(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{MOST_TEXT, Watermark};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Records are read from where the last consumer committed, and end in any order; consumers come and go.
        #[test]
        fn each_record_is_done_once_whoever_reads_on(
            gaps in prop::collection::vec(1_i64..4, 1..200),
            turns in prop::collection::vec((0_usize..200, any::<prop::sample::Index>(), any::<bool>()), 1..120),
            start in 0_i64..1_000_000_000_000,
        ) {
            let mut offset = start;
            let log: Vec<i64> = gaps.iter().map(|gap| { offset += gap; offset }).collect();
            let mut done = BTreeSet::new();
            let mut kept = (start, String::new());
            let mut watermark = Watermark::new(kept.0, &kept.1);
            let mut read = log.iter().filter(|offset| **offset >= kept.0).copied().collect::<Vec<_>>().into_iter();
            let mut open: Vec<i64> = Vec::new();
            for (many, which, dies) in turns {
                for offset in read.by_ref().take(many) {
                    let to_do = watermark.begin(offset);
                    prop_assert_eq!(to_do, !done.contains(&offset), "offset {}", offset);
                    if to_do {
                        open.push(offset);
                    }
                }
                if !open.is_empty() {
                    let ended = open.remove(which.index(open.len()));
                    let text = watermark.text(&[ended]).expect("few ranges fit");
                    watermark.done(&[ended]);
                    prop_assert_eq!(watermark.text(&[]), Some(text.clone()));
                    prop_assert_eq!(watermark.next(), text.0.max(watermark.next()));
                    prop_assert!(done.insert(ended), "done twice");
                    kept = text;
                }
                prop_assert_eq!(watermark.open(), open.len());
                if dies {
                    watermark = Watermark::new(kept.0, &kept.1);
                    read = log.iter().filter(|offset| **offset >= kept.0).copied().collect::<Vec<_>>().into_iter();
                    open.clear();
                }
            }
            // Nothing before the committed offset is left undone.
            for offset in log.iter().filter(|offset| **offset < kept.0) {
                prop_assert!(done.contains(offset));
            }
        }

        #[test]
        fn a_text_of_others_says_nothing(text in "\\PC{0,60}") {
            let mut watermark = Watermark::new(7, &text);
            prop_assert!(watermark.begin(7) || text.starts_with("wf1."));
        }
    }

    #[test]
    fn what_does_not_fit_is_not_called_done() {
        let mut watermark = Watermark::new(0, "");
        (0..10_000).for_each(|offset| assert!(watermark.begin(offset)));
        let odd: Vec<i64> = (1..10_000).step_by(2).collect();
        assert_eq!(watermark.text(&odd), None);
        let (next, text) = watermark.text(&odd[..600]).unwrap();
        assert_eq!(next, 0);
        assert!(text.len() <= MOST_TEXT);
        watermark.done(&odd[..1000]);
        assert!(!watermark.is_ample());
        // Whoever takes over must go on, however long the text is.
        let (next, text) = watermark.text(&[]).unwrap();
        let mut taken_over = Watermark::new(next, &text);
        assert!(taken_over.is_ample());
        assert!(taken_over.begin(next) && !taken_over.is_ample());
        taken_over.done(&[next]);
        assert!(taken_over.is_ample() && taken_over.text(&[]).unwrap().1.len() <= text.len());
        // What everything waits for can always be called done.
        while watermark.open() > 0 {
            let first = watermark.next();
            assert!(watermark.text(&[first]).is_some(), "{first}");
            watermark.done(&[first]);
        }
        assert_eq!(watermark.text(&[]), Some((10_000, String::new())));
    }
}
