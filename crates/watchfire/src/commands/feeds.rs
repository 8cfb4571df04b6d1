//! `watchfire feeds add`, `list`, `remove`, `run`, `import`, `export`, `ingest`

mod ingest;

use super::newsroom;
use crate::cli::{AddFeed, Common, FeedsCommand};
use crate::config::load;
use crate::exit::{Problem, Status};
use crate::terminal;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;
use watchfire_engine::articles::{ArticleService, FeedSettings, FeedState, Polled};
use watchfire_feeds::opml::{self, ListedFeed, Opml};
use watchfire_flow::{Clock, SystemClock};
use watchfire_http::{Reach, destination};
use watchfire_judge::tame;
use watchfire_signal::Timestamp;
use watchfire_store::Store;
use watchfire_store::articles::FeedId;

/// A list of feeds is no larger.
const MAX_LIST_BYTES: u64 = 16 << 20;

pub(super) fn run(common: &Common, command: &FeedsCommand) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let settings = &loaded.settings;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = Store::open(&settings.location(common.store.as_deref())?)?;
    let fetches = matches!(command, FeedsCommand::Run { .. });
    let articles = newsroom::for_command(settings, store, &clock, fetches)?;
    match command {
        FeedsCommand::Add(feed) => add(&articles, feed),
        FeedsCommand::List { json } => list(&articles, *json),
        FeedsCommand::Remove { feed } => remove(&articles, feed),
        FeedsCommand::Run { all, json } => {
            let status =
                newsroom::runtime()?.block_on(poll(&articles, *all, *json, settings.feeds.at_once))?;
            newsroom::find_places(settings, &articles, &clock)?;
            Ok(status)
        }
        FeedsCommand::Import { file } => import(&articles, file),
        FeedsCommand::Export => export(&articles),
        FeedsCommand::Ingest { paths, limit } => {
            let status = ingest::run(&articles, paths, *limit)?;
            newsroom::find_places(settings, &articles, &clock)?;
            Ok(status)
        }
    }
}

fn add(articles: &ArticleService, feed: &AddFeed) -> Result<Status, Problem> {
    check(&feed.url, feed.allow_private)?;
    let settings = FeedSettings {
        limit: feed.limit,
        allow_private: feed.allow_private,
        full_text: feed.full_text.then_some(true),
        weight: feed.weight,
        is_paused: false,
    };
    let (id, is_new) = articles.add_feed(feed.url.trim(), &feed.title, &feed.folder, &settings)?;
    let words = if is_new {
        "added; `watchfire feeds run` reads it"
    } else {
        "is there already, and is left as it is; `watchfire feeds list` shows it"
    };
    terminal::write_out(format!("#{} {words}\n", id.0).as_bytes())?;
    Ok(Status::Done)
}

/// An address that can be asked at all.
fn check(url: &str, allow_private: bool) -> Result<(), Problem> {
    let reach = if allow_private { Reach::Anywhere } else { Reach::PublicWeb };
    destination(url.trim(), reach).map(drop).map_err(|error| {
        let hint = match error {
            watchfire_http::BadAddress::NotPublic(_) | watchfire_http::BadAddress::ThisMachine(_) => {
                "--allow-private says that it is meant"
            }
            _ => "a feed's address begins with https:// or http://",
        };
        Problem::usage(format!("{}: {error}", tame(url, 200)), hint)
    })
}

fn list(articles: &ArticleService, json: bool) -> Result<Status, Problem> {
    let feeds = articles.feeds()?;
    let mut text = String::new();
    for feed in &feeds {
        if json {
            text.push_str(&terminal::json_line(&as_json(feed)));
            continue;
        }
        let row = &feed.row;
        let title = if row.title.is_empty() { "(not read yet)" } else { &row.title };
        let articles = if row.articles == 1 { "article" } else { "articles" };
        text.push_str(&format!(
            "#{}  {}  {} {articles}  {}\n",
            row.id.0,
            tame(title, 80),
            row.articles,
            tame(&row.url, 200)
        ));
        text.push_str(&format!("     {}\n", standing(feed)));
        if !row.problem.is_empty() {
            text.push_str(&format!("     {} ({} in a row)\n", tame(&row.problem, 300), feed.failures));
        }
    }
    if feeds.is_empty() && !json {
        text.push_str("No feeds. `watchfire feeds add URL` adds one, `watchfire feeds import FILE` those of another reader.\n");
    }
    terminal::write_out(text.as_bytes())?;
    Ok(Status::Done)
}

