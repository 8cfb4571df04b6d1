//! Feeds and pages that are files.

use crate::exit::{Problem, Status};
use crate::terminal;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use watchfire_engine::articles::{ArticleService, FeedSettings, Taken};
use watchfire_feeds::html::article_of_bytes;
use watchfire_feeds::parse::{self, Entry, Hints, NotAFeed, Text};
use watchfire_store::articles::FeedRow;

/// A larger file is passed over.
const MAX_BYTES: u64 = 64 << 20;
/// Files of one call, at most.
const MOST_FILES: usize = 100_000;
/// Folders within folders, at most.
const DEEPEST: usize = 16;
/// Endings of files that may be feeds or pages, where a folder is given.
const ENDINGS: [&str; 8] = ["xml", "rss", "atom", "rdf", "json", "html", "htm", "cdf"];

pub(super) fn run(articles: &ArticleService, paths: &[PathBuf], limit: usize) -> Result<Status, Problem> {
    let mut files = BTreeSet::new();
    for path in paths {
        gather(path, 0, &mut files)?;
    }
    if files.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| terminal::path_name(path)).collect();
        return Err(Problem::usage(
            format!("there is no feed and no page in {}", names.join(", ")),
            format!("of a folder, files are read that end in .{}", ENDINGS.join(", .")),
        ));
    }
    let (mut taken, mut failed) = (Taken::default(), 0);
    for file in &files {
        match one(articles, file, limit)? {
            Ok(these) => taken = taken.and(these),
            Err(reason) => {
                failed += 1;
                terminal::note(&format!("{}: {reason}", terminal::path_name(file)));
            }
        }
    }
    terminal::write_out(
        format!(
            "{}, {}: {} new, {} changed, {} known, {} left out; {} for triage\n",
            counted(files.len() as u64, "file"),
            counted(taken.entries, "article"),
            taken.new,
            taken.changed,
            taken.duplicates,
            taken.left_out,
            counted(taken.indicators, "indicator"),
        )
        .as_bytes(),
    )?;
    if taken.new > 0 {
        terminal::note("`watchfire articles` shows them");
    }
    if failed > 0 {
        terminal::note(&format!(
            "{failed} of {} could not be read\nhint: feeds are RSS, Atom, CDF or JSON Feed, pages are HTML",
            counted(files.len() as u64, "file")
        ));
        return Ok(Status::DeadLetters);
    }
    Ok(Status::Done)
}

/// So many of something, in words.
fn counted(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {what}{s}", terminal::grouped(number))
}

/// Adds a file, or the files below a folder whose names end like feeds or pages. What somebody names is read whatever it
/// is; of what stands in a folder, neither pipes nor devices are read, and no link to another folder is followed: it may
/// lead back.
fn gather(path: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) -> Result<(), Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::usage(
            format!("{}: {error}", terminal::path_name(path)),
            "name files of feeds or pages, or folders of them",
        )
    };
    let is_named = depth == 0;
    let kind = if is_named { std::fs::metadata(path) } else { std::fs::symlink_metadata(path) };
    let kind = kind.map_err(unreadable)?;
    if kind.is_dir() {
        if depth > DEEPEST {
            return Ok(());
        }
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(path).map_err(unreadable)?.flatten().map(|entry| entry.path()).collect();
        inside.sort();
        return inside.iter().try_for_each(|path| gather(path, depth + 1, files));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    // A link to a file is as good as the file.
    if !(is_named || ENDINGS.contains(&ending.as_str()) && path.is_file()) {
        return Ok(());
    }
    if files.len() == MOST_FILES {
        return Err(Problem::usage(format!("more than {MOST_FILES} files"), "take them in some at a time"));
    }
    files.insert(path.to_owned());
    Ok(())
}

/// Takes in one file; says why not, if it can't be read.
fn one(articles: &ArticleService, file: &Path, limit: usize) -> Result<Result<Taken, String>, Problem> {
    let mut bytes = Vec::new();
    // What is named may be a pipe, which has no size to look at.
    let read = File::open(file).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Ok(Err(error.to_string()));
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Ok(Err(format!("larger than {} MiB", MAX_BYTES >> 20)));
    }
    let (title, entries) = match parse::parse(&bytes, &Hints::default()) {
        Ok(feed) => (feed.title, feed.entries),
        Err(NotAFeed::WebPage) => (None, vec![page(&bytes)]),
        Err(reason) => return Ok(Err(reason.to_string())),
    };
    let feed = feed_of(articles, file, title)?;
    Ok(Ok(articles.take_in(&feed, &entries, limit)?))
}

/// A page of the web as an article.
fn page(bytes: &[u8]) -> Entry {
    let article = article_of_bytes(bytes, None);
    Entry {
        title: article.title,
        content: Some(Text { value: article.text, markup: false }),
        published: article.published,
        ..Entry::default()
    }
}

/// What the articles of a file belong to: a feed that is not polled.
fn feed_of(articles: &ArticleService, file: &Path, title: Option<String>) -> Result<FeedRow, Problem> {
    let place = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let url = format!("file:{}", place.display());
    let title = title.unwrap_or_else(|| terminal::path_name(file));
    let settings = FeedSettings { is_paused: true, ..FeedSettings::default() };
    let (id, _) = articles.add_feed(&url, &title, "files", &settings)?;
    let feed = articles.feed(id)?;
    feed.map(|feed| feed.row).ok_or_else(|| {
        Problem::new(Status::Failed, "the feed that was just added is gone".to_owned(), "try again")
    })
}
