//! `watchfire articles`, and `watchfire profile put`, `list`, `show`, `remove`

use super::newsroom;
use crate::cli::{ArticlesCommand, Common, ProfileCommand, Sort};
use crate::config::{Settings, load, with_names};
use crate::exit::{Problem, Status};
use crate::terminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use watchfire_engine::articles::{ArticleService, JobState, NotQueued, ReaderProblem};
use watchfire_feeds::relevance::Profile;
use watchfire_feeds::{EntityKind, Extractor};
use watchfire_flow::{Clock, SystemClock};
use watchfire_judge::tame;
use watchfire_signal::{Severity, Timestamp};
use watchfire_store::articles::{ArticleOrder, ArticleQuery, Columns, ListedArticle};

/// A profile is no larger.
const MAX_PROFILE_BYTES: u64 = 256 << 10;
/// What to do about a profile that can't be read.
const PROFILE_HINT: &str = "docs/profile.example.toml shows every key";
/// Reasons that are shown of each article.
const REASONS: usize = 3;

/// Kinds that are not shown with an article: too long for a line, or told with its places.
const UNTOLD: [EntityKind; 3] = [EntityKind::Url, EntityKind::Hash, EntityKind::Country];

pub(super) fn run(common: &Common, command: &ArticlesCommand) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let articles = open(common, &loaded.settings)?;
    let order =
        command.sort.unwrap_or(if command.user.is_some() { Sort::Relevance } else { Sort::Published });
    let reader = match &command.user {
        Some(user) => Some(articles.reader(user).ok_or_else(|| nobody(user))?),
        None => None,
    };
    let order = match (order, reader) {
        (Sort::Relevance, Some(reader)) => ArticleOrder::Relevance(reader),
        (Sort::Relevance, None) => {
            return Err(Problem::usage("relevance is somebody's", "name them with --user NAME"));
        }
        (Sort::Severity, _) => ArticleOrder::Severity,
        (Sort::Published, _) => ArticleOrder::Published,
    };
    let mut query = ArticleQuery {
        order,
        reader,
        min_severity: command.min_severity.map_or(0, Severity::id),
        min_score: command.min_score,
        entity: command.entity.as_deref().map(|text| entity(&loaded.settings, text)).transpose()?,
        country: command.country.as_ref().map(|code| code.to_ascii_uppercase()),
        hide_dismissed: true,
        columns: Columns::ALL,
        limit: command.limit,
        ..ArticleQuery::default()
    };
    let runtime = newsroom::runtime()?;
    let (mut text, mut shown, mut is_all) = (String::new(), 0, false);
    // A page may be short and not be the last.
    while shown < command.limit {
        query.limit = command.limit - shown;
        let page = runtime.block_on(articles.list(query.clone()))?;
        for article in &page.articles {
            text.push_str(&if command.json { as_json(article) } else { told(article) });
            shown += 1;
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => {
                is_all = true;
                break;
            }
        }
    }
    terminal::write_out(text.as_bytes())?;
    if is_all && !command.json {
        let known: u64 = articles.feeds()?.iter().map(|feed| feed.row.articles).sum();
        if let Some(text) = rest(command, &query, u64::from(shown), known) {
            terminal::note(&text);
        }
    }
    Ok(Status::Done)
}

/// What to say of the articles that are not in a list that was shown to its end.
fn rest(command: &ArticlesCommand, query: &ArticleQuery, shown: u64, known: u64) -> Option<String> {
    let is_chosen = query.min_severity > 0
        || query.min_score > 0
        || command.entity.is_some()
        || command.country.is_some();
    match (known.saturating_sub(shown), query.order) {
        (0, _) if shown > 0 => None,
        (0, _) => Some(
            "No articles. `watchfire feeds run` reads the feeds, `watchfire feeds add URL` adds one."
                .to_owned(),
        ),
        (others, ArticleOrder::Relevance(_)) if !is_chosen => {
            let user = command.user.as_deref().unwrap_or_default();
            let user = tame(user, 128);
            Some(format!(
                "{} more matter less to {user} than the profile's minimum_score, are muted or dismissed; `--sort published` shows them",
                terminal::grouped(others)
            ))
        }
        (others, _) if shown == 0 => {
            Some(format!("None of {} articles is like that", terminal::grouped(others)))
        }
        _ => None,
    }
}

