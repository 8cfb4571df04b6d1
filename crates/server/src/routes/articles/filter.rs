//! Which articles somebody wants to see.

use crate::guard::Who;
use crate::problem::Problem;
use crate::routes::{given, moment_of};
use crate::shape::{Cursor, Fields, decimal, severity};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use watchfire_engine::articles::ArticleService;
use watchfire_feeds::EntityKind;
use watchfire_judge::tame;
use watchfire_signal::Severity;
use watchfire_store::articles::{ArticleCursor, ArticleOrder, ArticleQuery, Columns, FeedId, UserId};

/// Longest name of a user, in characters.
const MAX_USER: usize = 128;
/// Longest value of an entity, in characters.
const MAX_ENTITY: usize = 2048;
/// Articles on a page at most, and if nothing is said.
const MOST: u32 = 200;
const USUAL: u32 = 50;

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    /// What matters most to the user first. What does not matter to them at all is left out.
    Relevance,
    /// The worst first.
    Severity,
    /// The latest first.
    Published,
}

/// What is done with articles that the user dismissed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dismissed {
    /// They are left out.
    #[default]
    Hide,
    /// They stand among the others.
    Show,
    /// Only they are listed.
    Only,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Who reads: whose scores and actions count. The caller, by the name of their token, if it is left out.
    #[param(max_length = 128)]
    user: Option<String>,
    /// In which order; relevance if it is not said and the user has a profile, else published.
    #[param(inline)]
    sort: Option<Sort>,
    /// Of this severity at least.
    min_severity: Option<String>,
    /// That matter so much to the user at least.
    #[param(minimum = 0, maximum = 1000)]
    min_score: Option<u16>,
    /// Of this feed, by its id.
    feed: Option<String>,
    /// That name this, such as `cve:CVE-2024-3400`: a kind of entity, and its value.
    entity: Option<String>,
    /// About a place in this country, by its ISO 3166 code of two letters.
    #[param(pattern = "^([A-Za-z]{2})?$")]
    country: Option<String>,
    /// Published at this moment or later.
    since: Option<String>,
    /// Published before this moment.
    until: Option<String>,
    /// What is done with those that the user dismissed; hide if it is not said.
    #[param(inline)]
    dismissed: Option<Dismissed>,
    /// The members of each article that are wanted, with commas between; only they are read. All, if it is not said.
    fields: Option<String>,
    /// Where the page begins.
    cursor: Option<String>,
    /// How many, 50 if it is not said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The filters of a list, for what has no pages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct MapFilter {
    /// Who reads: whose scores and actions count. The caller, by the name of their token, if it is left out.
    #[param(max_length = 128)]
    user: Option<String>,
    /// Which articles come first; relevance if it is not said and the user has a profile, else published.
    #[param(inline)]
    sort: Option<Sort>,
    /// Of this severity at least.
    min_severity: Option<String>,
    /// That matter so much to the user at least.
    #[param(minimum = 0, maximum = 1000)]
    min_score: Option<u16>,
    /// Of this feed, by its id.
    feed: Option<String>,
    /// That name this, such as `cve:CVE-2024-3400`: a kind of entity, and its value.
    entity: Option<String>,
    /// About a place in this country, by its ISO 3166 code of two letters.
    #[param(pattern = "^([A-Za-z]{2})?$")]
    country: Option<String>,
    /// Published at this moment or later.
    since: Option<String>,
    /// Published before this moment.
    until: Option<String>,
    /// What is done with those that the user dismissed; hide if it is not said.
    #[param(inline)]
    dismissed: Option<Dismissed>,
}

impl From<MapFilter> for Filter {
    fn from(filter: MapFilter) -> Self {
        Self {
            user: filter.user,
            sort: filter.sort,
            min_severity: filter.min_severity,
            min_score: filter.min_score,
            feed: filter.feed,
            entity: filter.entity,
            country: filter.country,
            since: filter.since,
            until: filter.until,
            dismissed: filter.dismissed,
            ..Self::default()
        }
    }
}

/// What is asked of the store.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Its columns are those of the fields, its limit that of the page.
    pub(super) query: ArticleQuery,
    /// Only what the reader dismissed; the query does not say so.
    pub(super) only_dismissed: bool,
    pub(super) fields: Fields,
}