/// When a feed was asked, and when it is asked next.
fn standing(feed: &FeedState) -> String {
    if is_file(feed) {
        return "a file: `watchfire feeds ingest` reads it again".to_owned();
    }
    let last =
        feed.row.checked_at.map_or_else(|| "not asked yet".to_owned(), |time| format!("asked {}", at(time)));
    let next = match feed.next {
        _ if feed.settings.is_paused => "paused".to_owned(),
        Some(time) => format!("next {}", at(time)),
        None => "not asked again: its server says that it is gone".to_owned(),
    };
    format!("{last}, {next}")
}

/// Whether it was read from a file, and is never asked.
fn is_file(feed: &FeedState) -> bool {
    feed.row.url.starts_with("file:")
}

fn as_json(feed: &FeedState) -> serde_json::Value {
    let row = &feed.row;
    serde_json::json!({
        "id": row.id.0, "title": row.title, "url": row.url, "folder": row.folder, "articles": row.articles,
        "checked_at": row.checked_at.map(at), "next": feed.next.map(at), "interval_s": feed.interval.as_secs(),
        "failures": feed.failures, "problem": Some(&row.problem).filter(|problem| !problem.is_empty()),
        "settings": serde_json::to_value(&feed.settings).unwrap_or_default(),
    })
}

fn at(millis: i64) -> String {
    Timestamp::from_millis(millis).map_or_else(String::new, |time| time.to_string())
}

/// The feed that somebody means.
fn meant(articles: &ArticleService, feed: &str) -> Result<FeedId, Problem> {
    let number: Option<i64> = feed.trim_start_matches('#').parse().ok();
    let feeds = articles.feeds()?;
    let found = feeds
        .iter()
        .find(|known| number == Some(known.row.id.0) || known.row.url == feed || known.row.added_url == feed);
    found.map(|known| known.row.id).ok_or_else(|| {
        Problem::usage(
            format!("there is no feed {}", tame(feed, 200)),
            "`watchfire feeds list` shows those that there are",
        )
    })
}

fn remove(articles: &ArticleService, feed: &str) -> Result<Status, Problem> {
    let id = meant(articles, feed)?;
    articles.remove_feed(id)?;
    terminal::write_out(format!("#{} and its articles are gone\n", id.0).as_bytes())?;
    Ok(Status::Done)
}

/// Asks feeds, some at a time, and tells of each when it is done.
async fn poll(articles: &ArticleService, all: bool, json: bool, at_once: usize) -> Result<Status, Problem> {
    let now = articles.clock().unix_millis();
    let is_due =
        |feed: &FeedState| all || (!feed.settings.is_paused && feed.next.is_some_and(|next| next <= now));
    let mut feeds = articles.feeds()?;
    feeds.retain(|feed| !is_file(feed));
    let none = feeds.is_empty();
    let mut waiting = feeds.into_iter().filter(is_due);
    let mut running = JoinSet::new();
    let (mut asked, mut failed, mut new) = (0_u32, 0_u32, 0_u64);
    loop {
        while running.len() < at_once
            && let Some(feed) = waiting.next()
        {
            let articles = articles.clone();
            running.spawn(async move {
                let polled = articles.poll(feed.row.id).await;
                (feed, polled)
            });
        }
        let Some(done) = running.join_next().await else { break };
        let (feed, polled) = done.map_err(|error| {
            Problem::from_error(Status::Failed, &error, "this is a bug: please report it with the feed")
        })?;
        let Some(polled) = polled? else { continue };
        asked += 1;
        failed += u32::from(!polled.problem.is_empty());
        new += polled.taken.new;
        terminal::write_out(told(&feed, &polled, json).as_bytes())?;
    }
    if !json {
        let text = match (none, asked) {
            (true, _) => "No feeds to ask. `watchfire feeds add URL` adds one.".to_owned(),
            (_, 0) => "No feed's time has come; --all asks them all the same.".to_owned(),
            _ => format!("{asked} asked, {failed} failed; {new} new articles"),
        };
        terminal::note(&text);
    }
    Ok(if failed > 0 { Status::DeadLetters } else { Status::Done })
}

