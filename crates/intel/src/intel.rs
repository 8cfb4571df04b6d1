//! All lists, loaded.

use crate::build::{Builder, MAX_ENTRIES};
use crate::config::{ListConfig, ListProblem};
use crate::defang::refang;
use crate::lists;
use crate::lookup::{Found, Hit, Index, Subject};
use crate::opinion::{Match, Opinion, Statement};
use crate::stats::{ListStats, Stats};
use crate::survey::Survey;
use crate::table::Table;
use std::cmp::Reverse;
use std::fmt;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use watchfire_signal::{Indicator, IndicatorKind, Reputation};

/// All lists, loaded and immutable. A clone is another handle on the same.
///
/// Values may be defanged (`evil[.]example`), in any case, with a trailing dot or a port. A value that is not of its
/// kind at all answers `NotAsked`, as do addresses that mean nothing outside the network they were seen in (private,
/// loopback, reserved…), unless a list names them or their network. What no list names answers `Unknown` if some
/// list has entries of that kind, else `NotAsked`. While a configured list can't be read, both answer `Failed`:
/// nobody knows what it would have said.
#[derive(Clone)]
pub struct Intel(Arc<Loaded>);

struct Loaded {
    index: Index,
    lists: Vec<ListStats>,
    version: [u8; 16],
    config: Vec<ListConfig>,
    survey: Survey,
}

impl Intel {
    /// No lists: everything answers `NotAsked`.
    pub fn empty() -> Self {
        Self::load(&[]).0
    }

    /// Whether there is anything to ask.
    pub fn has_lists(&self) -> bool {
        !self.0.lists.is_empty()
    }

    /// Reads lists from disk, and says what it left out. Blocks while it reads.
    ///
    /// Bounds: 256 lists, 512 MiB and 8 KiB a line in each, 20 million entries in all.
    pub fn load(config: &[ListConfig]) -> (Self, Vec<ListProblem>) {
        // What is seen before reading is what a change is measured against: a file that changes while it is read is
        // read again at the next look.
        let survey = Survey::take(config);
        let mut problems = survey.problems.clone();
        let mut builder = Builder::new(MAX_ENTRIES);
        for (origin, problem) in &survey.unreadable {
            builder.failed(origin, &problem.reason);
            problems.push(problem.clone());
        }
        for origin in &survey.files {
            match origin.read() {
                Ok(content) => problems.extend(lists::read(&mut builder, origin, &content)),
                Err(problem) => {
                    builder.failed(origin, &problem.reason);
                    problems.push(problem);
                }
            }
        }
        (Self::finish(builder, config.to_vec(), survey), problems)
    }

    fn finish(builder: Builder, config: Vec<ListConfig>, survey: Survey) -> Self {
        let (index, lists, version) = builder.finish();
        Self(Arc::new(Loaded { index, lists, version, config, survey }))
    }

    /// Lists from bytes, each with its file name.
    #[cfg(test)]
    pub(crate) fn from_bytes(files: &[(&str, &[u8])]) -> (Self, Vec<ListProblem>) {
        let mut builder = Builder::new(MAX_ENTRIES);
        let mut problems = Vec::new();
        for (file, content) in files {
            problems.extend(lists::read(&mut builder, &crate::survey::Origin::of_test(file), content));
        }
        (Self::finish(builder, Vec::new(), Survey::default()), problems)
    }

    /// What all lists say together.
    pub fn lookup(&self, indicator: Indicator<'_>) -> Opinion {
        let text = refang(indicator.value.trim());
        Subject::read(indicator.kind, &text)
            .map_or_else(Opinion::default, |subject| self.0.index.opinion(&subject))
    }

    /// The reputation of an address.
    pub fn lookup_ip(&self, address: IpAddr) -> Reputation {
        self.0.index.opinion(&Subject::Address(address.to_canonical())).reputation()
    }

    /// The reputation of a domain or host name.
    pub fn lookup_domain(&self, name: &str) -> Reputation {
        self.lookup(Indicator { kind: IndicatorKind::Domain, value: name }).reputation()
    }