impl Wanted {
    pub(super) fn of(filter: Filter, articles: &ArticleService, who: &Who) -> Result<Self, Problem> {
        let limit = filter.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::bad(
                format!("limit is between 1 and {MOST}"),
                format!("leave it out for {USUAL}"),
            ));
        }
        let Reader { id: reader, name } = reader(articles, who, filter.user)?;
        let order = match (filter.sort, reader) {
            (Some(Sort::Relevance) | None, Some(reader)) => ArticleOrder::Relevance(reader),
            (Some(Sort::Relevance), None) => {
                return Err(Problem::bad(
                    format!("nothing matters to {}, who has no profile", tame(&name, 80)),
                    "name somebody with user, make a profile with PUT /api/v1/profiles/NAME, or sort by severity or published",
                ));
            }
            (Some(Sort::Severity), _) => ArticleOrder::Severity,
            (Some(Sort::Published), _) | (None, None) => ArticleOrder::Published,
        };
        let min_score = filter.min_score.unwrap_or(0);
        if min_score > 1000 {
            return Err(Problem::bad("min_score is between 0 and 1000", "leave it out for all"));
        }
        let fields = given(filter.fields).map_or(Ok(Fields::ALL), |names| Fields::parse(&names))?;
        let after = given(filter.cursor).map(|text| Cursor::<3>::parse(&text)).transpose()?;
        let dismissed = filter.dismissed.unwrap_or_default();
        let query = ArticleQuery {
            order,
            reader,
            min_severity: given(filter.min_severity)
                .map(|name| severity(&name))
                .transpose()?
                .map_or(0, Severity::id),
            min_score,
            feed: given(filter.feed).map(|id| feed(&id)).transpose()?,
            entity: given(filter.entity).map(|text| entity(&text)).transpose()?,
            country: given(filter.country).map(|code| country(&code)).transpose()?,
            since: moment_of("since", filter.since.as_deref())?,
            until: moment_of("until", filter.until.as_deref())?,
            hide_dismissed: dismissed == Dismissed::Hide,
            columns: fields.columns(),
            limit,
            after: after.map(|Cursor([value, published, article])| ArticleCursor {
                value,
                published,
                article,
            }),
        };
        Ok(Self { query, only_dismissed: dismissed == Dismissed::Only, fields })
    }

    /// The same of other columns and so many articles, from the start.
    pub(super) fn reading(mut self, columns: Columns, limit: u32) -> Self {
        self.query = ArticleQuery { columns, limit, after: None, ..self.query };
        self
    }
}

/// Who reads.
pub(super) struct Reader {
    /// `None` for somebody without a profile.
    pub(super) id: Option<UserId>,
    pub(super) name: String,
}

/// The user who is named; else the caller.
pub(super) fn reader(articles: &ArticleService, who: &Who, user: Option<String>) -> Result<Reader, Problem> {
    let name = named_user(user)?.unwrap_or_else(|| who.name.clone());
    Ok(Reader { id: articles.reader(&name), name })
}

/// A user's name, if one is said.
pub(in crate::routes) fn named_user(user: Option<String>) -> Result<Option<String>, Problem> {
    match given(user) {
        Some(user) if user.chars().count() > MAX_USER => Err(Problem::bad(
            format!("user has at most {MAX_USER} characters"),
            "GET /api/v1/profiles names those who have a profile",
        )),
        user => Ok(user),
    }
}

fn feed(id: &str) -> Result<FeedId, Problem> {
    decimal(id).map(FeedId).ok_or_else(|| {
        Problem::bad(
            format!("feed: {:?} is no id of a feed", tame(id, 40)),
            "ids of feeds come with GET /api/v1/feeds",
        )
    })
}

fn country(code: &str) -> Result<String, Problem> {
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Ok(code.to_ascii_uppercase());
    }
    Err(Problem::bad(format!("country: {:?} is no code", tame(code, 40)), "codes look like DE or UA"))
}

/// An entity in the spelling that the store has.
fn entity(text: &str) -> Result<(u8, String), Problem> {
    let wrong = || {
        let kinds = EntityKind::ALL.map(EntityKind::name).join(", ");
        Problem::bad(
            format!("entity: {:?} is not KIND:VALUE", tame(text, 60)),
            format!("such as cve:CVE-2024-3400; kinds are {kinds}"),
        )
    };
    let (kind, value) = text.split_once(':').ok_or_else(wrong)?;
    let kind = EntityKind::from_name(kind).ok_or_else(wrong)?;
    let value = value.trim();
    if value.is_empty() || value.chars().count() > MAX_ENTITY {
        return Err(wrong());
    }
    let value = match kind {
        EntityKind::Cve | EntityKind::Attack | EntityKind::Asn | EntityKind::Country => {
            value.to_ascii_uppercase()
        }
        EntityKind::Ip | EntityKind::Network | EntityKind::Domain | EntityKind::Email | EntityKind::Hash => {
            value.to_lowercase()
        }
        EntityKind::Url
        | EntityKind::Malware
        | EntityKind::Actor
        | EntityKind::Vendor
        | EntityKind::Product
        | EntityKind::Sector => value.to_owned(),
    };
    Ok((kind.id(), value))
}

#[cfg(test)]
mod tests {
    use super::entity;
    use watchfire_feeds::EntityKind;

    #[test]
    fn an_entity_is_found_in_whatever_case_it_is_written() {
        let cve = (EntityKind::Cve.id(), "CVE-2024-3400".to_owned());
        assert_eq!(entity("cve:cve-2024-3400").unwrap(), cve);
        let address = (EntityKind::Ip.id(), "2001:db8::1".to_owned());
        assert_eq!(entity("ip:2001:DB8::1").unwrap(), address, "a value may have colons");
        for wrong in ["", "cve", "cve:", ":x", "colour:red"] {
            assert!(entity(wrong).is_err(), "{wrong}");
        }
    }
}
