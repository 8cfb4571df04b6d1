//! Asking a geocoder that speaks Nominatim's language where a name lies: the address to fetch, and what came back.
//!
//! For whoever runs a Nominatim of their own or may use somebody else's; the embedded gazetteer needs none of this. Only
//! the words are here: sending, the pause between two requests (the public service's policy is one a second, over all
//! users of an application, with a User-Agent that names it, and answers kept:
//! operations.osmfoundation.org/policies/nominatim) and keeping answers are for whoever holds the client.
//!
//! Names come from articles, which anybody writes, and the answer from a service that may be anybody's. So a name is
//! bounded and percent-encoded before it goes into a query, and of an answer every entry is checked by itself: what lies
//! outside the world is left out, what explains is brought to one bounded line. Formats: nominatim.org/release-docs
//! (api/Search and api/Output, `jsonv2`).

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;

/// Longest name that is asked for, in characters.
const MAX_NAME: usize = 200;
/// Countries of one query, at most.
const MAX_COUNTRIES: usize = 20;
/// Longest list of languages, in bytes.
const MAX_LANGUAGE: usize = 64;
/// Longest answer that is read, in bytes; ten entries have some 10 kB.
const MAX_BODY: usize = 1 << 20;
/// Nominatim gives no more than this.
const MAX_CANDIDATES: usize = 40;
/// Longest text that is taken from an answer, in characters.
const MAX_TEXT: usize = 200;

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NominatimQuery<'a> {
    /// A name, with what it lies in after commas if that is known (`Springfield, Illinois`). The first 200 characters count.
    pub name: &'a str,
    /// Look in these countries alone: two-letter ISO 3166-1 codes in any case; none is everywhere. What is no code is
    /// left out, and so is what comes after the first twenty.
    pub countries: &'a [&'a str],
    /// In which languages names are given, as in HTTP's `Accept-Language`; what is none is left out.
    pub language: Option<&'a str>,
    /// How many candidates are wanted, 1 to 40.
    pub limit: usize,
}

/// A place that a name may mean.
#[derive(Debug, Clone, PartialEq)]
pub struct NominatimPlace {
    /// Its own name, without what it lies in; bounded, one line.
    pub name: String,
    /// Degrees, -90 to 90.
    pub latitude: f64,
    /// Degrees, -180 to 180.
    pub longitude: f64,
    /// Two-letter ISO 3166-1 code in capitals, if the service says it.
    pub country: Option<String>,
    /// What it is in OpenStreetMap's words (`city`, `state`, `country`, `river`); lower-case ASCII, may be empty.
    pub kind: String,
    /// How well known it is, 0–1; 0 if the service does not say.
    pub importance: f64,
}

/// Why there is no address or no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NominatimError {
    /// The base address is none.
    #[error(
        "{0:?} is no address of a geocoder\nhint: write https:// and a host, like https://nominatim.example.org"
    )]
    BaseUrl(String),
    /// There is nothing to search for.
    #[error("there is no name to search for")]
    NoName,
    /// Asked too often.
    #[error(
        "the geocoder was asked too often (status 429)\nhint: the public service allows one request a second"
    )]
    TooOften,
    /// Not let in.
    #[error(
        "the geocoder does not let us in (status {0})\nhint: its policy wants a User-Agent that names the application and at most one request a second; or run a Nominatim of your own"
    )]
    Blocked(u16),
    /// It has trouble of its own.
    #[error("the geocoder failed with status {0}")]
    Server(u16),
    /// It refuses the query; its words, bounded.
    #[error("the geocoder refused the query (status {status}): {message}")]
    Rejected {
        /// The HTTP status; 200 where the error stands in a success.
        status: u16,
        /// The geocoder's words, on one line.
        message: String,
    },
    /// What it sent is no list of places.
    #[error("the geocoder's answer can't be read: {0}")]
    NotReadable(&'static str),
}

/// Whether to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NominatimRetry {
    /// The same query will fail again; others may not.
    Never,
    /// Nobody should ask before this much time has passed.
    After(Duration),
    /// No use in asking at all before somebody changes something.
    Stop,
}

impl NominatimError {
    /// Whether to ask again, and when.
    pub fn retry(&self) -> NominatimRetry {
        match self {
            Self::NoName | Self::Rejected { .. } => NominatimRetry::Never,
            // An answer that can't be read is mostly a page of something that stands before the service.
            Self::Server(_) | Self::NotReadable(_) => NominatimRetry::After(Duration::from_secs(10)),
            Self::TooOften => NominatimRetry::After(Duration::from_secs(60)),
            Self::BaseUrl(_) | Self::Blocked(_) => NominatimRetry::Stop,
        }
    }
}

