//! A taste at a moment: log-odds per feature, ready to be looked up.

use super::taste::{Feature, FeatureKind, PERIOD_MS, Period};
use std::collections::HashMap;
use watchfire_signal::Timestamp;

/// What the prior has seen on each side.
const PRIOR: f64 = 2.0;
/// What an ignored article counts of a dismissed one: it may not have been seen at all.
const IGNORED: f64 = 0.25;
/// After how long an event counts half, in milliseconds: 90 days.
const HALF_LIFE_MS: f64 = 90.0 * 86_400_000.0;
/// The most points that taste adds or takes. Twice this is less than the least that a profile's own word adds.
const BOUND: f64 = 12.0;

/// A taste at a moment. [`Leaning::default`] leans nowhere.
#[derive(Debug, Clone, Default)]
pub struct Leaning {
    features: HashMap<FeatureKind, HashMap<Box<str>, Known>>,
}

/// What is known of a feature.
#[derive(Debug, Clone, Copy)]
struct Known {
    log_odds: f64,
    /// Articles with it that were opened, and all that were shown, whenever that was.
    opened: u64,
    shown: u64,
}

impl Leaning {
    pub(super) fn new<'a>(
        features: impl Iterator<Item = (&'a Feature, &'a [Period])>,
        now: Timestamp,
    ) -> Self {
        let mut leaning = Self::default();
        for (feature, periods) in features {
            let known = Known::of(periods, now);
            leaning.features.entry(feature.kind).or_default().insert(feature.name.as_str().into(), known);
        }
        leaning
    }

    /// Whether nothing was learned.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    fn known(&self, kind: FeatureKind, name: &str) -> Option<Known> {
        self.features.get(&kind)?.get(name).copied()
    }

    /// The log-odds of a feature, 0 for one that is not known. Their sign is that of opening.
    pub fn log_odds(&self, feature: &Feature) -> f64 {
        self.known(feature.kind, &feature.name).map_or(0.0, |known| known.log_odds)
    }
}

impl Known {
    fn of(periods: &[Period], now: Timestamp) -> Self {
        let (mut wanted, mut unwanted, mut opened, mut shown) = (0.0, 0.0, 0, 0);
        for period in periods {
            let age = now.as_millis() - i64::from(period.period) * PERIOD_MS;
            // No event is from the future: a clock that went back counts it as new.
            let weight = (-(age.max(0) as f64) / HALF_LIFE_MS).exp2();
            wanted += weight * f64::from(period.opened);
            unwanted += weight * (f64::from(period.dismissed) + IGNORED * f64::from(period.ignored));
            opened += u64::from(period.opened);
            shown += period.total();
        }
        Self { log_odds: ((wanted + PRIOR) / (unwanted + PRIOR)).ln(), opened, shown }
    }
}

/// Adds up the features of one article.
pub(super) struct Reader<'a> {
    leaning: &'a Leaning,
    sum: f64,
    /// The most telling feature on either side: for, against.
    telling: [Option<(Known, FeatureKind, String)>; 2],
}

impl<'a> Reader<'a> {
    pub(super) fn new(leaning: &'a Leaning) -> Self {
        Self { leaning, sum: 0.0, telling: [None, None] }
    }

    pub(super) fn read(&mut self, kind: FeatureKind, name: &str) {
        let Some(known) = self.leaning.known(kind, name) else { return };
        self.sum += known.log_odds;
        let side = &mut self.telling[usize::from(known.log_odds < 0.0)];
        if side.as_ref().is_none_or(|(best, ..)| known.log_odds.abs() > best.log_odds.abs()) {
            *side = Some((known, kind, name.to_owned()));
        }
    }

    /// The points that taste adds, between −12 and 12.
    pub(super) fn points(&self) -> f64 {
        BOUND * (self.sum / 2.0).tanh()
    }

    /// The most telling feature, in words.
    pub(super) fn why(&self) -> Option<String> {
        let (known, kind, name) = self.telling[usize::from(self.sum < 0.0)].as_ref()?;
        let Known { opened, shown, .. } = known;
        let only = if self.sum < 0.0 { "only " } else { "" };
        let articles = match kind {
            FeatureKind::Source => format!("from {name}"),
            FeatureKind::Keyword => format!("with \"{name}\""),
            FeatureKind::Category => format!("filed under {name}"),
            FeatureKind::Country => format!("on {}", super::region::country_name(name)),
            _ => format!("on {name}"),
        };
        Some(format!("you opened {only}{opened} of {shown} articles {articles}"))
    }
}
