//! What a user's opening and dismissing says of their taste.
//!
//! For each feature of an article (a lasting entity, the source, a keyword, a category) it is counted how often
//! articles with it were opened, dismissed and ignored. The odds of opening are those of a Beta distribution with
//! the prior Beta(2, 2): `ln((opened + 2) / (dismissed + ignored / 4 + 2))`, so one click moves little. Features
//! are taken as independent (naive Bayes), their log-odds added and pressed into ±12 points: see [`Leaning`].
//!
//! Counts are kept by periods of 30 days, whole numbers all. So the order of events does not matter, a changed mind
//! takes back exactly what was counted, and an explanation can say `8 of 9`. When a taste is looked at, each period
//! counts `2^(−age / 90 days)`: all of a feature's counts shrink by the same factor, so its log-odds only ever move
//! towards none as time passes.

use super::leaning::Leaning;
use crate::reading::Reading;
use crate::{Entity, EntityKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use watchfire_signal::Timestamp;

/// Most features that a taste holds; beyond it the least useful eighth is forgotten.
pub const MAX_FEATURES: usize = 2_000;
/// Most features of one article.
const MAX_OF_ARTICLE: usize = 64;
/// Longest name of a feature, in bytes.
const MAX_NAME: usize = 120;
/// Most periods of a feature: ten years.
const MAX_PERIODS: usize = 122;
/// A period, in milliseconds: 30 days.
pub(super) const PERIOD_MS: i64 = 30 * 86_400_000;
/// After how many periods without an event a feature is forgotten: two years.
const FORGOTTEN: u16 = 24;

/// What a user did with an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// They opened it.
    Opened,
    /// They said that they don't want it.
    Dismissed,
    /// It was shown, and they did neither.
    Ignored,
}

/// An action, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// What.
    pub action: Action,
    /// When.
    pub at: Timestamp,
}

/// What a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum FeatureKind {
    Source,
    Keyword,
    Category,
    Vendor,
    Product,
    Malware,
    Actor,
    Sector,
    Country,
    Technique,
}

/// Something that articles have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature {
    /// What it is.
    pub kind: FeatureKind,
    /// Its name, at most 120 bytes.
    pub name: String,
}

/// What was learned of one user. Give it to [`Taste::at`] to score with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct Taste {
    features: BTreeMap<Feature, Counts>,
}

/// A saved taste that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TasteError {
    /// More than [`MAX_FEATURES`].
    #[error("the taste has {0} features, at most {MAX_FEATURES} are kept")]
    TooMany(usize),
    /// A feature's name or periods are out of bounds.
    #[error("the feature {0:?} of the taste is out of bounds")]
    Feature(String),
}

/// Events of one period of 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Period {
    /// Since 1970.
    pub(super) period: u16,
    #[serde(default)]
    pub(super) opened: u32,
    #[serde(default)]
    pub(super) dismissed: u32,
    #[serde(default)]
    pub(super) ignored: u32,
}

/// A feature's periods, the oldest first, each with an event at least.
type Counts = Vec<Period>;

impl Taste {
    /// Learns from what a user did. `previous` is what was learned of the same article before, if anything: the
    /// same action again changes nothing, another one takes its place. `features` are those of
    /// [`CompiledProfile::features`](super::CompiledProfile::features).
    pub fn learn(&mut self, features: &[Feature], previous: Option<Done>, done: Done) {
        if previous.is_some_and(|previous| previous.action == done.action) {
            return;
        }
        if let Some(previous) = previous {
            self.unlearn(features, previous);
        }
        for feature in features.iter().take(MAX_OF_ARTICLE).filter(|feature| is_short(&feature.name)) {
            let counts = self.features.entry(feature.clone()).or_default();
            let period = period_of(done.at);
            let place = match counts.binary_search_by_key(&period, |counts| counts.period) {
                Ok(place) => place,
                Err(place) => {
                    counts.insert(place, Period { period, ..Period::default() });
                    place
                }
            };
            let count = counts[place].of(done.action);
            *count = count.saturating_add(1);
            if counts.len() > MAX_PERIODS {
                counts.remove(0);
            }
        }
        self.bound();
    }

    /// Takes back what was learned, such as when an article was dismissed by mistake.
    pub fn unlearn(&mut self, features: &[Feature], done: Done) {
        let period = period_of(done.at);
        for feature in features.iter().take(MAX_OF_ARTICLE) {
            let Some(counts) = self.features.get_mut(feature) else { continue };
            if let Ok(place) = counts.binary_search_by_key(&period, |counts| counts.period) {
                let count = counts[place].of(done.action);
                *count = count.saturating_sub(1);
                if counts[place].total() == 0 {
                    counts.remove(place);
                }
            }
            if counts.is_empty() {
                self.features.remove(feature);
            }
        }
    }

