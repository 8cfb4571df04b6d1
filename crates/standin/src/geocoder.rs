//! A geocoder that speaks Nominatim's language, and keeps to the public service's policy as strictly as it does.
//!
//! The policy (operations.osmfoundation.org/policies/nominatim): one request a second at most, and a User-Agent or Referer
//! that identifies the application; those that HTTP libraries set by themselves will not do. Whoever asks faster gets 429,
//! and whoever goes on gets 403 (`Access blocked`) whatever he asks: both as pages of HTML without `retry-after`, as public
//! reports quote them. How many times are too many is not published: here it is five in a minute, and the block ends when
//! the last minute holds fewer. Answers follow nominatim.org/release-docs (api/Search, api/Output).

use crate::encoding::hash;
use crate::exchange::{Call, Reply};
use crate::gazetteer::{Kind, Spot, spots};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

/// Excesses within [`MEMORY`] that close the door.
const MOST_EXCESSES: usize = 5;
const MEMORY: Duration = Duration::from_secs(60);
const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: usize = 40;
/// How the User-Agents of libraries and tools begin that nobody changed, and of browsers that a program poses as.
const STOCK: [&str; 18] = [
    "aiohttp",
    "apache-httpclient",
    "axios",
    "curl",
    "dart",
    "go-http-client",
    "got",
    "guzzlehttp",
    "java",
    "libwww-perl",
    "mozilla",
    "node",
    "okhttp",
    "php",
    "python",
    "reqwest",
    "ruby",
    "wget",
];

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    pub query: String,
    /// Codes in capitals; none is everywhere.
    countries: Vec<String>,
    limit: usize,
    address: bool,
    /// The format before version 2, which says `class` for `category`.
    first_format: bool,
}

/// Calls that came too early, while they are remembered.
#[derive(Debug, Default)]
pub(crate) struct Excesses(VecDeque<Duration>);

impl Excesses {
    /// Whether there were too many.
    pub fn are_too_many(&mut self, now: Duration) -> bool {
        while self.0.front().is_some_and(|&at| at + MEMORY <= now) {
            self.0.pop_front();
        }
        self.0.len() >= MOST_EXCESSES
    }

    pub fn add(&mut self, now: Duration) {
        if self.0.len() == MOST_EXCESSES {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }
}

/// A complaint about a call that does not say who calls.
pub(crate) fn unidentified(call: &Call) -> Option<Reply> {
    let given = |name| call.header(name).map(str::trim).filter(|value| !value.is_empty());
    let agent = given("user-agent").map(str::to_ascii_lowercase);
    let own = agent.is_some_and(|agent| !STOCK.iter().any(|stock| agent.starts_with(stock)));
    (!own && given("referer").is_none()).then(blocked)
}

/// Reads a search; `Err` is the service's own complaint.
pub(crate) fn read(call: &Call) -> Result<Search, Reply> {
    let wrong = |message: &str| Err(Reply::json(400, &json!({"error": {"code": 400, "message": message}})));
    let first_format = match call.query("format") {
        Some("json") => true,
        None | Some("jsonv2") => false,
        Some(_) => {
            return wrong("Parameter 'format' must be one of: xml, json, jsonv2, geojson, geocodejson");
        }
    };
    let Some(query) = call.query("q").map(str::trim).filter(|query| !query.is_empty()) else {
        return wrong("Nothing to search for.");
    };
    let limit = match call.query("limit").map(str::parse::<usize>) {
        None => DEFAULT_LIMIT,
        Some(Ok(limit)) => limit.clamp(1, MAX_LIMIT),
        Some(Err(_)) => return wrong("Parameter 'limit' must be a number."),
    };
    let codes = call.query("countrycodes").unwrap_or_default().split(',').map(str::trim);
    Ok(Search {
        query: query.to_owned(),
        countries: codes.filter(|code| code.len() == 2).map(str::to_ascii_uppercase).collect(),
        limit,
        address: call.query("addressdetails") == Some("1"),
        first_format,
    })
}

/// What is found, the best known first.
pub(crate) fn answer(search: &Search) -> Reply {
    let lower = search.query.to_lowercase();
    let mut parts = lower.split(',').map(str::trim).filter(|part| !part.is_empty());
    let name = parts.next().unwrap_or_default();
    let around: Vec<&str> = parts.collect();
    let fits = |spot: &Spot| {
        let within = spot.within.to_lowercase();
        spot.name.to_lowercase() == name
            && (search.countries.is_empty() || search.countries.iter().any(|code| code == spot.code))
            && around.iter().all(|part| within.contains(part) || spot.code.to_lowercase() == *part)
    };
    let mut found: Vec<Spot> = spots().filter(fits).collect();
    found.sort_by(|one, other| other.importance.total_cmp(&one.importance));
    let places: Vec<Value> = found.iter().take(search.limit).map(|spot| place(spot, search)).collect();
    Reply::json(200, &Value::Array(places))
}

fn place(spot: &Spot, search: &Search) -> Value {
    let (kind, rank, reach) = match spot.kind {
        Kind::Country => ("country", 4, 4.0),
        Kind::State => ("state", 8, 2.0),
        Kind::City => ("city", 16, 0.1),
    };
    let display =
        if spot.within.is_empty() { spot.name.to_owned() } else { format!("{}, {}", spot.name, spot.within) };
    let id = hash(&display) % 400_000_000;
    let degrees = |degrees: f64| format!("{degrees:.7}");
    let (south, north) = ((spot.latitude - reach).max(-90.0), (spot.latitude + reach).min(90.0));
    let (west, east) = ((spot.longitude - reach).max(-180.0), (spot.longitude + reach).min(180.0));
    let mut place = json!({
        "place_id": id,
        "licence": "Data © OpenStreetMap contributors, ODbL 1.0. http://osm.org/copyright",
        "osm_type": "relation",
        "osm_id": id / 7,
        "lat": degrees(spot.latitude),
        "lon": degrees(spot.longitude),
        (if search.first_format { "class" } else { "category" }): "boundary",
        "type": "administrative",
        "place_rank": rank,
        "importance": spot.importance,
        "addresstype": kind,
        "name": spot.name,
        "display_name": display,
        "boundingbox": [degrees(south), degrees(north), degrees(west), degrees(east)],
    });
    if search.address {
        let country = spot.within.rsplit(", ").next().filter(|country| !country.is_empty());
        place["address"] = json!({kind: spot.name, "country": country.unwrap_or(spot.name),
            "country_code": spot.code.to_lowercase()});
    }
    place
}

fn page(status: u16, title: &str, words: &str) -> Reply {
    let html = format!(
        "<html>\n<head>\n<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n\n<p>{words}</p>\n</body>\n</html>\n"
    );
    Reply::text(status, "text/html", html)
}

/// Faster than one a second.
pub(crate) fn limited() -> Reply {
    page(
        429,
        "Bandwidth limit exceeded",
        "This geocoder was asked too often. The block is lifted after a while.",
    )
}

/// Too often too fast, or by nobody known.
pub(crate) fn blocked() -> Reply {
    page(
        403,
        "Access blocked",
        "The usage policy wants at most one request a second, by an application that says its name.",
    )
}
