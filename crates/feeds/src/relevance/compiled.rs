//! A profile made ready to score thousands of articles a second.
//!
//! Everything that the profile names becomes an item with its points. Items are found in two ways: by the entities
//! that were extracted (a hash look-up each), and by words in the folded text (one Aho-Corasick automaton for all).
//! Both are wanted: entities know other spellings, words know what no catalogue has.

use super::check;
use super::profile::{Installed, Profile};
use super::region::Region;
use super::{ProfileError, What};
use crate::EntityKind;
use crate::reading::fold;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::collections::{HashMap, HashSet};

/// What naming the technique counts that a watched one is part of, in percent.
pub(super) const PART: u8 = 50;

/// How many bytes of words get a full table of transitions.
const TABLE_BOUND: usize = 2_000;

/// A profile that can score. Immutable.
#[derive(Debug, Clone)]
pub struct CompiledProfile {
    pub(super) user: String,
    pub(super) minimum_score: u16,
    pub(super) items: Vec<Item>,
    /// By kind of entity, then by its folded name: which items it stands for.
    pub(super) entities: HashMap<EntityKind, HashMap<String, Vec<Mark>>>,
    /// By ISO code, upper case.
    pub(super) countries: HashMap<[u8; 2], Vec<u32>>,
    /// By name, lower case; all that is under it matches too.
    pub(super) domains: HashMap<String, u32>,
    /// Folded.
    pub(super) muted_sources: HashSet<String>,
    /// None if the profile has no words.
    pub(super) words: Option<AhoCorasick>,
    /// What each pattern of the automaton stands for.
    pub(super) needles: Vec<Needle>,
}

/// Something that the profile names.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) what: What,
    /// As the user wrote it.
    pub(super) name: String,
    /// What a plain find adds, in tenths of a point.
    pub(super) tenths: i32,
    pub(super) bond: Bond,
}

/// On what else an item's find depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bond {
    /// On nothing.
    Free,
    /// A product whose name is one plain word: found by words alone, it counts in full only where its vendor is
    /// named too. `Exchange`, `Teams` and `Access` are words of the language; `FortiOS` is not.
    Ambiguous { vendor: u32 },
    /// A version, which must stand beside its product or vendor.
    Beside { product: u32, vendor: Option<u32> },
}

/// An item that an entity stands for, and how much of it, in percent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) item: u32,
    pub(super) share: u8,
}

/// What a pattern stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needle {
    pub(super) item: u32,
    pub(super) is_version: bool,
}

impl CompiledProfile {
    /// Checks and compiles a profile. Keep the result: it is much dearer than a score.
    pub fn new(profile: &Profile) -> Result<Self, ProfileError> {
        check::check(profile)?;
        let mut builder = Builder::default();
        for installed in &profile.stack {
            builder.installed(installed);
        }
        let watch = &profile.watch;
        for (list, what, kind, points) in [
            (&watch.actors, What::Actor, EntityKind::Actor, 90),
            (&watch.malware, What::Malware, EntityKind::Malware, 80),
        ] {
            for name in list {
                let item = builder.item(what, name, points * 10);
                builder.entity(kind, name, item, 100);
                builder.word(name, item);
            }
        }
        for id in &watch.techniques {
            let item = builder.item(What::Technique, id, 500);
            builder.entity(EntityKind::Attack, id, item, 100);
            if let Some((parent, _)) = id.split_once('.') {
                builder.entity(EntityKind::Attack, parent, item, PART);
            }
        }
        for domain in &watch.domains {
            let item = builder.item(What::Domain, domain, 1200);
            builder.profile.domains.insert(domain.trim_end_matches('.').to_lowercase(), item);
        }
        for sector in &profile.sectors {
            let item = builder.item(What::Sector, sector, 400);
            builder.entity(EntityKind::Sector, sector, item, 100);
        }
        for name in &profile.regions {
            // The check has seen to it that every region is known.
            let Some(region) = Region::named(name) else { continue };
            let item = builder.item(What::Region, name, (500.0 * region.specificity()).round() as i32);
            for code in region.countries {
                if let [one, two] = *code.as_bytes() {
                    let items = builder.profile.countries.entry([one, two]).or_default();
                    if !items.contains(&item) {
                        items.push(item);
                    }
                }
            }
        }
        for keyword in &profile.keywords {
            let tenths = (400.0 * f64::from(keyword.weight)).round() as i32;
            let item = builder.item(What::Keyword, &keyword.phrase, tenths);
            builder.word(&keyword.phrase, item);
        }
        for phrase in &profile.muted.keywords {
            let item = builder.item(What::Muted, phrase, 0);
            builder.word(phrase, item);
        }
        builder.profile.muted_sources = profile.muted.sources.iter().map(|source| fold(source)).collect();
        builder.build(profile)
    }

