//! What can be known without being told: how rare, how fast, how widespread, how far along.
//!
//! Everything here is updated with each alert, in the order of the input, in bounded memory, and depends on nothing
//! but the alerts: the same input gives the same numbers.

pub mod binomial;
mod bounded;
mod distinct;
mod rate;

pub use bounded::BoundedMap;
pub use distinct::Distinct;
pub use rate::Rate;

use crate::Category;

/// How many rules on machines, machines, and actors are kept apart: as many as fit into a table of 65,536 places, which doubles
/// when it is seven eighths full.
const BOUND: usize = 57_344;
/// How long an actor's steps count as one story, in milliseconds: a day.
const STORY_MS: i64 = 86_400_000;
/// The same in seconds.
const STORY_S: u32 = (STORY_MS / 1000) as u32;
/// How long *spread* looks back, in milliseconds: an hour.
const SPREAD_MS: i64 = 3_600_000;

/// What the statistics say of one alert, before it was counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals {
    /// How often this rule fired on this machine before.
    pub seen: u64,
    /// For how long, in milliseconds.
    pub span_ms: i64,
    /// Share of this rule among the machine's alerts, 0–1, smoothed: (seen + ½) / (all + 1).
    pub share: f64,
    /// How many alerts the machine had before.
    pub asset_seen: u64,
    /// How many times faster than usual the rule comes on this machine.
    pub burst: f64,
    /// How many came in the last minutes.
    pub recent: f64,
    /// How many machines the actor touched in the last hour.
    pub machines: u64,
    /// How many actors raised this rule on this machine in the last hour.
    pub actors: u64,
    /// How many rules the actor raised in the last hour.
    pub rules: u64,
    /// How many steps of an intrusion were seen within a day from the actor or on the machine, whichever shows more;
    /// this alert's is among them. All attempts from outside are one step.
    pub steps: u32,
}

impl Signals {
    /// How unlike the usual it is, 0–1: independent hints, combined as noisy-or (Pearl 1988, § 4.3.2).
    ///
    /// A rule that is new on a machine with a history is worth 0.35, a burst up to 0.25, an actor that touches many
    /// machines up to 0.3, one that goes through several steps of an intrusion up to 0.7.
    pub fn score(&self) -> f64 {
        let history = (self.asset_seen as f64 / 50.0).min(1.0);
        let novelty = 0.35 * history * (-(self.seen as f64) / 3.0).exp();
        let burst = 0.25 * (self.burst.max(1.0).log10() / 2.0).min(1.0);
        let spread = 0.3 * ((self.machines.max(1) as f64).log2() / 6.0).min(1.0);
        let steps = 0.7 * (f64::from(self.steps.saturating_sub(1)) / 4.0).min(1.0);
        1.0 - (1.0 - novelty) * (1.0 - burst) * (1.0 - spread) * (1.0 - steps)
    }

    /// Whether the actor goes through rules or machines like a scanner.
    pub fn is_scan(&self) -> bool {
        self.rules >= 10 || self.machines >= 20
    }

    /// Whether it is the machine's everyday chatter: often, for long, and not faster than usual.
    pub fn is_chatter(&self) -> bool {
        self.seen >= 200 && self.span_ms >= STORY_MS / 2 && self.burst < 3.0
    }
}

/// The entities of an alert, as hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entities {
    /// The vendor's rule.
    pub rule: u64,
    /// The machine.
    pub asset: u64,
    /// Who acted.
    pub actor: u64,
}

/// Everything counted so far.
#[derive(Debug)]
pub struct Statistics {
    pairs: BoundedMap<(u64, u64), Pair>,
    assets: BoundedMap<u64, Asset>,
    actors: BoundedMap<u64, Actor>,
}

#[derive(Debug, Default)]
struct Pair {
    rate: Rate,
    actors: Recent,
}

#[derive(Debug, Default)]
struct Asset {
    alerts: u64,
    story: Story,
}

#[derive(Debug, Default)]
struct Actor {
    machines: Recent,
    rules: Recent,
    story: Story,
}

/// When each step was last seen, in seconds since 1970: half of the memory of an actor that was seen once.
#[derive(Debug, Default)]
struct Story([u32; Category::STEPS]);

impl Story {
    /// Takes in a step, and counts the steps within a day of `time`.
    fn tell(&mut self, step: Option<u8>, time: i64) -> u32 {
        let now = u32::try_from(time.div_euclid(1000).max(0)).unwrap_or(u32::MAX);
        if let Some(at) = step.and_then(|step| self.0.get_mut(usize::from(step))) {
            *at = now.max(*at);
        }
        self.0.iter().filter(|&&at| at > 0 && now.abs_diff(at) <= STORY_S).count() as u32
    }
}

