//! The ways of reusing verdicts that are compared.

use crate::cli::{Eval, Keys};
use watchfire_engine::Key;
use watchfire_judge::reuse::Policy;

const HOUR: f64 = 3_600_000.0;
/// Lifetimes of the curves, in hours.
const LIVES: [f64; 7] = [0.25, 0.5, 1.0, 2.0, 4.0, 12.0, 24.0];
/// First lives of the curves of verdicts that live as long as they are steady, in hours.
const FIRST_LIVES: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

/// A way of reusing verdicts.
pub(in crate::commands) struct Variant {
    /// The curve that it belongs to.
    pub(in crate::commands) curve: &'static str,
    /// Its name there.
    pub(in crate::commands) label: String,
    /// Where it stands on it, in hours.
    pub(in crate::commands) hours: Option<f64>,
    /// Whether it is how a run reuses verdicts.
    pub(in crate::commands) is_usual: bool,
    pub(super) reuse: Policy,
    pub(super) key: Key,
    pub(super) leave_one_out: bool,
}

/// What is to be replayed.
pub(super) fn variants(command: &Eval, policy: &Policy) -> Vec<Variant> {
    let key = match command.key {
        Keys::Material => Key::Material,
        Keys::Rule => Key::Rule,
        Keys::RuleMachine => Key::RuleAndMachine,
    };
    if command.all {
        let mut all = Vec::new();
        for key in [Key::Rule, Key::RuleAndMachine, Key::Material] {
            all.extend(LIVES.map(|hours| fixed(policy, key, hours)));
        }
        all.extend(FIRST_LIVES.map(|hours| steady(policy, Key::Material, Some(hours), false)));
        if command.files.len() > 1 {
            all.extend(FIRST_LIVES.map(|hours| steady(policy, Key::Material, Some(hours), true)));
        }
        return all;
    }
    if command.lives.is_empty() {
        return vec![steady(policy, key, None, command.leave_one_out)];
    }
    command.lives.iter().map(|hours| fixed(policy, key, *hours)).collect()
}

/// Every verdict lives this long.
fn fixed(policy: &Policy, key: Key, hours: f64) -> Variant {
    let curve = match key {
        Key::Material => "material fields, fixed life",
        Key::Rule => "rule, fixed life",
        Key::RuleAndMachine => "rule and machine, fixed life",
    };
    Variant {
        curve,
        label: format!("{hours} h"),
        hours: Some(hours),
        is_usual: false,
        reuse: Policy { fixed_life_ms: Some((hours * HOUR) as i64), ..policy.clone() },
        key,
        leave_one_out: false,
    }
}

/// Verdicts live as long as they are steady.
fn steady(policy: &Policy, key: Key, first: Option<f64>, leave_one_out: bool) -> Variant {
    let reuse = match first {
        Some(hours) => Policy { first_life_ms: (hours * HOUR) as i64, ..policy.clone() },
        None => policy.clone(),
    };
    let hours = reuse.first_life_ms as f64 / HOUR;
    Variant {
        curve: if leave_one_out { "steady, and learned elsewhere" } else { "steady" },
        label: format!("from {hours} h"),
        hours: Some(hours),
        is_usual: reuse.first_life_ms == policy.first_life_ms && !leave_one_out,
        reuse,
        key,
        leave_one_out,
    }
}