    /// The reputation of a URL, or of a URL's path.
    pub fn lookup_url(&self, url: &str) -> Reputation {
        self.lookup(Indicator { kind: IndicatorKind::Url, value: url }).reputation()
    }

    /// The reputation of a hash in hex.
    pub fn lookup_hash(&self, hash: &str) -> Reputation {
        self.lookup(Indicator { kind: IndicatorKind::Hash, value: hash }).reputation()
    }

    /// The reputation of a CVE id.
    pub fn lookup_cve(&self, id: &str) -> Reputation {
        self.lookup(Indicator { kind: IndicatorKind::Cve, value: id }).reputation()
    }

    /// Who says what, worst first. Lists that don't know the indicator are silent; lists that could not be read
    /// say `Failed`.
    pub fn explain(&self, indicator: Indicator<'_>) -> Vec<Statement> {
        let text = refang(indicator.value.trim());
        let Some(subject) = Subject::read(indicator.kind, &text) else { return Vec::new() };
        let mut statements = Vec::new();
        self.0.index.visit(&subject, &mut |hit| self.state(&hit, &mut statements));
        statements.sort_by_key(|statement| Reverse(statement.reputation));
        if !statements.is_empty() || !subject.is_nobodys_business() {
            let failed = self.0.lists.iter().filter(|list| list.failure.is_some());
            statements.extend(failed.map(|list| Statement {
                source: list.name.clone(),
                file: Some(list.file.clone()),
                reputation: Reputation::Failed,
                matched: Match::Exact,
                entry: String::new(),
                evidence: list.failure.clone(),
                when: list.modified,
            }));
        }
        statements
    }

    /// Writes out what a matching entry says.
    fn state(&self, hit: &Hit<'_>, statements: &mut Vec<Statement>) {
        let claims = &self.0.index.claims;
        for claim in claims.of(hit.mark).filter(|claim| hit.whole || !claim.alone) {
            let Some(list) = self.0.lists.get(usize::from(claim.list)) else { continue };
            let mut entry = spelled(hit.entry);
            if claim.port != 0 {
                entry = match hit.entry {
                    Found::Address(IpAddr::V6(_)) => format!("[{entry}]:{}", claim.port),
                    _ => format!("{entry}:{}", claim.port),
                };
            }
            statements.push(Statement {
                source: list.name.clone(),
                file: Some(list.file.clone()),
                reputation: claim.reputation,
                matched: hit.matched,
                entry,
                evidence: claims.note(claim.note).map(str::to_owned),
                when: list.modified,
            });
        }
    }

    /// Changes when the content, the name or the configuration of any list changes, and only then. For keys of
    /// caches that hold what was concluded from the lists.
    pub fn version(&self) -> [u8; 16] {
        self.0.version
    }

    /// What is loaded.
    pub fn stats(&self) -> Stats {
        let index = &self.0.index;
        let tables = [&index.domains, &index.urls, &index.paths, &index.hashes, &index.cves];
        Stats {
            lists: self.0.lists.clone(),
            memory_bytes: index.claims.memory()
                + index.addresses.memory()
                + tables.into_iter().map(Table::memory).sum::<usize>(),
        }
    }

    /// Looks whether a list's file has changed (its size or modification time), come or gone, and if so loads all
    /// lists anew. A look costs one `stat` a file. This one stays as it is; a list that can no longer be read
    /// answers `Failed` in the new one.
    pub fn reload_if_changed(&self) -> Option<(Self, Vec<ListProblem>)> {
        if Survey::take(&self.0.config) == self.0.survey {
            return None;
        }
        Some(Self::load(&self.0.config))
    }
}

impl fmt::Debug for Intel {
    /// How many lists there are; their content is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intel").field("lists", &self.0.lists.len()).finish_non_exhaustive()
    }
}

fn spelled(entry: Found<'_>) -> String {
    match entry {
        Found::Address(address) => address.to_string(),
        Found::Network(network) => network.to_string(),
        Found::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Found::Digest(bytes) => bytes.iter().fold(String::new(), |mut hex, byte| {
            // Writing into memory does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }),
    }
}

#[cfg(test)]
#[path = "intel_tests.rs"]
mod tests;