pub(super) fn profile(common: &Common, command: &ProfileCommand) -> Result<Status, Problem> {
    let loaded = load(common.config.as_deref())?;
    let articles = open(common, &loaded.settings)?;
    match command {
        ProfileCommand::Put { file } => put(&articles, file),
        ProfileCommand::List => {
            let mut text = String::new();
            for row in articles.profiles()? {
                text.push_str(&format!("{}  changed {}\n", tame(&row.user, 128), at(row.at)));
            }
            if text.is_empty() {
                text.push_str("No profiles. `watchfire profile put FILE` makes one; docs/profile.example.toml is one.\n");
            }
            terminal::write_out(text.as_bytes())?;
            Ok(Status::Done)
        }
        ProfileCommand::Show { user } => {
            let row = articles.profile(user)?.ok_or_else(|| nobody(user))?;
            terminal::write_out(format!("{}\n", row.body).as_bytes())?;
            Ok(Status::Done)
        }
        ProfileCommand::Remove { user } => {
            articles.remove_profile(user).map_err(|problem| of_reader(&problem))?;
            terminal::write_out(format!("{} has no profile any more\n", tame(user, 128)).as_bytes())?;
            Ok(Status::Done)
        }
    }
}

fn open(common: &Common, settings: &Settings) -> Result<ArticleService, Problem> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store = settings.existing_store(common.store.as_deref()).map_err(|problem| Problem {
        hint:
            "`watchfire feeds ingest PATH` or `watchfire feeds add URL` makes one; --store FILE names another"
                .to_owned(),
        ..problem
    })?;
    newsroom::for_command(settings, store, &clock, false)
}

