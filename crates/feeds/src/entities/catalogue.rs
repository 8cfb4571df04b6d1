//! The embedded catalogue: one file for each kind, in `data/`.
//!
//! A line is a name, a tab, and its aliases parted by `|`; `#` begins a comment. Of sectors and countries, the first
//! field is the value only (STIX 2.1 `industry-sector-ov`, ISO 3166-1 alpha-2), not a spelling. A mark before a
//! spelling says how it has to be written: `=` in its own capitals, `?` the same, and it may mean something else, `~`
//! the same, and beside a word that says what it is. The files were written for this project from what is commonly
//! known; they are a start, not a registry.

use super::names::{Manner, Names};
use crate::EntityKind;

const MALWARE: &str = include_str!("../../data/malware.tsv");
const ACTORS: &str = include_str!("../../data/actors.tsv");
const VENDORS: &str = include_str!("../../data/vendors.tsv");
const PRODUCTS: &str = include_str!("../../data/products.tsv");
const SECTORS: &str = include_str!("../../data/sectors.tsv");
const COUNTRIES: &str = include_str!("../../data/countries.tsv");
/// Phrases that hold a name and don't mean it.
const NO_NAMES: &str = include_str!("../../data/no_names.txt");
/// Words, sorted, that are ordinary ones however many products are called by them.
const COMMON: &str = include_str!("../../data/common_words.txt");

/// Adds everything to `names`.
pub(super) fn fill(names: &mut Names) {
    for (kind, table) in [
        (EntityKind::Malware, MALWARE),
        (EntityKind::Actor, ACTORS),
        (EntityKind::Vendor, VENDORS),
        (EntityKind::Product, PRODUCTS),
        (EntityKind::Sector, SECTORS),
        (EntityKind::Country, COUNTRIES),
    ] {
        let usual = if kind == EntityKind::Country { Manner::Exact } else { Manner::Free };
        for line in lines(table) {
            let (name, aliases) = line.split_once('\t').unwrap_or((line, ""));
            let (name, manner) = marked(name, usual);
            let value = names.value(name);
            if !matches!(kind, EntityKind::Sector | EntityKind::Country) {
                names.spell(Some((kind, value)), name, manner);
            }
            for alias in aliases.split('|') {
                let (alias, manner) = marked(alias, usual);
                names.spell(Some((kind, value)), alias, manner);
            }
        }
    }
    for line in lines(NO_NAMES) {
        names.spell(None, line, Manner::Exact);
    }
}

/// Whether `word` is an ordinary one.
pub(super) fn is_common(word: &str) -> bool {
    let word = word.to_lowercase();
    lines(COMMON).any(|common| common == word)
}

fn lines(table: &str) -> impl Iterator<Item = &str> {
    table.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn marked(spelling: &str, usual: Manner) -> (&str, Manner) {
    for (mark, manner) in [('=', Manner::Exact), ('?', Manner::Doubtful), ('~', Manner::Introduced)] {
        if let Some(bare) = spelling.strip_prefix(mark) {
            return (bare, manner);
        }
    }
    (spelling, usual)
}

#[cfg(test)]
mod tests {
    use super::{ACTORS, COUNTRIES, MALWARE, PRODUCTS, SECTORS, VENDORS, is_common, lines, marked};
    use crate::entities::fold::fold;
    use crate::entities::names::Manner;
    use std::collections::HashSet;

    #[test]
    fn no_table_says_the_same_of_two_names() {
        for (table, spelt) in [
            (MALWARE, true),
            (ACTORS, true),
            (VENDORS, true),
            (PRODUCTS, true),
            (SECTORS, false),
            (COUNTRIES, false),
        ] {
            let mut seen = HashSet::new();
            for line in lines(table) {
                assert!(line.matches('\t').count() <= 1, "{line}");
                let (name, aliases) = line.split_once('\t').unwrap_or((line, ""));
                let own = spelt.then_some(name);
                let own: HashSet<String> = own
                    .into_iter()
                    .chain(aliases.split('|').filter(|alias| !alias.is_empty()))
                    .map(|spelling| fold(marked(spelling, Manner::Free).0))
                    .collect();
                for spelling in own {
                    assert!(seen.insert(spelling.clone()), "{spelling} in {line}");
                }
            }
        }
    }

    #[test]
    fn all_countries_of_iso_3166_are_there() {
        let codes: HashSet<&str> = lines(COUNTRIES).filter_map(|line| line.get(..2)).collect();
        assert_eq!(codes.len(), 249);
    }

    #[test]
    fn words_are_common_in_any_case() {
        assert!(is_common("Play") && is_common("play") && !is_common("Emotet"));
    }
}
