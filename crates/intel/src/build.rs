//! Lists on their way into an [`Index`].

use crate::address::Addresses;
use crate::claim::{Claim, ClaimsBuilder, Mark, Note};
use crate::config::ListProblem;
use crate::entry::Entry;
use crate::lookup::Index;
use crate::stats::{ListStats, slot};
use crate::survey::Origin;
use crate::table::Table;
use std::path::Path;
use std::sync::Arc;
use watchfire_signal::{IndicatorKind, Reputation};

/// Most entries of all lists together.
pub(crate) const MAX_ENTRIES: u64 = 20_000_000;

/// Problems listed one by one for each file; the rest are counted.
const MAX_PROBLEMS: usize = 10;

/// Collects lists.
pub(crate) struct Builder {
    claims: ClaimsBuilder,
    addresses: Addresses,
    domains: Table,
    urls: Table,
    paths: Table,
    hashes: Table,
    cves: Table,
    lists: Vec<ListStats>,
    room: u64,
    version: blake3::Hasher,
}

impl Builder {
    /// A builder that takes so many entries.
    pub(crate) fn new(room: u64) -> Self {
        Self {
            claims: ClaimsBuilder::default(),
            addresses: Addresses::default(),
            domains: Table::default(),
            urls: Table::default(),
            paths: Table::default(),
            hashes: Table::default(),
            cves: Table::default(),
            lists: Vec::new(),
            room,
            version: blake3::Hasher::new(),
        }
    }

    /// Begins a list. `content` goes into the version.
    pub(crate) fn list<'b>(&'b mut self, origin: &Origin, content: &[u8]) -> ListWriter<'b> {
        let stated = origin.reputation.map_or(0, Reputation::id);
        for part in [origin.name.as_bytes(), origin.slug.as_bytes(), &[stated], content] {
            self.version.update(&(part.len() as u64).to_le_bytes());
            self.version.update(part);
        }
        self.lists.push(ListStats {
            name: origin.name.as_str().into(),
            file: origin.file.clone(),
            format: "",
            modified: origin.modified,
            left_out: 0,
            failure: None,
            entries: [0; IndicatorKind::ALL.len()],
        });
        ListWriter {
            list: self.lists.len() - 1,
            stated: origin.reputation,
            keeps_name: origin.is_named,
            usual: Reputation::Malicious,
            under: Under::Always,
            problems: Problems::new(&origin.file),
            is_full: false,
            builder: self,
        }
    }

    /// Notes a list that could not be read.
    pub(crate) fn failed(&mut self, origin: &Origin, reason: &str) {
        self.list(origin, reason.as_bytes()).fail(reason);
    }

    /// All lists, ready to be asked: the index, the lists by their number, and the version of the whole.
    pub(crate) fn finish(mut self) -> (Index, Vec<ListStats>, [u8; 16]) {
        for table in [&mut self.domains, &mut self.urls, &mut self.paths, &mut self.hashes, &mut self.cves] {
            table.shrink();
        }
        let mut version = [0; 16];
        self.version.finalize_xof().fill(&mut version);
        let index = Index {
            asked: IndicatorKind::ALL.map(|kind| self.lists.iter().any(|list| list.entries(kind) > 0)),
            has_failed: self.lists.iter().any(|list| list.failure.is_some()),
            claims: self.claims.finish(),
            addresses: self.addresses,
            domains: self.domains,
            urls: self.urls,
            paths: self.paths,
            hashes: self.hashes,
            cves: self.cves,
        };
        (index, self.lists, version)
    }
}

/// Which domain entries of a list also speak of what is under them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Under {
    /// All.
    Always,
    /// Those written `.name` or `*.name`.
    Starred,
    /// None.
    Never,
}

/// Takes one list's entries.
pub(crate) struct ListWriter<'b> {
    builder: &'b mut Builder,
    list: usize,
    /// What the configuration says of every entry.
    stated: Option<Reputation>,
    keeps_name: bool,
    /// What the list says of an entry by default.
    pub(crate) usual: Reputation,
    pub(crate) under: Under,
    pub(crate) problems: Problems,
    is_full: bool,
}

impl ListWriter<'_> {
    /// Adds an entry that says `reputation`, or what the list usually says; the configuration has the last word.
    pub(crate) fn add(&mut self, entry: Entry, reputation: Option<Reputation>, note: Note) {
        if self.builder.room == 0 {
            if !self.is_full {
                self.is_full = true;
                let reason =
                    format!("more than {MAX_ENTRIES} entries in all lists; the rest of this one is left out");
                self.problems.file(reason, "leave out lists that are of little use to you");
            }
            self.left_out(1);
            return;
        }
        let kind = entry.kind();
        let claim = Claim {
            list: self.list as u16,
            reputation: self.stated.or(reputation).unwrap_or(self.usual),
            alone: false,
            port: 0,
            note,
        };
        if self.builder.put(entry, claim, self.under) {
            self.builder.room -= 1;
            self.builder.lists[self.list].entries[slot(kind)] += 1;
        } else {
            self.left_out(1);
        }
    }

    /// The note with this text.
    pub(crate) fn note(&mut self, text: &str) -> Note {
        self.builder.claims.note(text)
    }

    /// Gives the list the name that it has for itself, unless the configuration names it.
    pub(crate) fn name(&mut self, name: &str) {
        let clean: String =
            name.trim().chars().take(120).map(|char| if char.is_control() { ' ' } else { char }).collect();
        if !self.keeps_name && !clean.is_empty() {
            self.builder.lists[self.list].name = clean.into();
        }
    }

    /// Says what format the list is in.
    pub(crate) fn format(&mut self, format: &'static str) {
        self.builder.lists[self.list].format = format;
    }

    /// Counts entries that were left out.
    pub(crate) fn left_out(&mut self, count: u64) {
        self.builder.lists[self.list].left_out += count;
    }

    /// Says that the list could not be read.
    pub(crate) fn fail(&mut self, reason: &str) {
        self.builder.lists[self.list].failure = Some(reason.to_owned());
    }

    /// Done: what was left out, and why. A file that turned out to be no list at all is forgotten.
    pub(crate) fn finish(self) -> Vec<ListProblem> {
        let list = &self.builder.lists[self.list];
        if list.format.is_empty() && list.failure.is_none() {
            self.builder.lists.truncate(self.list);
        }
        self.problems.finish()
    }

    /// How many entries were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.builder.lists[self.list].entries.iter().sum()
    }
}