/// Stores a profile, then scores all articles by it.
fn put(articles: &ArticleService, file: &Path) -> Result<Status, Problem> {
    let name = terminal::path_name(file);
    let unreadable = |reason: String| {
        // What is wrong with a value comes with what to do about it.
        let (reason, hint) = reason.split_once("\nhint: ").unwrap_or((&reason, PROFILE_HINT));
        Problem::usage(format!("{name}: {reason}"), hint)
    };
    let size = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?.len();
    if size > MAX_PROFILE_BYTES {
        return Err(unreadable(format!("larger than {MAX_PROFILE_BYTES} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    let is_json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let profile = if is_json { Profile::from_json(text.as_bytes()) } else { Profile::from_toml(&text) };
    let profile = profile.map_err(|error| unreadable(error.to_string()))?;
    articles.put_profile(&profile).map_err(|problem| of_reader(&problem))?;
    let scored = newsroom::runtime()?.block_on(calculate(articles, &profile.user))?;
    let user = tame(&profile.user, 128);
    terminal::write_out(format!("{user}: {scored} articles scored\n").as_bytes())?;
    terminal::note(&format!("`watchfire articles --user {user}` shows what matters to them, and why"));
    Ok(Status::Done)
}

/// Works all scores out, and tells how far that is.
async fn calculate(articles: &ArticleService, user: &str) -> Result<u64, Problem> {
    let queued = articles.calculate(user, i64::MIN).map_err(|reason| match reason {
        NotQueued::Nobody(user) => nobody(&user),
        NotQueued::TooOften(_) => Problem::usage(reason.to_string(), "wait a while"),
    })?;
    let bar = indicatif::ProgressBar::new(0);
    let progress = async {
        loop {
            let job = articles.job(queued.job)?;
            bar.set_length(job.total);
            bar.set_position(job.done);
            if matches!(job.state, JobState::Done | JobState::Failed) {
                return Some(job);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let job = tokio::select! {
        job = progress => job,
        () = articles.calculate_queued() => None,
    };
    bar.finish_and_clear();
    match job {
        Some(job) if job.state == JobState::Done => Ok(job.done),
        _ => Err(Problem::new(
            Status::Failed,
            "the scores could not be worked out",
            "run the same command again",
        )),
    }
}

fn nobody(user: &str) -> Problem {
    Problem::usage(
        format!("there is no profile of {}", tame(user, 128)),
        "`watchfire profile put FILE` makes one; docs/profile.example.toml shows every key",
    )
}

fn of_reader(problem: &ReaderProblem) -> Problem {
    let hint = match problem {
        ReaderProblem::Nobody(_) => "`watchfire profile list` shows those who have one",
        ReaderProblem::Profile(_) => PROFILE_HINT,
        ReaderProblem::TooMany => "take some away with `watchfire profile remove`",
        ReaderProblem::NoArticle => "`watchfire articles --json` shows their numbers",
        ReaderProblem::Engine(error) => error.hint(),
    };
    let status = if matches!(problem, ReaderProblem::Engine(_)) { Status::Failed } else { Status::Usage };
    Problem::new(status, problem, hint)
}

/// What somebody writes as `kind:value`, as articles have it: the name by which something is known, whatever it is called
/// here, and an indicator as it would be without its brackets.
fn entity(settings: &Settings, text: &str) -> Result<(u8, String), Problem> {
    let known =
        text.split_once(':').and_then(|(kind, value)| Some((EntityKind::from_name(kind)?, value.trim())));
    let Some((kind, value)) = known.filter(|(_, value)| !value.is_empty()) else {
        let kinds: Vec<&str> = EntityKind::ALL.iter().map(|kind| kind.name()).collect();
        return Err(Problem::usage(
            format!("{} is not KIND:VALUE", tame(text, 100)),
            format!("such as cve:CVE-2024-3400; kinds are {}", kinds.join(", ")),
        ));
    };
    let value = match kind {
        EntityKind::Country => value.to_ascii_uppercase(),
        EntityKind::Sector => value.to_ascii_lowercase(),
        _ => {
            let found = Extractor::new(with_names(&settings.feeds.extra_names()?)).extract(value);
            let whole = found
                .into_iter()
                .find(|found| found.entity.kind == kind && found.start == 0 && found.end == value.len());
            whole.map_or_else(|| value.to_owned(), |found| found.entity.value)
        }
    };
    Ok((kind.id(), value))
}

fn at(millis: i64) -> String {
    Timestamp::from_millis(millis).map_or_else(String::new, |time| time.to_string())
}

/// The reasons of a score: what, why, weight.
fn reasons(article: &ListedArticle) -> Vec<serde_json::Value> {
    let reasons = article.reasons.as_deref().and_then(|reasons| serde_json::from_str(reasons).ok());
    reasons.unwrap_or_default()
}

fn told(article: &ListedArticle) -> String {
    let severity = Severity::from_id(article.severity).name();
    let score = article.score.map_or_else(String::new, |score| format!("{score:>4}  "));
    let day = at(article.published);
    let day = day.get(..10).unwrap_or_default();
    let title = tame(article.title.as_deref().unwrap_or_default(), 160);
    let mut text = format!("{score}{severity:<13} {day}  {title}\n");
    for reason in reasons(article).iter().take(REASONS) {
        text.push_str(&format!("      {}\n", tame(reason["why"].as_str().unwrap_or_default(), 160)));
    }
    let named: Vec<String> = article
        .entities
        .iter()
        .filter(|(kind, _)| !UNTOLD.iter().any(|untold| untold.id() == *kind))
        .take(8)
        .map(|(_, value)| tame(value, 60))
        .collect();
    if !named.is_empty() {
        text.push_str(&format!("      names {}\n", named.join(", ")));
    }
    let places: Vec<String> = article.places.iter().take(6).map(|place| tame(&place.name, 60)).collect();
    if !places.is_empty() {
        text.push_str(&format!("      in {}\n", places.join(", ")));
    }
    if let Some(link) = article.link.as_deref().filter(|link| !link.is_empty()) {
        text.push_str(&format!("      {}\n", tame(link, 300)));
    }
    text
}

fn as_json(article: &ListedArticle) -> String {
    let entities: Vec<_> = article
        .entities
        .iter()
        .filter_map(|(kind, value)| {
            Some(serde_json::json!({ "kind": EntityKind::from_id(*kind)?.name(), "value": value }))
        })
        .collect();
    let places: Vec<_> = article
        .places
        .iter()
        .map(|place| {
            serde_json::json!({ "name": place.name, "country": place.country, "latitude": place.latitude, "longitude": place.longitude })
        })
        .collect();
    let line = serde_json::json!({
        "id": article.id.to_string(), "title": article.title, "link": article.link, "author": article.author,
        "published": at(article.published), "severity": Severity::from_id(article.severity).name(),
        "summary": article.summary, "score": article.score, "reasons": reasons(article), "entities": entities,
        "places": places,
    });
    terminal::json_line(&line)
}