fn told(feed: &FeedState, polled: &Polled, json: bool) -> String {
    let taken = polled.taken;
    if json {
        let line = serde_json::json!({
            "id": feed.row.id.0, "url": feed.row.url, "entries": taken.entries, "new": taken.new,
            "changed": taken.changed, "duplicates": taken.duplicates, "left_out": taken.left_out,
            "indicators": taken.indicators, "not_modified": polled.not_modified,
            "problem": Some(&polled.problem).filter(|problem| !problem.is_empty()), "next": polled.next.map(at),
        });
        return terminal::json_line(&line);
    }
    let name = if feed.row.title.is_empty() { &feed.row.url } else { &feed.row.title };
    let came = if !polled.problem.is_empty() {
        format!("failed: {}", tame(&polled.problem, 300))
    } else if polled.not_modified {
        "nothing new".to_owned()
    } else {
        format!(
            "{} new, {} changed, {} known of {}",
            taken.new, taken.changed, taken.duplicates, taken.entries
        )
    };
    let next = polled.next.map_or_else(|| "not asked again".to_owned(), |next| format!("next {}", at(next)));
    format!("#{}  {}  {came}; {next}\n", feed.row.id.0, tame(name, 80))
}

fn import(articles: &ArticleService, file: &Path) -> Result<Status, Problem> {
    let name = terminal::path_name(file);
    let unreadable = |reason: String| {
        Problem::usage(
            format!("{name}: {reason}"),
            "a list of feeds as other readers export it is an OPML file",
        )
    };
    let size = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?.len();
    if size > MAX_LIST_BYTES {
        return Err(unreadable(format!("larger than {MAX_LIST_BYTES} bytes")));
    }
    let bytes = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let list = opml::read(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let (mut added, mut known, mut refused) = (0, 0, 0);
    for feed in &list.feeds {
        if let Err(problem) = check(&feed.url, false) {
            terminal::note(&format!("{}\nhint: {}", problem.message, problem.hint));
            refused += 1;
            continue;
        }
        let title = feed.title.as_deref().unwrap_or_default();
        let (_, is_new) =
            articles.add_feed(&feed.url, title, &feed.folders.join("/"), &FeedSettings::default())?;
        if is_new { added += 1 } else { known += 1 }
    }
    let mut text = format!("{added} added, {known} there already");
    if refused > 0 {
        text.push_str(&format!(", {refused} refused"));
    }
    if list.passed_over > 0 {
        text.push_str(&format!(", {} passed over: no address, or listed twice", list.passed_over));
    }
    terminal::write_out(format!("{text}\n").as_bytes())?;
    if let Some(reason) = &list.broken {
        return Err(unreadable(format!("the rest can't be read: {}", tame(reason, 200))));
    }
    Ok(if refused > 0 { Status::DeadLetters } else { Status::Done })
}

fn export(articles: &ArticleService) -> Result<Status, Problem> {
    let feeds = articles.feeds()?;
    let list = Opml {
        title: Some("Watchfire".to_owned()),
        feeds: feeds
            .into_iter()
            .filter(|feed| !is_file(feed))
            .map(|feed| ListedFeed {
                url: feed.row.url,
                title: Some(feed.row.title).filter(|title| !title.is_empty()),
                page: None,
                folders: feed
                    .row
                    .folder
                    .split('/')
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect(),
            })
            .collect(),
        ..Opml::default()
    };
    terminal::write_out(opml::write(&list).as_bytes())?;
    Ok(Status::Done)
}