    /// Whose profile it is.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Articles below this score are not wanted.
    pub fn minimum_score(&self) -> u16 {
        self.minimum_score
    }
}

/// A profile in the making.
#[derive(Default)]
struct Builder {
    profile: Blank,
    /// Items by what they are and their folded name, so that each counts once.
    known: HashMap<(What, String), u32>,
    patterns: Vec<String>,
    seen: HashSet<(String, u32)>,
}

/// The parts of a [`CompiledProfile`] that are filled in any order.
#[derive(Default)]
struct Blank {
    items: Vec<Item>,
    entities: HashMap<EntityKind, HashMap<String, Vec<Mark>>>,
    countries: HashMap<[u8; 2], Vec<u32>>,
    domains: HashMap<String, u32>,
    muted_sources: HashSet<String>,
    needles: Vec<Needle>,
}

impl Builder {
    /// The item of this name; of two mentions the higher points hold.
    fn item(&mut self, what: What, name: &str, tenths: i32) -> u32 {
        let items = &mut self.profile.items;
        let index = *self.known.entry((what, fold(name))).or_insert_with(|| {
            items.push(Item { what, name: name.trim().to_owned(), tenths, bond: Bond::Free });
            (items.len() - 1) as u32
        });
        let item = &mut items[index as usize];
        item.tenths = item.tenths.max(tenths);
        index
    }

    fn bind(&mut self, item: u32, bond: Bond) {
        self.profile.items[item as usize].bond = bond;
    }

    fn entity(&mut self, kind: EntityKind, name: &str, item: u32, share: u8) {
        let marks = self.profile.entities.entry(kind).or_default().entry(fold(name)).or_default();
        if !marks.iter().any(|mark| mark.item == item && mark.share >= share) {
            marks.push(Mark { item, share });
        }
    }

    fn word(&mut self, phrase: &str, item: u32) {
        self.needle(phrase, Needle { item, is_version: false });
    }

    fn needle(&mut self, phrase: &str, needle: Needle) {
        let folded = fold(phrase);
        if !folded.is_empty() && self.seen.insert((folded.clone(), needle.item)) {
            self.patterns.push(folded);
            self.profile.needles.push(needle);
        }
    }

    fn installed(&mut self, installed: &Installed) {
        let vendor = installed.vendor.as_deref().map(|name| {
            let points = if installed.product.is_some() { 25 } else { 60 };
            let item = self.item(What::Vendor, name, points * 10);
            self.entity(EntityKind::Vendor, name, item, 100);
            self.word(name, item);
            (name, item)
        });
        let Some(product) = installed.product.as_deref() else { return };
        let full = match vendor {
            Some((vendor, _)) if !fold(product).starts_with(&fold(vendor)) => format!("{vendor} {product}"),
            _ => product.to_owned(),
        };
        let item = self.item(What::Product, &full, 1000);
        for name in [product, &full] {
            self.entity(EntityKind::Product, name, item, 100);
            self.word(name, item);
        }
        let vendor = vendor.map(|(_, item)| item);
        let is_plain_word = product.trim().chars().skip(1).all(char::is_lowercase);
        if let Some(vendor) = vendor
            && is_plain_word
        {
            self.bind(item, Bond::Ambiguous { vendor });
        }
        if let Some(version) = installed.version.as_deref() {
            let of = self.item(What::Version, &format!("{version} of {full}"), 400);
            self.bind(of, Bond::Beside { product: item, vendor });
            self.needle(version, Needle { item: of, is_version: true });
        }
    }

    fn build(self, profile: &Profile) -> Result<CompiledProfile, ProfileError> {
        let words = if self.patterns.is_empty() {
            None
        } else {
            // Up to the bound a full table takes about half a megabyte and is several times faster; above it the
            // library chooses what is compact.
            let length: usize = self.patterns.iter().map(String::len).sum();
            let kind = (length <= TABLE_BOUND).then_some(AhoCorasickKind::DFA);
            Some(AhoCorasick::builder().kind(kind).build(&self.patterns).map_err(|error| {
                ProfileError::Value {
                    key: "keywords".to_owned(),
                    problem: error.to_string(),
                    hint: "give fewer or shorter words",
                }
            })?)
        };
        let Blank { items, entities, countries, domains, muted_sources, needles } = self.profile;
        Ok(CompiledProfile {
            user: profile.user.clone(),
            minimum_score: profile.minimum_score,
            items,
            entities,
            countries,
            domains,
            muted_sources,
            words,
            needles,
        })
    }
}
