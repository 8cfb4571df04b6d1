//! The hand-written lists: middles, abbreviations, adjectives.

use std::error::Error;

pub const COUNTRIES: &str = include_str!("../../data/sources/countries.txt");
pub const DIVISIONS: &str = include_str!("../../data/sources/divisions.txt");
pub const REGIONS: &str = include_str!("../../data/sources/regions.txt");

/// A point in thousandths of a degree: north, east.
pub type Point = (i32, i32);

/// The lines of a list, in fields.
pub fn rows(list: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    list.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('|').collect())
}

/// "39.5 -98" as a point; none for an empty field.
pub fn point(field: &str) -> Result<Option<Point>, Box<dyn Error>> {
    let Some((north, east)) = field.trim().split_once(' ') else { return Ok(None) };
    let thousandths =
        |degrees: &str| degrees.trim().parse::<f64>().map(|degrees| (degrees * 1000.0).round() as i32);
    Ok(Some((thousandths(north)?, thousandths(east)?)))
}

/// The names of a field.
pub fn names(field: &str) -> impl Iterator<Item = &str> {
    field.split(';').map(str::trim).filter(|name| !name.is_empty())
}

/// Counties of Ireland that the tables name in Irish.
pub const IRISH: &[(&str, &str)] = &[
    ("An Cabhan", "Cavan"),
    ("An Clar", "Clare"),
    ("An Iarmhi", "Westmeath"),
    ("An Longfort", "Longford"),
    ("An Mhi", "Meath"),
    ("Ciarrai", "Kerry"),
    ("Loch Garman", "Wexford"),
    ("Lu", "Louth"),
    ("Maigh Eo", "Mayo"),
    ("North Tipperary", "Tipperary"),
];

/// What a division's name may do without, before or behind.
const BEFORE: &[&str] = &[
    "Departement de la ",
    "Departement de l'",
    "Departement des ",
    "Departement du ",
    "Departement de ",
    "Departement d'",
    "Provincia di ",
    "Provincia dell' ",
    "Provincia de ",
    "Province of ",
    "Citta metropolitana di ",
    "Muhafazat al ",
    "Muhafazat ",
    "Borough of ",
    "Respublika ",
    "Republic of ",
    "County ",
    "Al ",
];
const BEHIND: &[&str] = &[
    " County",
    " Parish",
    " Borough",
    " Census Area",
    " Municipality",
    " District",
    " City",
    " Shire",
    " Sheng",
    " Shi",
    " Zhuangzu Zizhiqu",
    " Huizu Zizhiqu",
    " Krai",
    " Republic",
    " Territory",
    " Regional District",
    " Regional Municipality",
];

/// The name without the word for what it is.
pub fn bare(name: &str) -> Option<&str> {
    let before = BEFORE.iter().find_map(|word| name.strip_prefix(word));
    let bare = before.or_else(|| BEHIND.iter().find_map(|word| name.strip_suffix(word)))?;
    (bare.len() > 2).then_some(bare)
}
