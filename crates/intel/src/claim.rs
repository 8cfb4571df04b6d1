//! Who says what, stored once however many entries it is said of.
//!
//! Nearly every entry of a list says the same as its neighbours: this list, this reputation, this reference. So an
//! entry carries only a [`Mark`], four bytes, that stands for a chain of claims: the newest, and the mark of the
//! rest. Equal chains are one chain. Each mark also knows the union of what its chain says, so that a lookup never
//! walks it; only explaining does.

use crate::opinion::Said;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use watchfire_signal::Reputation;

/// Longest note that is kept, in bytes. A note is a reference or a comment; the longest real one is under 300.
const MAX_NOTE: usize = 400;

/// Stands for a chain of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Mark(u32);

impl Mark {
    /// No claim.
    pub(crate) const NONE: Self = Self(0);

    #[cfg(test)]
    pub(crate) const fn from_index(index: u32) -> Self {
        Self(index)
    }
}

/// Stands for a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Note(u32);

impl Note {
    /// No note.
    pub(crate) const NONE: Self = Self(0);
}

/// What one entry of one list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Claim {
    /// Index of the list.
    pub(crate) list: u16,
    pub(crate) reputation: Reputation,
    /// Whether it is said of the entry alone, not of what is under it.
    pub(crate) alone: bool,
    /// The port that the entry names, 0 for none.
    pub(crate) port: u16,
    pub(crate) note: Note,
}

impl Claim {
    /// Whether this and the other differ in evidence only.
    fn says_the_same(&self, other: &Self) -> bool {
        (self.list, self.reputation, self.alone) == (other.list, other.reputation, other.alone)
    }
}

#[derive(Clone, Copy)]
struct Link {
    claim: Claim,
    rest: Mark,
    /// What the chain says of the entry itself.
    said: Said,
    /// What it says of everything under the entry.
    said_under: Said,
}

/// All claims and notes, read-only.
#[derive(Default)]
pub(crate) struct Claims {
    links: Vec<Link>,
    notes: String,
    /// Where each note ends; it begins where the one before it ends.
    note_ends: Vec<u32>,
}

impl Claims {
    /// What the mark's chain says: of the entry itself (`whole`), or of what is under it.
    pub(crate) fn said(&self, mark: Mark, whole: bool) -> Said {
        let Some(link) = self.link(mark) else { return Said::default() };
        if whole { link.said } else { link.said_under }
    }

    /// The claims of the mark's chain, newest first.
    pub(crate) fn of(&self, mark: Mark) -> impl Iterator<Item = &Claim> {
        let mut next = mark;
        std::iter::from_fn(move || {
            let link = self.link(next)?;
            next = link.rest;
            Some(&link.claim)
        })
    }

    /// A note's text.
    pub(crate) fn note(&self, note: Note) -> Option<&str> {
        let index = note.0.checked_sub(1)? as usize;
        let start = index.checked_sub(1).map_or(Some(0), |before| self.note_ends.get(before).copied())?;
        self.notes.get(start as usize..*self.note_ends.get(index)? as usize)
    }

    /// What it occupies, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.links.capacity() * size_of::<Link>() + self.notes.capacity() + self.note_ends.capacity() * 4
    }

    fn link(&self, mark: Mark) -> Option<&Link> {
        self.links.get(mark.0.checked_sub(1)? as usize)
    }
}

/// Claims while lists are being read.
#[derive(Default)]
pub(crate) struct ClaimsBuilder {
    claims: Claims,
    known_links: HashTable<Mark>,
    known_notes: HashTable<Note>,
    hasher: DefaultHashBuilder,
}