/// The address that answers this query, to be fetched with GET. `base_url` is the service's (`https://host`, with a path or
/// without, with `/search` at its end or without); it must not have a query of its own.
pub fn nominatim_url(base_url: &str, query: &NominatimQuery<'_>) -> Result<String, NominatimError> {
    let base = base_url.trim().trim_end_matches('/');
    let wrong = || NominatimError::BaseUrl(line(base, 100));
    let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://")).ok_or_else(wrong)?;
    let usable = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>' | '\\' | '@');
    if host.is_empty() || host.starts_with([':', '/', '.']) || !host.chars().all(usable) {
        return Err(wrong());
    }
    let name = line(query.name, MAX_NAME);
    if !name.contains(char::is_alphanumeric) {
        return Err(NominatimError::NoName);
    }
    let search = if base.ends_with("/search") { "" } else { "/search" };
    let limit = query.limit.clamp(1, MAX_CANDIDATES);
    let mut url = format!("{base}{search}?format=jsonv2&addressdetails=1&limit={limit}&q=");
    encode(&name, &mut url);
    let codes: Vec<String> = query
        .countries
        .iter()
        .take(MAX_COUNTRIES)
        .filter(|code| is_country(code))
        .map(|code| code.to_ascii_lowercase())
        .collect();
    if !codes.is_empty() {
        url.push_str("&countrycodes=");
        url.push_str(&codes.join(","));
    }
    if let Some(language) = query.language.filter(|language| is_languages(language)) {
        url.push_str("&accept-language=");
        encode(language, &mut url);
    }
    Ok(url)
}

/// One entry, as far as it is of use. Everything is optional, so that one odd member does not cost the entry.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    lat: Value,
    #[serde(default)]
    lon: Value,
    #[serde(default)]
    name: Value,
    #[serde(default)]
    display_name: Value,
    #[serde(default)]
    addresstype: Value,
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    importance: Value,
    #[serde(default)]
    address: Value,
}

/// What the service answered with this status and body: at most 40 places, in its order. None is an answer too.
pub fn read_nominatim(status: u16, body: &[u8]) -> Result<Vec<NominatimPlace>, NominatimError> {
    match status {
        200 => {}
        429 => return Err(NominatimError::TooOften),
        401 | 403 => return Err(NominatimError::Blocked(status)),
        408 | 425 | 500.. => return Err(NominatimError::Server(status)),
        _ => return Err(NominatimError::Rejected { status, message: complaint(body) }),
    }
    if body.len() > MAX_BODY {
        return Err(NominatimError::NotReadable("too long"));
    }
    let entries: Vec<&RawValue> = match serde_json::from_slice(body) {
        Ok(entries) => entries,
        Err(_) => {
            let message = complaint(body);
            return Err(if message.is_empty() {
                NominatimError::NotReadable("no list of places")
            } else {
                NominatimError::Rejected { status, message }
            });
        }
    };
    let places = entries.into_iter().take(MAX_CANDIDATES);
    Ok(places.filter_map(|entry| place(&serde_json::from_str(entry.get()).ok()?)).collect())
}

fn place(wire: &Wire) -> Option<NominatimPlace> {
    let latitude = degrees(&wire.lat, 90.0)?;
    let longitude = degrees(&wire.lon, 180.0)?;
    // Services before 4.3 have no `name`; the displayed one begins with it.
    let displayed = text(&wire.display_name).split(',').next().unwrap_or_default();
    let name = [text(&wire.name), displayed].map(|name| line(name, MAX_TEXT)).into_iter();
    let name = name.into_iter().find(|name| !name.is_empty())?;
    let country = text(wire.address.get("country_code").unwrap_or(&Value::Null));
    let kind = [text(&wire.addresstype), text(&wire.kind)].into_iter().find(|kind| !kind.is_empty());
    let importance = number(&wire.importance).filter(|importance| importance.is_finite()).unwrap_or(0.0);
    Some(NominatimPlace {
        name,
        latitude,
        longitude,
        country: is_country(country).then(|| country.to_ascii_uppercase()),
        kind: kind.map(word).unwrap_or_default(),
        importance: importance.clamp(0.0, 1.0),
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A number, whether it is written as one or as text: Nominatim writes coordinates as text, others as numbers.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.len() <= 40 => text.trim().parse().ok(),
        _ => None,
    }
}

/// Degrees, if they are on earth.
fn degrees(value: &Value, most: f64) -> Option<f64> {
    number(value).filter(|degrees| degrees.abs() <= most)
}

fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_languages(list: &str) -> bool {
    !list.is_empty()
        && list.len() <= MAX_LANGUAGE
        && list.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-,;=.* ".contains(&byte))
}

/// A word of OpenStreetMap's: lower-case ASCII, at most 40.
fn word(text: &str) -> String {
    let known = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == '-';
    text.chars().take(40).filter(known).map(|c| c.to_ascii_lowercase()).collect()
}

/// An error's words. Nominatim writes `{"error": {"code": …, "message": …}}`, services like it `{"error": "…"}`.
fn complaint(body: &[u8]) -> String {
    let body: Value =
        if body.len() <= MAX_BODY { serde_json::from_slice(body).unwrap_or_default() } else { Value::Null };
    let error = body.get("error").unwrap_or(&Value::Null);
    line(error.as_str().unwrap_or_else(|| text(error.get("message").unwrap_or(&Value::Null))), MAX_TEXT)
}

/// One line without control characters and what hides or turns text, bounded.
fn line(text: &str, max: usize) -> String {
    let hides = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    let seen: String = text
        .chars()
        .take(2 * max)
        .filter(|c| !hides(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    seen.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(max)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// Percent-encodes for a query (RFC 3986, section 2.1).
fn encode(text: &str, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            into.extend(['%', char::from(DIGITS[high]), char::from(DIGITS[low])]);
        }
    }
}

#[cfg(test)]
mod tests;
