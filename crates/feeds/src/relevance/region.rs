//! Countries and the regions that people group them by.
//!
//! Countries are those of ISO 3166, with codes, continents and English names from GeoNames (CC BY 4.0). Regions are
//! lists of codes: those of unions and alliances by their members in 2026, those of trade (EMEA, APAC) by continents.
//! `NA` is Namibia, as ISO has it; North America is written out.

use crate::reading::fold;
use std::sync::LazyLock;

const COUNTRIES: &str = include_str!("../../data/regions.tsv");

const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
const MIDDLE_EAST: &str = "AE BH CY EG IL IQ IR JO KW LB OM PS QA SA SY TR YE";

/// Names of regions in the folded form, and their countries: codes, or continents after a star.
const REGIONS: &[(&str, &[&str])] = &[
    ("eu", &[EU]),
    ("european union", &[EU]),
    ("eea", &[EU, "IS LI NO"]),
    ("dach", &["DE AT CH"]),
    ("nordics", &["DK FI IS NO SE FO GL AX"]),
    ("nordic", &["DK FI IS NO SE FO GL AX"]),
    ("scandinavia", &["DK NO SE"]),
    ("baltics", &["EE LV LT"]),
    ("benelux", &["BE NL LU"]),
    ("iberia", &["ES PT"]),
    ("balkans", &["AL BA BG GR HR ME MK RO RS SI XK"]),
    ("visegrad", &["CZ HU PL SK"]),
    ("cee", &["AL BA BG CZ EE HR HU LT LV ME MK PL RO RS SI SK XK UA MD"]),
    ("british isles", &["GB IE IM JE GG"]),
    ("europe", &["*EU"]),
    ("africa", &["*AF"]),
    ("asia", &["*AS"]),
    ("oceania", &["*OC"]),
    ("north america", &["US CA MX"]),
    ("south america", &["*SA"]),
    ("americas", &["*NA *SA"]),
    ("latam", &["*SA MX GT HN SV NI CR PA CU DO HT PR"]),
    ("latin america", &["*SA MX GT HN SV NI CR PA CU DO HT PR"]),
    ("middle east", &[MIDDLE_EAST]),
    ("mena", &[MIDDLE_EAST, "DZ LY MA TN"]),
    ("gcc", &["AE BH KW OM QA SA"]),
    ("emea", &["*EU *AF", MIDDLE_EAST]),
    ("apac", &["AU BD BN BT CN FJ HK ID IN JP KH KR LA LK MM MN MO MV MY NP NZ PG PH PK SG TH TL TW VN"]),
    ("asean", &["BN ID KH LA MM MY PH SG TH TL VN"]),
    ("anz", &["AU NZ"]),
    ("five eyes", &["AU CA GB NZ US"]),
    ("g7", &["CA DE FR GB IT JP US"]),
    (
        "nato",
        &["AL BE BG CA CZ DE DK EE ES FI FR GB GR HR HU IS IT LT LU LV ME MK NL NO PL PT RO SE SI SK TR US"],
    ),
];

/// A country, as the table has it.
struct Country {
    code: &'static str,
    three: &'static str,
    continent: &'static str,
    name: &'static str,
    /// All its names, folded.
    names: Vec<String>,
}

static TABLE: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let (code, three, continent) = (cells.next()?, cells.next()?, cells.next()?);
        let names = cells.next()?;
        Some(Country {
            code,
            three,
            continent,
            name: names.split('|').next()?,
            names: names.split('|').map(fold).collect(),
        })
    };
    COUNTRIES.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect()
});

/// A region: one country or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    /// ISO 3166 codes, in order, each once.
    pub(super) countries: Vec<&'static str>,
}

impl Region {
    /// The region of this name, code or country's name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let folded = fold(name);
        let countries = if let Some((_, parts)) = REGIONS.iter().find(|(name, _)| *name == folded) {
            members(parts)
        } else {
            let is_it = |country: &&Country| {
                country.code.eq_ignore_ascii_case(&folded)
                    || country.three.eq_ignore_ascii_case(&folded)
                    || country.names.contains(&folded)
            };
            vec![TABLE.iter().find(is_it)?.code]
        };
        Some(Self { countries })
    }

    /// What a match with one of its countries counts, as a share: 1 for one country, half for all of them.
    pub(super) fn specificity(&self) -> f64 {
        let (own, all) = (self.countries.len().max(1) as f64, TABLE.len().max(2) as f64);
        1.0 - 0.5 * own.ln() / all.ln()
    }
}

/// A country's English name; the code itself for one that is not known.
pub(super) fn country_name(code: &str) -> &str {
    TABLE.iter().find(|country| country.code.eq_ignore_ascii_case(code)).map_or(code, |country| country.name)
}

fn members(parts: &[&'static str]) -> Vec<&'static str> {
    let mut codes: Vec<&'static str> = Vec::new();
    for word in parts.iter().flat_map(|part| part.split(' ')) {
        match word.strip_prefix('*') {
            Some(continent) => codes.extend(
                TABLE.iter().filter(|country| country.continent == continent).map(|country| country.code),
            ),
            None => codes.push(word),
        }
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_by_name_and_code() {
        let codes = |name| Region::named(name).map(|region| region.countries.join(" "));
        assert_eq!(codes("DACH").as_deref(), Some("AT CH DE"));
        assert_eq!(codes("de").as_deref(), Some("DE"));
        assert_eq!(codes("DEU").as_deref(), Some("DE"));
        assert_eq!(codes("united kingdom").as_deref(), Some("GB"));
        assert_eq!(codes("Czech Republic").as_deref(), Some("CZ"));
        assert_eq!(codes("Atlantis"), None);
        assert_eq!(Region::named("EU").map(|region| region.countries.len()), Some(27));
        assert!(Region::named("EMEA").is_some_and(|region| region.countries.len() > 100));
    }

    #[test]
    fn every_member_of_a_region_is_a_country() {
        assert_eq!(TABLE.len(), 250);
        for (name, parts) in REGIONS {
            assert_eq!(*name, fold(name));
            for code in members(parts) {
                assert!(TABLE.iter().any(|country| country.code == code), "{code} of {name}");
            }
        }
    }

    #[test]
    fn the_narrower_region_counts_more() {
        let share = |name| Region::named(name).unwrap().specificity();
        assert_eq!(share("DE"), 1.0);
        assert!(share("DE") > share("DACH") && share("DACH") > share("EU") && share("EU") > share("EMEA"));
        assert!(share("EMEA") >= 0.5);
    }
}