/// Distinct things of the last hour or two: two windows, of which the older is dropped when the newer is full.
#[derive(Debug, Default)]
struct Recent {
    started: i64,
    current: Distinct,
    previous: u64,
}

impl Recent {
    fn insert(&mut self, time: i64, hash: u64) {
        if time - self.started >= SPREAD_MS {
            let gap = time - self.started >= 2 * SPREAD_MS;
            self.previous = if gap { 0 } else { self.current.count() };
            self.current = Distinct::default();
            self.started = time;
        }
        self.current.insert(hash);
    }

    fn count(&self) -> u64 {
        self.current.count().max(self.previous)
    }
}

impl Statistics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self { pairs: BoundedMap::new(BOUND), assets: BoundedMap::new(BOUND), actors: BoundedMap::new(BOUND) }
    }

    /// Counts an alert and says what is to be said of it. `step` is the step of an intrusion that it shows, if it does
    /// ([`Category::step`]); `time` is in milliseconds since 1970.
    pub fn observe(&mut self, entities: Entities, step: Option<u8>, time: i64) -> Signals {
        let asset = self.assets.entry(entities.asset, Asset::default);
        let asset_seen = asset.alerts;
        asset.alerts += 1;
        let on_asset = asset.story.tell(step, time);

        let pair = self.pairs.entry((entities.rule, entities.asset), Pair::default);
        let seen = pair.rate.count;
        pair.rate.add(time);
        pair.actors.insert(time, entities.actor);

        let actor = self.actors.entry(entities.actor, Actor::default);
        actor.machines.insert(time, entities.asset);
        actor.rules.insert(time, entities.rule);
        let by_actor = actor.story.tell(step, time);
        Signals {
            seen,
            span_ms: pair.rate.span(),
            share: (seen as f64 + 0.5) / (asset_seen as f64 + 1.0),
            asset_seen,
            burst: pair.rate.burst(),
            recent: pair.rate.recent(),
            machines: actor.machines.count(),
            actors: pair.actors.count(),
            rules: actor.rules.count(),
            steps: on_asset.max(by_actor),
        }
    }

    /// How many entities were forgotten for lack of room.
    pub fn evicted(&self) -> u64 {
        self.pairs.evicted() + self.assets.evicted() + self.actors.evicted()
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Entities, Statistics};
    use crate::Category;

    const MINUTE: i64 = 60_000;
    const START: i64 = 1_700_000_000_000;

    #[test]
    fn a_new_rule_on_a_busy_machine_scores_higher_than_its_chatter() {
        let mut statistics = Statistics::new();
        let chatter = Entities { rule: 1, asset: 1, actor: 1 };
        let mut last = None;
        for minute in 0..1440 {
            last = Some(statistics.observe(chatter, None, START + minute * MINUTE));
        }
        let chatter = last.unwrap();
        let new = statistics.observe(Entities { rule: 2, asset: 1, actor: 2 }, None, START + 1440 * MINUTE);
        assert!(chatter.is_chatter() && !new.is_chatter());
        assert!(new.score() > chatter.score() + 0.2, "{new:?} {chatter:?}");
    }

    #[test]
    fn a_machine_that_shows_step_after_step_stands_out() {
        let mut statistics = Statistics::new();
        let mut scores = Vec::new();
        for (index, category) in
            [Category::Exploitation, Category::Execution, Category::Impact].into_iter().enumerate()
        {
            let entities = Entities { rule: index as u64, asset: 7, actor: index as u64 };
            scores.push(statistics.observe(entities, category.step(), START + index as i64 * MINUTE).score());
        }
        assert!(scores[0] < scores[1] && scores[1] < scores[2], "{scores:?}");
        let later = Entities { rule: 5, asset: 7, actor: 9 };
        let later = statistics.observe(later, Category::Impact.step(), START + 3 * 86_400_000);
        assert_eq!(later.steps, 1);
    }

    #[test]
    fn attempts_of_all_kinds_are_one_step() {
        let mut statistics = Statistics::new();
        let mut steps = 0;
        for category in
            [Category::Scanning, Category::BruteForce, Category::WebAttack, Category::Exploitation]
        {
            let entities = Entities { rule: category as u64, asset: 7, actor: 9 };
            steps = statistics.observe(entities, category.step(), START).steps;
        }
        assert_eq!(steps, 1);
    }

    #[test]
    fn an_actor_that_touches_many_machines_stands_out() {
        let mut statistics = Statistics::new();
        let mut last = None;
        for asset in 0..64 {
            last = Some(statistics.observe(Entities { rule: 1, asset, actor: 9 }, None, START));
        }
        let last = last.unwrap();
        assert!(last.machines >= 60 && last.is_scan());
        assert!(last.score() > 0.25);
    }
}
