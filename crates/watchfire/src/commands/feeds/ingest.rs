//! Feeds and pages that are files.

use crate::exit::{Problem, Status};
use crate::terminal;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use watchfire_engine::articles::{ArticleService, FeedSettings, Taken};
use watchfire_feeds::html::article_of_bytes;
use watchfire_feeds::parse::{self, Entry, Hints, NotAFeed, Text};
use watchfire_store::articles::FeedRow;

/// A larger file is passed over.
const MAX_BYTES: u64 = 64 << 20;
/// Files of one call, at most.
const MOST_FILES: usize = 100_000;
/// Endings of files that may be feeds or pages, where a folder is given.
const ENDINGS: [&str; 8] = ["xml", "rss", "atom", "rdf", "json", "html", "htm", "cdf"];

pub(super) fn run(articles: &ArticleService, paths: &[PathBuf], limit: usize) -> Result<Status, Problem> {
    let mut files = BTreeSet::new();
    for path in paths {
        gather(path, true, &mut files)?;
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
            "{} files: {} articles, {} new, {} changed, {} known, {} left out; {} indicators for triage\n",
            files.len(),
            taken.entries,
            taken.new,
            taken.changed,
            taken.duplicates,
            taken.left_out,
            taken.indicators,
        )
        .as_bytes(),
    )?;
    if failed > 0 {
        terminal::note(&format!("{failed} files could not be read"));
        return Ok(Status::DeadLetters);
    }
    Ok(Status::Done)
}

/// Adds a file, or the files below a folder whose names end like feeds or pages.
fn gather(path: &Path, is_named: bool, files: &mut BTreeSet<PathBuf>) -> Result<(), Problem> {
    let unreadable = |error: std::io::Error| {
        Problem::usage(
            format!("{}: {error}", terminal::path_name(path)),
            "name files of feeds or pages, or folders of them",
        )
    };
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            std::fs::read_dir(path).map_err(unreadable)?.flatten().map(|entry| entry.path()).collect();
        inside.sort();
        return inside.iter().try_for_each(|path| gather(path, false, files));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    if !is_named && !ENDINGS.contains(&ending.as_str()) {
        return Ok(());
    }
    if is_named {
        std::fs::metadata(path).map_err(unreadable)?;
    }
    if files.len() == MOST_FILES {
        return Err(Problem::usage(format!("more than {MOST_FILES} files"), "take them in some at a time"));
    }
    files.insert(path.to_owned());
    Ok(())
}

/// Takes in one file; says why not, if it can't be read.
fn one(articles: &ArticleService, file: &Path, limit: usize) -> Result<Result<Taken, String>, Problem> {
    let size = match std::fs::metadata(file) {
        Ok(known) => known.len(),
        Err(error) => return Ok(Err(error.to_string())),
    };
    if size > MAX_BYTES {
        return Ok(Err(format!("larger than {MAX_BYTES} bytes")));
    }
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(error.to_string())),
    };
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
