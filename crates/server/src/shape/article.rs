//! An article, as it stands in a list and by itself. Title, text, author and link are a stranger's, and leave as they came.

use super::words::moment;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchfire_feeds::EntityKind;
use watchfire_feeds::severity::Graded;
use watchfire_judge::tame;
use watchfire_signal::Severity;
use watchfire_store::articles::{Action, Columns, FeedId, ListedArticle, PlaceRow};

/// The members of an article, and what is read for them.
const FIELDS: [(&str, Columns); 14] = [
    ("id", Columns::NONE),
    ("feed", Columns::FEED),
    ("title", Columns::TITLE),
    ("link", Columns::LINK),
    ("author", Columns::AUTHOR),
    ("published", Columns::NONE),
    ("fetched", Columns::FETCHED),
    ("severity", Columns::NONE),
    ("summary", Columns::SUMMARY),
    ("score", Columns::SCORE),
    ("reasons", Columns::REASONS),
    ("entities", Columns::ENTITIES),
    ("places", Columns::PLACES),
    ("state", Columns::ACTION),
];

/// Which members somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields([bool; FIELDS.len()]);

impl Fields {
    /// All of them.
    pub(crate) const ALL: Self = Self([true; FIELDS.len()]);

    /// Those of a list, by their names with commas between.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut wanted = [false; FIELDS.len()];
        for name in text.split(',').map(str::trim) {
            let Some(place) = FIELDS.iter().position(|(known, _)| *known == name) else {
                let known = FIELDS.map(|(name, _)| name).join(", ");
                return Err(Problem::bad(
                    format!("fields: there is no {:?}", tame(name, 40)),
                    format!("there are {known}"),
                ));
            };
            wanted[place] = true;
        }
        Ok(Self(wanted))
    }

    /// What has to be read for them.
    pub(crate) fn columns(self) -> Columns {
        let wanted = FIELDS.iter().zip(self.0).filter(|(_, wanted)| *wanted);
        wanted.fold(Columns::NONE, |columns, ((_, column), _)| columns | *column)
    }

    fn has(self, name: &str) -> bool {
        FIELDS.iter().zip(self.0).any(|((known, _), wanted)| wanted && *known == name)
    }
}

/// An article of a list. With `fields`, what was not asked for is left out, but for `id`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Article {
    /// Its id.
    id: String,
    /// Which feed it is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    feed: Option<FeedName>,
    /// Its headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// Where it stands; as the feed says it, which need be no address.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// Who wrote it; may be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    /// When it was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<String>,
    /// How bad the news is.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    /// Its first lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    /// How much it matters to the user, 0 to 1000; null where there is no profile of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u16>)]
    #[expect(clippy::option_option, reason = "not asked for, and asked for and not there, are two answers")]
    score: Option<Option<u16>>,
    /// Why, the strongest first; null where there is no profile of theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Reason>>)]
    #[expect(clippy::option_option, reason = "not asked for, and asked for and not there, are two answers")]
    reasons: Option<Option<Vec<Reason>>>,
    /// What it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    entities: Option<Vec<Entity>>,
    /// The places that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    places: Option<Vec<Place>>,
    /// new, opened or dismissed, by the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

/// An article with everything that is known of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ArticleDetail {
    #[serde(flatten)]
    pub(crate) article: Article,
    /// Its text, plain, up to 256 KiB.
    pub(crate) text: String,
    /// What its severity follows from, what changed most first.
    pub(crate) severity_reasons: Vec<Reason>,
}

/// Which feed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct FeedName {
    /// Its id.
    pub(crate) id: String,
    /// What it is called; its address where it has no title, empty if it is gone.
    pub(crate) title: String,
}

/// A reason.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Reason {
    /// What kind of thing was found.
    what: String,
    /// In words.
    why: String,
    /// The points that it added; negative for what it took.
    #[serde(default)]
    weight: i32,
}

/// Something that an article names.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Entity {
    /// ip, network, domain, url, email, hash, cve, attack, asn, malware, actor, vendor, product, sector or country.
    kind: &'static str,
    /// It.
    value: String,
}

/// A place.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Place {
    /// What the article calls it.
    name: String,
    /// ISO 3166 code; empty for what lies in no country.
    country: String,
    /// Degrees, north is positive.
    latitude: f64,
    /// Degrees, east is positive.
    longitude: f64,
}

/// A place that articles are about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MapPlace {
    #[serde(flatten)]
    place: Place,
    /// How many.
    pub(crate) articles: u64,
    /// The greatest severity among them.
    pub(crate) severity: &'static str,
}

impl Article {
    /// What is wanted of it; `has_reader` says whether somebody's scores were read with it. `feed` knows feeds by name.
    pub(crate) fn of(
        row: &ListedArticle,
        fields: Fields,
        has_reader: bool,
        feed: impl Fn(FeedId) -> String,
    ) -> Self {
        let wants = |name: &str| fields.has(name).then_some(());
        let reasons = || {
            let stored = row.reasons.as_deref().and_then(|stored| serde_json::from_str(stored).ok());
            has_reader.then(|| stored.unwrap_or_default())
        };
        let named = |feed_id: FeedId| FeedName { id: feed_id.0.to_string(), title: feed(feed_id) };
        Self {
            id: row.id.to_string(),
            feed: row.feed.filter(|_| fields.has("feed")).map(named),
            title: row.title.clone().filter(|_| fields.has("title")),
            link: row.link.clone().filter(|_| fields.has("link")),
            author: row.author.clone().filter(|_| fields.has("author")),
            published: wants("published").map(|()| moment(row.published)),
            fetched: row.fetched.filter(|_| fields.has("fetched")).map(moment),
            severity: wants("severity").map(|()| Severity::from_id(row.severity).name()),
            summary: row.summary.clone().filter(|_| fields.has("summary")),
            score: wants("score").map(|()| has_reader.then(|| row.score.unwrap_or(0))),
            reasons: wants("reasons").map(|()| reasons()),
            entities: wants("entities")
                .map(|()| row.entities.iter().filter_map(|(kind, value)| Entity::of(*kind, value)).collect()),
            places: wants("places").map(|()| row.places.iter().map(Place::of).collect()),
            state: wants("state").map(|()| match row.action {
                None => "new",
                Some(Action::Opened) => "opened",
                Some(Action::Dismissed) => "dismissed",
            }),
        }
    }
}

impl Reason {
    /// What a severity follows from.
    pub(crate) fn of_severity(graded: Graded) -> Vec<Self> {
        let causes = graded.reasons.into_iter().map(|cause| {
            let place = cause.place.map_or_else(String::new, |place| format!(" {place}"));
            let denied = if cause.is_denied { ", but denied" } else { "" };
            let why = format!("\"{}\"{place}{denied}", cause.words);
            Self { what: cause.cue.to_owned(), why, weight: cause.points }
        });
        causes.collect()
    }
}

impl Entity {
    /// `None` for a kind that another version knew.
    fn of(kind: u8, value: &str) -> Option<Self> {
        Some(Self { kind: EntityKind::from_id(kind)?.name(), value: value.to_owned() })
    }
}

impl Place {
    fn of(row: &PlaceRow) -> Self {
        Self {
            name: row.name.clone(),
            country: row.country.clone(),
            latitude: row.latitude,
            longitude: row.longitude,
        }
    }
}

impl MapPlace {
    /// A place with what is about it.
    pub(crate) fn of(row: &PlaceRow, articles: u64, severity: u8) -> Self {
        Self { place: Place::of(row), articles, severity: Severity::from_id(severity).name() }
    }
}
