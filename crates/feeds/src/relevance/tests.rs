mod articles;
mod promises;
mod tastes;

use super::*;
use crate::severity::{Graded, severity};
use crate::{Entity, EntityKind, Reading, Subject};

pub(super) const EXAMPLE: &str = include_str!("../../../../docs/profile.example.toml");

pub(super) fn entities(list: &[(EntityKind, &str)]) -> Vec<Entity> {
    list.iter().map(|&(kind, value)| Entity { kind, value: value.to_owned() }).collect()
}

pub(super) fn compiled(toml: &str) -> CompiledProfile {
    CompiledProfile::new(&Profile::from_toml(toml).unwrap()).unwrap()
}

/// Scores an article without taste.
pub(super) fn score(profile: &CompiledProfile, subject: Subject<'_>) -> Relevance {
    let reading = Reading::of(subject);
    profile.score(&reading, &severity(&reading), &Leaning::default())
}

/// The same with a severity that does not depend on the text.
pub(super) fn score_plain(profile: &CompiledProfile, subject: Subject<'_>, leaning: &Leaning) -> Relevance {
    let graded = Graded { severity: watchfire_signal::Severity::Low, points: 1, reasons: Vec::new() };
    profile.score(&Reading::of(subject), &graded, leaning)
}
