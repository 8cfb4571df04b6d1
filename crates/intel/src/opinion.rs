//! Many sources, one reputation.
//!
//! The merged reputation is a function of *which* reputations were stated, and of whether each was stated about the
//! indicator itself or about something around it (its network, its parent domain, a URL's host). Not of how many
//! said it: block lists copy from each other, and counting copies is no evidence. So an [`Opinion`] is two small
//! sets, merging is set union, and neither order nor repetition can change the outcome.
//!
//! The first line that applies decides:
//!
//! | stated | and also | merged |
//! |---|---|---|
//! | malicious, of the indicator itself | whatever else | malicious |
//! | malicious, of what is around it | safe, of the indicator itself | suspicious: the exact word against the broad one, for a person to settle |
//! | malicious, of what is around it | | malicious |
//! | suspicious | safe, of the indicator itself | safe |
//! | suspicious | | suspicious |
//! | safe | | safe |
//! | info | | info |
//! | failed, limited, stale (in this order) | no source knows it | that one: *unknown* would claim that everyone answered |
//! | unknown | | unknown |
//! | nothing | | not asked |
//!
//! A known-good host says little about one of its URLs (file shares and code forges are known good, and carry
//! malware), so *safe* about a URL's host counts as *info* about the URL.

use std::ops::BitOr;
use std::path::Path;
use std::sync::Arc;
use watchfire_signal::{Reputation, Timestamp};

/// How an entry of a source relates to the indicator that was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Match {
    /// The entry is the indicator.
    Exact,
    /// The entry is a network that the address is in.
    Network,
    /// The entry is a domain that the name is under.
    Parent,
    /// The entry is the URL's host, or what is around the host.
    Host,
    /// The entry is how the URL begins: the URL without its query, or a folder above it.
    Prefix,
    /// The entry is a path, on whatever host.
    Path,
}

impl Match {
    /// The name used in outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Network => "network",
            Self::Parent => "parent",
            Self::Host => "host",
            Self::Prefix => "prefix",
            Self::Path => "path",
        }
    }
}

/// What one source says of one indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Who says it: a list's or a service's name.
    pub source: Arc<str>,
    /// The file that it is in, for a list.
    pub file: Option<Arc<Path>>,
    /// What it says; `Failed` for a source that could not be read.
    pub reputation: Reputation,
    /// How the entry relates to the indicator.
    pub matched: Match,
    /// The entry that matched, normalised: lower-case names, canonical addresses. Empty where there is none.
    pub entry: String,
    /// Why, in the source's words: a reference, a comment, a count. Untrusted text without control characters.
    pub evidence: Option<String>,
    /// As of when: a list file's modification time.
    pub when: Option<Timestamp>,
}

/// What all sources together say of one indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Opinion {
    exact: Said,
    around: Said,
}

impl Opinion {
    /// The opinion that these statements make.
    pub fn of<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Self {
        let mut opinion = Self::default();
        for statement in statements {
            opinion.hear(Said::default().with(statement.reputation), statement.matched);
        }
        opinion
    }

    /// The merged reputation, by the table in this module's documentation.
    pub fn reputation(self) -> Reputation {
        let all = self.exact.and(self.around);
        if self.exact.has(Reputation::Malicious) {
            return Reputation::Malicious;
        }
        if self.around.has(Reputation::Malicious) {
            let vouched = self.exact.has(Reputation::Safe);
            return if vouched { Reputation::Suspicious } else { Reputation::Malicious };
        }
        if all.has(Reputation::Suspicious) {
            let vouched = self.exact.has(Reputation::Safe);
            return if vouched { Reputation::Safe } else { Reputation::Suspicious };
        }
        [
            Reputation::Safe,
            Reputation::Info,
            Reputation::Failed,
            Reputation::Limited,
            Reputation::Stale,
            Reputation::Unknown,
        ]
        .into_iter()
        .find(|&reputation| all.has(reputation))
        .unwrap_or(Reputation::NotAsked)
    }

    /// Whether one source calls it good and another bad.
    pub const fn is_disputed(self) -> bool {
        let all = self.exact.and(self.around);
        all.has(Reputation::Safe) && (all.has(Reputation::Malicious) || all.has(Reputation::Suspicious))
    }

    /// Whether a source that was asked gave no current answer, so that asking again may tell more.
    pub const fn is_incomplete(self) -> bool {
        let all = self.exact.and(self.around);
        all.has(Reputation::Failed) || all.has(Reputation::Limited) || all.has(Reputation::Stale)
    }

    /// Adds what a source said.
    pub(crate) fn hear(&mut self, said: Said, matched: Match) {
        match matched {
            Match::Exact => self.exact = self.exact.and(said),
            Match::Host => self.around = self.around.and(said.of_the_host()),
            Match::Network | Match::Parent | Match::Prefix | Match::Path => {
                self.around = self.around.and(said);
            }
        }
    }

