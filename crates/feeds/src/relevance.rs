//! How much an article matters to one user, and why.
//!
//! The user says what they run, where they are and what they watch ([`Profile`]). An article's evidence is what of
//! that it names, plus how severe it is, plus a little that was learned of what the user opens ([`Taste`]):
//!
//! ```text
//! evidence = source weight · max(0, Σ over groups min(cap, Σ weight · part) + severity + taste)
//! score    = round(1000 · (1 − 2^(−evidence / 120)))
//! ```
//!
//! So each find counts once and adds up with others; 120 points are half of what can be had, the next 120 half of
//! the rest. It is additive and saturating rather than a product or a model, because a reader can check it: the reasons
//! carry their points. No group goes above its cap, so an article that lists every vendor there is does not win by that
//! alone: 300 points for what is watched and for the stack, 250 for keywords, 80 for sectors, 60 for regions.
//!
//! | find | points |
//! |---|---|
//! | watched domain, or one under it | 120 |
//! | product of the stack | 100; 25 by an ambiguous name alone |
//! | watched actor, malware, technique | 90, 80, 50; 25 for the technique that a watched one is part of |
//! | vendor of the stack | 60; 25 if a product was named in the profile |
//! | version of a product, beside its name | 40 |
//! | region | 50 for one country, down to 25 for a continent |
//! | sector | 40 |
//! | keyword | 40 times its weight |
//! | severity: critical, high, medium, low | 30, 20, 10, 4 |
//! | taste | −12 to 12 |
//!
//! Words in the title count one and a half times. The least that the profile's own words add is 25, more than the whole
//! range of taste: of two articles that are equal otherwise, the one that names something of the profile is never
//! behind. Age is no part of the score, lists sort by date.
//!
//! A muted word or source makes the score 0, and says so.

mod check;
mod compiled;
mod leaning;
mod profile;
mod region;
mod scan;
mod score;
mod taste;
#[cfg(test)]
mod tests;

pub use check::{MAX_ENTRIES, MAX_LENGTH, ProfileError};
pub use compiled::CompiledProfile;
pub use leaning::Leaning;
pub use profile::{Installed, Keyword, Muted, Profile, Watched};
pub use score::score_all;
pub use taste::{Action, Done, Feature, FeatureKind, MAX_FEATURES, Taste, TasteError};

use serde::Serialize;

/// The highest score.
pub const MAX_SCORE: u16 = 1000;
/// Most reasons that are given.
pub const MAX_REASONS: usize = 8;

/// How much an article matters to a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relevance {
    /// 0 to [`MAX_SCORE`]. A whole number, so that lists have one order.
    pub score: u16,
    /// Whether it reaches the profile's minimum and nothing in it is muted.
    pub is_wanted: bool,
    /// Why, the strongest first, at most [`MAX_REASONS`].
    pub reasons: Vec<Reason>,
}

/// One reason for a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// What kind of thing was found.
    pub what: What,
    /// The reason in words, for the user.
    pub why: String,
    /// The points that it added, before the group's cap and the source's weight. Negative for what it took.
    pub weight: i32,
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A product of the stack.
    Product,
    /// A vendor of the stack.
    Vendor,
    /// A version of a product of the stack.
    Version,
    /// A watched actor.
    Actor,
    /// A watched family of malware.
    Malware,
    /// A watched technique of ATT&CK.
    Technique,
    /// A watched domain.
    Domain,
    /// A keyword.
    Keyword,
    /// The user's sector.
    Sector,
    /// The user's region.
    Region,
    /// How severe the article is.
    Severity,
    /// What the user opened and dismissed before.
    Taste,
    /// What the feed counts.
    Source,
    /// A muted keyword or source.
    Muted,
}
