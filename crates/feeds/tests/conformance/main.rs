//! The cases of Python's feedparser, run on this crate's reader of feeds.
//!
//! Each case is a feed with a comment in which `Expect:` is an expression of Python about what feedparser makes of it,
//! and `Header:` lines are headers of HTTP. `expression` reads the expressions, `mapping` gives feedparser's names to
//! our fields, `evaluate` tells whether an expression holds.
//!
//! **What counts.** The cases of `wellformed` whose expression is only about title, link, id, date, author, summary
//! or content. An expression about anything else (`cloud`, `source`, `copyright`, the base or language of a text)
//! is out of scope, and is counted so. Those of the other folders are reported, and don't fail the test.
//!
//! **How texts are compared.** Nothing of HTML is ever shown here, so what feedparser gives as sanitised markup is
//! compared as the text of both. A text that we say is plain is compared letter by letter, and so is a title in a case
//! whose title has `type="text"` or `text/plain`; other titles may be equal as letters or as text, as ours have no
//! markup. Dates are compared as moments.
//!
//! The cases are found by the environment variable `WATCHFIRE_DATA`; where they are absent, the test says so.

mod evaluate;
mod expression;
mod mapping;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evaluate::{Outcome, outcome};
use url::Url;
use watchfire_feeds::parse::{Hints, parse};

/// The share of the cases that has to come out right.
const WANTED: f64 = 0.99;

/// What a case says about itself.
struct Case {
    bytes: Vec<u8>,
    /// The file as far as it is ASCII, which the comment is.
    source: String,
}

impl Case {
    #[expect(clippy::unwrap_used, reason = "a case that can't be read is a failure of the test")]
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        // UTF-16 and UTF-32 become readable where they are ASCII.
        let source = bytes.iter().filter(|byte| **byte != 0).map(|byte| *byte as char).collect();
        Self { bytes, source }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.source.lines().find_map(|line| Some(line.trim().strip_prefix(name)?.strip_prefix(':')?.trim()))
    }

    fn header(&self, wanted: &str) -> Option<String> {
        self.source.lines().find_map(|line| {
            let (name, value) = line.trim().strip_prefix("Header:")?.trim().split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    }

    fn hints(&self) -> Hints {
        Hints {
            content_type: self.header("Content-Type"),
            content_location: self.header("Content-Location"),
            url: Url::parse("http://127.0.0.1:8097/cases/case.xml").ok(),
        }
    }

    fn has_plain_title(&self) -> bool {
        ["type=\"text/plain\"", "type='text/plain'", "type=\"text\"", "type='text'"]
            .iter()
            .any(|kind| self.source.contains(kind))
    }
}

#[expect(clippy::unwrap_used, reason = "a folder that can't be read is a failure of the test")]
fn files_in(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            found.push(path);
        }
    }
}

/// Right, wrong, and out of scope, of one folder.
#[derive(Default)]
struct Tally {
    right: usize,
    wrong: usize,
    out_of_scope: usize,
}

#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
fn cases() -> Option<(PathBuf, Vec<PathBuf>)> {
    let data = std::env::var_os("WATCHFIRE_DATA");
    let folder = data.map(|data| Path::new(&data).join("feeds/feedparser")).filter(|folder| folder.is_dir());
    let Some(folder) = folder else {
        eprintln!("skipped: no cases at $WATCHFIRE_DATA/feeds/feedparser");
        return None;
    };
    let mut files = Vec::new();
    files_in(&folder, &mut files);
    assert!(files.len() > 1000, "{} cases found", files.len());
    Some((folder, files))
}

#[test]
fn what_feedparser_reads_of_well_formed_feeds_is_read_the_same() {
    let Some((root, files)) = cases() else { return };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut misses = Vec::new();
    let mut trivial = 0;
    for path in &files {
        let case = Case::read(path);
        let feed = parse(&case.bytes, &case.hints());
        let name = path.strip_prefix(&root).unwrap_or(path).display().to_string();
        let tally =
            tallies.entry(name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()).or_default();
        let expected = case.field("Expect").unwrap_or("1");
        match outcome(expected, feed.as_ref(), case.has_plain_title()) {
            Outcome::OutOfScope => tally.out_of_scope += 1,
            Outcome::Holds { of_no_text } => {
                tally.right += 1;
                trivial += usize::from(of_no_text && name.starts_with("wellformed"));
            }
            Outcome::Fails(have) => {
                tally.wrong += 1;
                misses.push(format!("{name}\n    expected  {expected}\n    have      {have}"));
            }
        }
    }
    for miss in &misses {
        eprintln!("{miss}");
    }
    let (mut right, mut all) = (0, 0);
    for (folder, tally) in &tallies {
        eprintln!(
            "{folder:28} {:4} right {:3} wrong {:4} out of scope",
            tally.right, tally.wrong, tally.out_of_scope
        );
        if folder.starts_with("wellformed") {
            right += tally.right;
            all += tally.right + tally.wrong;
        }
    }
    let share = f64::from(u32::try_from(right).unwrap()) / f64::from(u32::try_from(all).unwrap());
    eprintln!(
        "well-formed: {right} of {all} right, {:.2} %; {trivial} of them are about markup without text",
        share * 100.0
    );
    assert!(all > 500, "{all} cases in scope");
    assert!(share >= WANTED, "{right} of {all}");
}

#[test]
fn every_prefix_of_every_case_is_read_or_told_to_be_no_feed() {
    let Some((_, files)) = cases() else { return };
    for path in files {
        let case = Case::read(&path);
        let hints = case.hints();
        // Every prefix of small ones, some of large ones: the work is bounded, not the promise.
        let step = (case.bytes.len() / 400).max(1);
        for end in (0..case.bytes.len()).step_by(step) {
            let _ = parse(&case.bytes[..end], &hints);
        }
    }
}