    /// Whether nobody said anything.
    pub(crate) const fn is_silent(self) -> bool {
        self.exact.0 == 0 && self.around.0 == 0
    }
}

impl BitOr for Opinion {
    type Output = Self;

    /// What both say together.
    fn bitor(self, other: Self) -> Self {
        Self { exact: self.exact.and(other.exact), around: self.around.and(other.around) }
    }
}

/// Makes one reputation of any number of statements; `NotAsked` if there are none.
pub fn merge<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Reputation {
    Opinion::of(statements).reputation()
}

/// A set of reputations: bit *n* is the reputation with id *n*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Said(u16);

impl Said {
    /// The set with this one too.
    pub(crate) const fn with(self, reputation: Reputation) -> Self {
        Self(self.0 | 1 << reputation.id())
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn has(self, reputation: Reputation) -> bool {
        self.0 & (1 << reputation.id()) != 0
    }

    /// What was said of a host, as said of a URL on it.
    const fn of_the_host(self) -> Self {
        if !self.has(Reputation::Safe) {
            return self;
        }
        Self(self.0 & !(1 << Reputation::Safe.id())).with(Reputation::Info)
    }
}

#[cfg(test)]
mod tests {
    use super::{Match, Opinion, Statement, merge};
    use watchfire_signal::Reputation::{
        self, Failed, Info, Limited, Malicious, NotAsked, Safe, Stale, Suspicious, Unknown,
    };

    fn says(reputation: Reputation, matched: Match) -> Statement {
        Statement {
            source: "test".into(),
            file: None,
            reputation,
            matched,
            entry: String::new(),
            evidence: None,
            when: None,
        }
    }

    fn exact(reputations: &[Reputation]) -> Vec<Statement> {
        reputations.iter().map(|&reputation| says(reputation, Match::Exact)).collect()
    }

    #[test]
    fn the_documented_table_holds_line_by_line() {
        let table: &[(&[Statement], Reputation)] = &[
            (&[], NotAsked),
            (&exact(&[NotAsked]), NotAsked),
            (&exact(&[Unknown, NotAsked]), Unknown),
            (&exact(&[Unknown, Stale]), Stale),
            (&exact(&[Unknown, Stale, Limited]), Limited),
            (&exact(&[Unknown, Stale, Limited, Failed]), Failed),
            (&exact(&[Failed, Info]), Info),
            (&exact(&[Failed, Info, Safe]), Safe),
            (&exact(&[Safe, Suspicious]), Safe),
            (&exact(&[Safe, Suspicious, Malicious]), Malicious),
            (&exact(&[Info, Suspicious]), Suspicious),
            (&[says(Safe, Match::Network), says(Suspicious, Match::Exact)], Suspicious),
            (&[says(Safe, Match::Exact), says(Suspicious, Match::Network)], Safe),
            (&[says(Safe, Match::Exact), says(Malicious, Match::Parent)], Suspicious),
            (&[says(Safe, Match::Parent), says(Malicious, Match::Parent)], Malicious),
            (&[says(Safe, Match::Parent), says(Malicious, Match::Exact)], Malicious),
            (&[says(Safe, Match::Host)], Info),
            (&[says(Safe, Match::Host), says(Suspicious, Match::Path)], Suspicious),
            (&[says(Malicious, Match::Host)], Malicious),
        ];
        for (statements, expected) in table {
            assert_eq!(merge(*statements), *expected, "{statements:?}");
        }
    }

    #[test]
    fn neither_order_nor_repetition_changes_the_outcome() {
        let matches = [Match::Exact, Match::Network, Match::Host];
        let one_each: Vec<Statement> = Reputation::ALL
            .into_iter()
            .flat_map(|reputation| matches.map(|matched| says(reputation, matched)))
            .collect();
        for a in &one_each {
            for b in &one_each {
                for c in &one_each {
                    let forward = Opinion::of([a, b, c]);
                    assert_eq!(forward, Opinion::of([c, b, a, a]));
                    assert_eq!(forward, Opinion::of([a]) | Opinion::of([b, c]));
                }
            }
        }
    }

    #[test]
    fn a_worse_word_never_improves_what_nobody_vouched_for() {
        for known in [Unknown, Info] {
            for bad in [Suspicious, Malicious] {
                assert_eq!(merge(&exact(&[known, bad])), bad);
            }
        }
    }

    #[test]
    fn a_conflict_and_a_gap_stay_visible() {
        let disputed = Opinion::of(&exact(&[Malicious, Safe]));
        assert!(disputed.is_disputed() && !disputed.is_incomplete());
        let incomplete = Opinion::of(&exact(&[Safe, Failed]));
        assert!(incomplete.is_incomplete() && !incomplete.is_disputed());
        assert_eq!(incomplete.reputation(), Safe);
    }
}