impl Builder {
    fn put(&mut self, entry: Entry, claim: Claim, under: Under) -> bool {
        match entry {
            Entry::Address { address, port } => {
                let mark = self.addresses.address_mut(address);
                *mark = self.claims.add(*mark, Claim { port: port.unwrap_or_default(), ..claim });
                true
            }
            Entry::Network(network) => {
                let mark = self.addresses.network_mut(network);
                *mark = self.claims.add(*mark, claim);
                true
            }
            Entry::Domain { name, port, starred } => {
                // No list speaks of a whole top-level domain, whatever it may look like.
                let is_top = !name.contains(&b'.');
                let speaks_of_under = under == Under::Always || (under == Under::Starred && starred);
                let alone = is_top || !speaks_of_under;
                let claim = Claim { alone, port: port.unwrap_or_default(), ..claim };
                put(&mut self.domains, &mut self.claims, &name, claim)
            }
            Entry::Url(key) => put(&mut self.urls, &mut self.claims, &key, claim),
            // A path occurs on many hosts, good ones too: alone it can raise a suspicion, not settle it.
            Entry::Path(path) => {
                let reputation = claim.reputation.min(Reputation::Suspicious);
                put(&mut self.paths, &mut self.claims, &path, Claim { reputation, ..claim })
            }
            Entry::Hash(digest) => put(&mut self.hashes, &mut self.claims, &digest, claim),
            Entry::Cve(id) => put(&mut self.cves, &mut self.claims, &id, claim),
        }
    }
}

fn put(table: &mut Table, claims: &mut ClaimsBuilder, key: &[u8], claim: Claim) -> bool {
    let before: Mark = table.get(key);
    let mark = claims.add(before, claim);
    mark == before || table.set(key, mark)
}

/// What is wrong with one file, up to a bound.
pub(crate) struct Problems {
    file: Arc<Path>,
    listed: Vec<ListProblem>,
    unlisted: u64,
}

impl Problems {
    pub(crate) fn new(file: &Arc<Path>) -> Self {
        Self { file: file.clone(), listed: Vec::new(), unlisted: 0 }
    }

    /// A problem with a line.
    pub(crate) fn line(&mut self, line: u64, reason: impl FnOnce() -> String, hint: &'static str) {
        if self.listed.len() < MAX_PROBLEMS {
            let path = self.file.to_path_buf();
            self.listed.push(ListProblem { path, line: Some(line), reason: reason(), hint });
        } else {
            self.unlisted += 1;
        }
    }

    /// A problem with the whole file.
    pub(crate) fn file(&mut self, reason: String, hint: &'static str) {
        self.listed.push(ListProblem { path: self.file.to_path_buf(), line: None, reason, hint });
    }

    /// One problem instead of all so far.
    pub(crate) fn instead(&mut self, reason: String, hint: &'static str) {
        self.listed.clear();
        self.unlisted = 0;
        self.file(reason, hint);
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// All, with a last one that counts those not listed.
    pub(crate) fn finish(mut self) -> Vec<ListProblem> {
        if self.unlisted > 0 {
            let reason = format!("{} more lines were left out", self.unlisted);
            self.file(reason, "see the lines above for what is wrong");
        }
        self.listed
    }
}

/// A piece of a list's text for a message: shortened, and with nothing in it that a terminal would obey.
pub(crate) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("\"{}\"", short.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::{Builder, quoted};
    use crate::lists;
    use crate::survey::Origin;
    use watchfire_signal::IndicatorKind;

    #[test]
    fn entries_beyond_the_bound_are_left_out_and_named_once() {
        let mut builder = Builder::new(2);
        let content = b"a.example\nb.example\nc.example\nd.example\n";
        let problems = lists::read(&mut builder, &Origin::of_test("a.txt"), content);
        let (_, lists, _) = builder.finish();
        assert_eq!((lists[0].entries(IndicatorKind::Domain), lists[0].left_out), (2, 2));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].reason.starts_with("more than"), "{}", problems[0].reason);
    }

    #[test]
    fn a_quotation_is_short_and_harmless() {
        assert_eq!(quoted("a\x1b[2J\"b"), r#""a\u{1b}[2J\"b""#);
        assert_eq!(quoted(&"é".repeat(61)).chars().count(), 63);
    }
}