impl ClaimsBuilder {
    /// The mark for what `mark` stands for and this claim. A list's second claim of the same reputation about the
    /// same entry changes nothing: the first line that says it is the evidence, and chains stay short.
    pub(crate) fn add(&mut self, mark: Mark, claim: Claim) -> Mark {
        if self.claims.of(mark).any(|known| known.says_the_same(&claim)) {
            return mark;
        }
        let hash = self.hasher.hash_one((claim, mark));
        let known = self.known_links.find(hash, |&known| {
            self.claims.link(known).is_some_and(|link| (link.claim, link.rest) == (claim, mark))
        });
        if let Some(&known) = known {
            return known;
        }
        // There are fewer chains than entries, and entries are bounded far below 2^32.
        let added = Mark(self.claims.links.len() as u32 + 1);
        let before = self.claims.said(mark, false);
        let said_under = if claim.alone { before } else { before.with(claim.reputation) };
        let said = self.claims.said(mark, true).with(claim.reputation);
        self.claims.links.push(Link { claim, rest: mark, said, said_under });
        self.known_links.insert_unique(hash, added, |&mark| {
            let link = self.claims.link(mark).map(|link| (link.claim, link.rest));
            self.hasher.hash_one(link.unwrap_or((claim, Mark::NONE)))
        });
        added
    }

    /// The note with this text, cut to a bound and freed of control characters.
    pub(crate) fn note(&mut self, text: &str) -> Note {
        let text = text.trim();
        let mut end = text.len().min(MAX_NOTE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text: String =
            text[..end].chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        if text.is_empty() {
            return Note::NONE;
        }
        let hash = self.hasher.hash_one(text.as_str());
        if let Some(&known) =
            self.known_notes.find(hash, |&note| self.claims.note(note) == Some(text.as_str()))
        {
            return known;
        }
        // Evidence beyond 4 GiB is dropped; the claim stays.
        let Ok(note_end) = u32::try_from(self.claims.notes.len() + text.len()) else { return Note::NONE };
        self.claims.notes.push_str(&text);
        self.claims.note_ends.push(note_end);
        let note = Note(self.claims.note_ends.len() as u32);
        self.known_notes.insert_unique(hash, note, |&note| {
            self.hasher.hash_one(self.claims.note(note).unwrap_or_default())
        });
        note
    }

    /// Done: what is needed to look things up.
    pub(crate) fn finish(self) -> Claims {
        let mut claims = self.claims;
        claims.links.shrink_to_fit();
        claims.notes.shrink_to_fit();
        claims.note_ends.shrink_to_fit();
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, ClaimsBuilder, MAX_NOTE, Mark, Note};
    use crate::opinion::Said;
    use watchfire_signal::Reputation;

    fn claim(list: u16, reputation: Reputation) -> Claim {
        Claim { list, reputation, alone: false, port: 0, note: Note::NONE }
    }

    #[test]
    fn equal_chains_are_one_chain() {
        let mut builder = ClaimsBuilder::default();
        let bad = claim(0, Reputation::Malicious);
        let good = claim(1, Reputation::Safe);
        let first = builder.add(Mark::NONE, bad);
        let first = builder.add(first, good);
        let second = builder.add(Mark::NONE, bad);
        let second = builder.add(second, good);
        assert_eq!(first, second);
        assert_eq!(builder.add(first, bad), first, "said already");
        let claims = builder.finish();
        assert_eq!(claims.of(first).copied().collect::<Vec<_>>(), [good, bad]);
        assert_eq!(
            claims.said(first, true),
            Said::default().with(Reputation::Safe).with(Reputation::Malicious)
        );
    }

    #[test]
    fn a_claim_about_the_entry_alone_says_nothing_of_what_is_under_it() {
        let mut builder = ClaimsBuilder::default();
        let mark = builder.add(Mark::NONE, Claim { alone: true, ..claim(0, Reputation::Safe) });
        let claims = builder.finish();
        assert_eq!(claims.said(mark, true), Said::default().with(Reputation::Safe));
        assert_eq!(claims.said(mark, false), Said::default());
    }

    #[test]
    fn notes_are_kept_once_and_cleaned() {
        let mut builder = ClaimsBuilder::default();
        let first = builder.note(" seen\x1b[31m here ");
        assert_eq!(builder.note("seen\x1b[31m here"), first);
        let long = builder.note(&"é".repeat(MAX_NOTE));
        assert_eq!(builder.note("  "), Note::NONE);
        let claims = builder.finish();
        assert_eq!(claims.note(first), Some("seen [31m here"));
        assert_eq!(claims.note(long).map(str::len), Some(MAX_NOTE));
        assert_eq!(claims.note(Note::NONE), None);
    }
}
