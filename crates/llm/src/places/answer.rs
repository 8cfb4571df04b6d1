//! What is made of a model's answer about places: only what the article bears out.
//!
//! An article's answer counts if it repeats the article's id, once, in the shape that was asked for, with roles of the
//! closed list. A place in it counts if its name stands in the article; what does not is dropped and counted, and costs
//! the others nothing. Country and region are hints that the article need not say; they are brought into form or left
//! out. What fails is told article by article, so that the rest of the pack is not asked again.

use super::PlacePack;
use super::PlaceQuestion;
use super::occurrence::{Folded, key};
use crate::hostile::{plain, unfenced};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Places of one article, at most; the first ones count.
pub const MAX_PLACES: usize = 20;
/// Places of one answer that are looked at, at most: some repeat or invent many.
const MAX_LOOKED_AT: usize = 3 * MAX_PLACES;
/// Longest answer that is read, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Answers beyond this many are not looked at; there are never as many articles.
const MAX_ANSWERS: usize = 2 * super::MAX_ARTICLES;
/// Longest name, in characters (the longest in use have some 85).
const MAX_NAME: usize = 100;

/// How an article speaks of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What it is about happens or is there.
    Subject,
    /// It is named beside that.
    Mentioned,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Subject, Self::Mentioned];

    /// Its word in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Mentioned => "mentioned",
        }
    }
}

/// A place that an article names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its name, as the article spells it.
    pub name: String,
    /// How the article speaks of it.
    pub role: Role,
    /// In which country the model takes it to be: two capital letters, of which nobody checked that ISO 3166-1 has them.
    pub country: Option<String>,
    /// In which state, province or region; one line of at most 80 characters in the model's words.
    pub admin: Option<String>,
}

/// The places of one article.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// At most [`MAX_PLACES`], in the model's order; none twice in one country.
    pub places: Vec<Place>,
    /// How many the model named beyond that: names that do not stand in the article, and those over the most.
    pub dropped: usize,
}

/// Why an article's answer does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoPlaces {
    /// The whole is not what was asked for.
    NotReadable,
    /// The answer to this article is not what was asked for.
    Shape,
    /// There is none for this article.
    Missing,
    /// There are several for this article.
    Repeated,
    /// A role is not one of the list.
    Role,
}

impl NoPlaces {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotReadable => "not readable",
            Self::Shape => "of another shape",
            Self::Missing => "missing",
            Self::Repeated => "repeated",
            Self::Role => "unknown role",
        }
    }
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    answers: Vec<&'a RawValue>,
}

/// The id of an answer, whatever else it holds.
#[derive(Deserialize)]
struct WireId<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct WireArticle<'a> {
    #[serde(borrow)]
    places: Vec<WirePlace<'a>>,
}

#[derive(Deserialize)]
struct WirePlace<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    /// Models without a strict schema leave hints out or say null.
    country: Option<String>,
    admin: Option<String>,
}

/// Reads and checks the answer to a pack: each article's id and what is known of it now, in the pack's order.
pub fn read_places(pack: &PlacePack, text: &str) -> Vec<(i64, Result<Places, NoPlaces>)> {
    let wire =
        if text.len() <= MAX_TEXT { serde_json::from_str::<Wire<'_>>(unfenced(text)).ok() } else { None };
    let Some(wire) = wire else {
        let unread = |(_, question): &(String, PlaceQuestion)| (question.id(), Err(NoPlaces::NotReadable));
        return pack.entries().iter().map(unread).collect();
    };
    let parts: Vec<(Cow<'_, str>, &RawValue)> = wire
        .answers
        .into_iter()
        .take(MAX_ANSWERS)
        .filter_map(|part| Some((serde_json::from_str::<WireId<'_>>(part.get()).ok()?.id, part)))
        .collect();
    let answer = |(id, question): &(String, PlaceQuestion)| {
        let mut found = parts.iter().filter(|(echoed, _)| echoed == id.as_str());
        let checked = match (found.next(), found.next()) {
            (None, _) => Err(NoPlaces::Missing),
            (Some(_), Some(_)) => Err(NoPlaces::Repeated),
            (Some((_, part)), None) => match serde_json::from_str::<WireArticle<'_>>(part.get()) {
                Ok(article) => check(question, &article.places),
                Err(_) => Err(NoPlaces::Shape),
            },
        };
        (question.id(), checked)
    };
    pack.entries().iter().map(answer).collect()
}

fn check(question: &PlaceQuestion, wire: &[WirePlace<'_>]) -> Result<Places, NoPlaces> {
    let (title, text) = (Folded::new(question.title()), Folded::new(question.text()));
    let mut found = Places::default();
    let mut keys: Vec<String> = Vec::new();
    for (index, place) in wire.iter().enumerate() {
        let role = Role::ALL.into_iter().find(|role| role.name() == place.role).ok_or(NoPlaces::Role)?;
        let looked_at = index < MAX_LOOKED_AT && place.name.chars().nth(MAX_NAME).is_none();
        let name = if looked_at { title.find(&place.name).or_else(|| text.find(&place.name)) } else { None };
        let Some(name) = name else {
            found.dropped += 1;
            continue;
        };
        let country = place.country.as_deref().and_then(country);
        let key = key(name);
        let same = found.places.iter_mut().zip(&keys).find(|(known, known_key)| {
            **known_key == key && (country.is_none() || known.country.is_none() || known.country == country)
        });
        if let Some((known, _)) = same {
            if role == Role::Subject {
                known.role = role;
            }
            known.country = known.country.take().or(country);
        } else if found.places.len() == MAX_PLACES {
            found.dropped += 1;
        } else {
            let admin =
                place.admin.as_deref().map(|admin| plain(admin, 80)).filter(|admin| !admin.is_empty());
            found.places.push(Place { name: plain(name, MAX_NAME), role, country, admin });
            keys.push(key);
        }
    }
    Ok(found)
}

/// Two letters, in capitals. Two codes that the European Union uses and ISO does not are brought to ISO's.
fn country(code: &str) -> Option<String> {
    let code = code.trim();
    let letters = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    letters.then(|| match code.to_ascii_uppercase().as_str() {
        "UK" => "GB".to_owned(),
        "EL" => "GR".to_owned(),
        other => other.to_owned(),
    })
}

#[cfg(test)]
mod tests;
