//! Finding all entries that an indicator matches.
//!
//! There is one walk over the tables, [`Index::visit`]; looking up and explaining differ only in what they do with
//! what it finds, so they can't disagree.
//!
//! A URL is looked for as Safe Browsing does it (its *suffix/prefix expressions*, in Google's "URLs and Hashing"): as
//! it is, without its query, and as the first four folders of its path, which match entries that end in `/`. Besides,
//! its path is looked for on its own, as Maltrail lists paths, and its host as an address or a name.

use crate::address::{Addresses, is_special};
use crate::claim::{Claims, Mark};
use crate::entry::{self, Digest, Host, Location, Text};
use crate::opinion::{Match, Opinion, Said};
use crate::stats::slot;
use crate::table::Table;
use ipnet::IpNet;
use std::net::IpAddr;
use watchfire_signal::{IndicatorKind, Reputation};

/// Folders of a URL's path that are looked for.
const MAX_FOLDERS: usize = 4;

/// All entries of all lists.
pub(crate) struct Index {
    pub(crate) claims: Claims,
    pub(crate) addresses: Addresses,
    pub(crate) domains: Table,
    pub(crate) urls: Table,
    pub(crate) paths: Table,
    pub(crate) hashes: Table,
    pub(crate) cves: Table,
    /// Whether any list has entries of a kind, by [`slot`].
    pub(crate) asked: [bool; IndicatorKind::ALL.len()],
    /// Whether any list could not be read.
    pub(crate) has_failed: bool,
}

/// What is asked about, in the spelling of the tables.
pub(crate) enum Subject<'a> {
    Address(IpAddr),
    Name(Text),
    Location(Location<'a>),
    Path(&'a str),
    Hash(Digest),
    Cve(Text),
}

impl<'a> Subject<'a> {
    /// Reads a value of that kind, `None` if it is none. An address in a domain field is an address.
    pub(crate) fn read(kind: IndicatorKind, text: &'a str) -> Option<Self> {
        if text.len() > entry::MAX_ENTRY {
            return None;
        }
        match kind {
            IndicatorKind::Ip => entry::address(text).map(|(address, _)| Self::Address(address)),
            IndicatorKind::Domain => match entry::address(text) {
                Some((address, _)) => Some(Self::Address(address)),
                None => entry::domain(without_port(text)).map(Self::Name),
            },
            IndicatorKind::Url if text.starts_with('/') => entry::path(text).map(Self::Path),
            IndicatorKind::Url => Location::read(text).map(Self::Location),
            IndicatorKind::Hash => entry::digest(text).map(Self::Hash),
            IndicatorKind::Cve => entry::cve(text).map(Self::Cve),
        }
    }

    /// Whether the subject means something only where it was seen, so that nobody is asked.
    pub(crate) fn is_nobodys_business(&self) -> bool {
        matches!(self, Self::Address(address) if is_special(*address))
    }
}

/// A name without the port behind it.
pub(crate) fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => text,
    }
}

/// An entry that matches.
pub(crate) struct Hit<'a> {
    pub(crate) mark: Mark,
    pub(crate) matched: Match,
    /// Whether the entry is what was looked for, so that claims about the entry alone count too.
    pub(crate) whole: bool,
    pub(crate) entry: Found<'a>,
}