    /// Forgets features that had no event for two years. For a schedule; scores change little by it.
    pub fn forget(&mut self, now: Timestamp) {
        let oldest = period_of(now).saturating_sub(FORGOTTEN);
        self.features.retain(|_, counts| counts.last().is_some_and(|last| last.period >= oldest));
    }

    /// The taste as it is at a moment, ready to score.
    pub fn at(&self, now: Timestamp) -> Leaning {
        Leaning::new(self.features.iter().map(|(feature, counts)| (feature, counts.as_slice())), now)
    }

    /// How many features were learned.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether nothing was learned yet.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// Above the bound, forgets an eighth: what has fewest events in this year, the older of two, the later name.
    fn bound(&mut self) {
        if self.features.len() <= MAX_FEATURES {
            return;
        }
        let newest = self.features.values().filter_map(|counts| counts.last()).map(|last| last.period).max();
        let year = newest.unwrap_or_default().saturating_sub(12);
        let usefulness = |counts: &Counts| {
            let recent = counts.iter().filter(|counts| counts.period >= year).map(Period::total).sum::<u64>();
            (recent, counts.last().map_or(0, |last| last.period))
        };
        let mut order: Vec<_> =
            self.features.iter().map(|(feature, counts)| (usefulness(counts), feature.clone())).collect();
        order.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        for (_, feature) in order.drain(MAX_FEATURES - MAX_FEATURES / 8..) {
            self.features.remove(&feature);
        }
    }
}

impl Period {
    fn of(&mut self, action: Action) -> &mut u32 {
        match action {
            Action::Opened => &mut self.opened,
            Action::Dismissed => &mut self.dismissed,
            Action::Ignored => &mut self.ignored,
        }
    }

    pub(super) fn total(&self) -> u64 {
        u64::from(self.opened) + u64::from(self.dismissed) + u64::from(self.ignored)
    }
}

/// The period of a moment. A timestamp is before 2200, so there are fewer than 2,800.
fn period_of(at: Timestamp) -> u16 {
    (at.as_millis() / PERIOD_MS) as u16
}

fn is_short(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
}

/// Calls for each feature of an article, each once: the source, keywords of the profile, categories, and entities
/// that will come again. Indicators and CVEs are not learned from, they are news only once.
pub(super) fn each_feature<'a>(
    reading: &'a Reading<'_>,
    keywords: impl Iterator<Item = &'a str>,
    mut call: impl FnMut(FeatureKind, &str),
) {
    let mut seen: Vec<(FeatureKind, &str)> = Vec::with_capacity(MAX_OF_ARTICLE);
    let named = |entity: &'a Entity| {
        let kind = match entity.kind {
            EntityKind::Vendor => FeatureKind::Vendor,
            EntityKind::Product => FeatureKind::Product,
            EntityKind::Malware => FeatureKind::Malware,
            EntityKind::Actor => FeatureKind::Actor,
            EntityKind::Sector => FeatureKind::Sector,
            EntityKind::Country => FeatureKind::Country,
            EntityKind::Attack => FeatureKind::Technique,
            _ => return None,
        };
        Some((kind, entity.value.as_str()))
    };
    let features = std::iter::once((FeatureKind::Source, reading.subject().source))
        .chain(keywords.take(16).map(|name| (FeatureKind::Keyword, name)))
        .chain(reading.categories().iter().take(16).map(|name| (FeatureKind::Category, name.as_str())))
        .chain(reading.entities().iter().filter_map(named));
    for (kind, name) in features {
        if seen.len() == MAX_OF_ARTICLE {
            break;
        }
        if is_short(name) && !seen.contains(&(kind, name)) {
            seen.push((kind, name));
            call(kind, name);
        }
    }
}

/// A taste as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    features: Vec<SavedFeature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedFeature {
    kind: FeatureKind,
    name: String,
    periods: Counts,
}

impl From<Taste> for Saved {
    fn from(taste: Taste) -> Self {
        let saved = |(Feature { kind, name }, periods)| SavedFeature { kind, name, periods };
        Self { features: taste.features.into_iter().map(saved).collect() }
    }
}

impl TryFrom<Saved> for Taste {
    type Error = TasteError;

    fn try_from(saved: Saved) -> Result<Self, TasteError> {
        if saved.features.len() > MAX_FEATURES {
            return Err(TasteError::TooMany(saved.features.len()));
        }
        let mut features = BTreeMap::new();
        for SavedFeature { kind, name, periods } in saved.features {
            let in_order = periods.windows(2).all(|pair| pair[0].period < pair[1].period);
            let none_empty = periods.iter().all(|period| period.total() > 0);
            if !is_short(&name) || !in_order || !none_empty || !(1..=MAX_PERIODS).contains(&periods.len()) {
                return Err(TasteError::Feature(name.chars().take(MAX_NAME).collect()));
            }
            features.insert(Feature { kind, name }, periods);
        }
        Ok(Self { features })
    }
}
