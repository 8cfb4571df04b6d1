//! What calls to models will cost, by what they have cost.

use crate::enriching::LOOKUP;
use watchfire_store::LedgerTotal;

/// What so many alerts a day would cost, in US dollars a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    /// So many alerts a day.
    pub alerts_per_day: u32,
    /// Questions per alert, 0–1.
    pub share: f64,
    /// Each alert asked on its own.
    pub worst: f64,
    /// As many questions per alert as there were.
    pub expected: f64,
    /// What an answer cost on average.
    pub per_question: f64,
}

impl Projection {
    /// By what was paid, with so many questions per alert; each alert is a question where that is not known. `None` if
    /// nothing was paid for yet, or some price is not known: a part of the cost is not the cost.
    pub fn of(totals: &[LedgerTotal], share: Option<f64>, alerts_per_day: u32) -> Option<Self> {
        let models = || totals.iter().filter(|total| total.tier != LOOKUP);
        let nano: i64 = models().map(|total| total.cost_nano).sum();
        let items: u64 = models().filter(|total| total.outcome == "answered").map(|total| total.items).sum();
        if items == 0 || models().any(|total| total.unpriced > 0) {
            return None;
        }
        let per_question = nano as f64 / 1e9 / items as f64;
        let share = share.map_or(1.0, |share| share.clamp(0.0, 1.0));
        let worst = per_question * f64::from(alerts_per_day);
        Some(Self { alerts_per_day, share, worst, expected: worst * share, per_question })
    }
}