/// The entry's text, not yet written out.
#[derive(Clone, Copy)]
pub(crate) enum Found<'a> {
    Address(IpAddr),
    Network(IpNet),
    Text(&'a [u8]),
    Digest(&'a [u8]),
}

impl Index {
    /// What all lists say together.
    pub(crate) fn opinion(&self, subject: &Subject<'_>) -> Opinion {
        let mut opinion = Opinion::default();
        self.visit(subject, &mut |hit| opinion.hear(self.claims.said(hit.mark, hit.whole), hit.matched));
        if opinion.is_silent() {
            if subject.is_nobodys_business() {
                return opinion;
            }
            if self.is_asked(subject) {
                opinion.hear(Said::default().with(Reputation::Unknown), Match::Exact);
            }
        }
        if self.has_failed {
            opinion.hear(Said::default().with(Reputation::Failed), Match::Exact);
        }
        opinion
    }

    fn is_asked(&self, subject: &Subject<'_>) -> bool {
        let asked = |kind| self.asked[slot(kind)];
        match subject {
            Subject::Address(_) => asked(IndicatorKind::Ip),
            Subject::Name(_) => asked(IndicatorKind::Domain),
            Subject::Path(_) => asked(IndicatorKind::Url),
            Subject::Location(location) => {
                asked(IndicatorKind::Url)
                    || match &location.host {
                        Host::Address(address) => asked(IndicatorKind::Ip) && !is_special(*address),
                        Host::Name(_) => asked(IndicatorKind::Domain),
                    }
            }
            Subject::Hash(_) => asked(IndicatorKind::Hash),
            Subject::Cve(_) => asked(IndicatorKind::Cve),
        }
    }

    /// Calls `f` with every entry that matches.
    pub(crate) fn visit(&self, subject: &Subject<'_>, f: &mut impl FnMut(Hit<'_>)) {
        match subject {
            Subject::Address(address) => self.visit_address(*address, f),
            Subject::Name(name) => self.visit_name(name, f),
            Subject::Location(location) => self.visit_location(location, f),
            Subject::Path(path) => self.visit_path(path.as_bytes(), Match::Exact, f),
            Subject::Hash(digest) => probe(&self.hashes, digest, Match::Exact, Found::Digest, f),
            Subject::Cve(id) => probe(&self.cves, id, Match::Exact, Found::Text, f),
        }
    }

    fn visit_address(&self, address: IpAddr, f: &mut impl FnMut(Hit<'_>)) {
        let mark = self.addresses.get(address);
        if mark != Mark::NONE {
            f(Hit { mark, matched: Match::Exact, whole: true, entry: Found::Address(address) });
        }
        self.addresses.networks_of(address, |network, mark| {
            f(Hit { mark, matched: Match::Network, whole: false, entry: Found::Network(network) });
        });
    }

    fn visit_name(&self, name: &[u8], f: &mut impl FnMut(Hit<'_>)) {
        probe(&self.domains, name, Match::Exact, Found::Text, f);
        let mut rest = name;
        while let Some(dot) = memchr::memchr(b'.', rest) {
            rest = &rest[dot + 1..];
            // Nothing is ever said of all that is under a top-level domain.
            if memchr::memchr(b'.', rest).is_none() {
                return;
            }
            probe(&self.domains, rest, Match::Parent, Found::Text, f);
        }
    }

    fn visit_location(&self, location: &Location<'_>, f: &mut impl FnMut(Hit<'_>)) {
        let key = location.key(true);
        let path_start = memchr::memchr(b'/', &key).unwrap_or(key.len());
        if location.has_path() {
            self.visit_url(&key, Match::Exact, f);
            if location.port.is_some() {
                self.visit_url(&location.key(false), Match::Prefix, f);
            }
            self.visit_path(&key[path_start..], Match::Path, f);
        }
        let mut of_host = |hit: Hit<'_>| f(Hit { matched: Match::Host, ..hit });
        match &location.host {
            Host::Address(address) => self.visit_address(*address, &mut of_host),
            Host::Name(name) => self.visit_name(name, &mut of_host),
        }
    }

    fn visit_url(&self, key: &[u8], matched: Match, f: &mut impl FnMut(Hit<'_>)) {
        if self.urls.len() == 0 {
            return;
        }
        probe(&self.urls, key, matched, Found::Text, f);
        let path_end = memchr::memchr(b'?', key).unwrap_or(key.len());
        let bare = &key[..path_end];
        if path_end < key.len() {
            probe(&self.urls, bare, Match::Prefix, Found::Text, f);
        }
        // The first slash ends the host, and a last one ends the URL itself.
        for slash in memchr::memchr_iter(b'/', bare).skip(1).take(MAX_FOLDERS) {
            if slash + 1 < path_end {
                probe(&self.urls, &bare[..=slash], Match::Prefix, Found::Text, f);
            }
        }
    }

    fn visit_path(&self, path: &[u8], matched: Match, f: &mut impl FnMut(Hit<'_>)) {
        probe(&self.paths, path, matched, Found::Text, f);
        if let Some(end) = memchr::memchr(b'?', path) {
            probe(&self.paths, &path[..end], Match::Path, Found::Text, f);
        }
    }
}

fn probe<'k>(
    table: &Table,
    key: &'k [u8],
    matched: Match,
    found: impl Fn(&'k [u8]) -> Found<'k>,
    f: &mut impl FnMut(Hit<'_>),
) {
    let mark = table.get(key);
    if mark != Mark::NONE {
        f(Hit { mark, matched, whole: matched != Match::Parent, entry: found(key) });
    }
}
