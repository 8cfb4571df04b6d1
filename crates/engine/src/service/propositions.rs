//! Propositions while alerts come in: the predictor learns from every alert in order, and from what analysts choose.
//!
//! What is proposed about an alert of a *type* (a vendor's rule) is remembered for a day, for 1,000 types; the one that was not
//! asked about longest goes first. It is forgotten when somebody chooses something about such an alert, or says how that ended,
//! and when half as many alerts of the type again have come as there were.

use crate::error::EngineError;
use crate::service::analyst::rule_of;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use watchfire_judge::Category;
use watchfire_judge::propositions::{Choice, Ending, Predictor, Proposal, Question, Seen, entity};
use watchfire_signal::Verdict;
use watchfire_store::{ChoiceRow, ChoiceSearch, Search, Store};

/// Types that are remembered, if nothing else is said.
pub const REMEMBERED: usize = 1000;
/// How long they are.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// Alerts that are learned from when the service starts: the latest.
const LEARNED: usize = 100_000;
/// Choices that are learned from when the service starts: the latest.
const CHOICES: usize = 20_000;

/// What is asked about an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// When it happened, in milliseconds since 1970.
    pub time: i64,
    /// Hashes of its machine and of whoever acted.
    pub entity: [u64; 2],
    /// The vendor's rule, by format and id: the alert's type.
    pub rule: String,
    /// ATT&CK ids.
    pub techniques: Vec<String>,
    /// What it is about.
    pub category: Category,
}

/// Propositions about a type.
struct Remembered {
    proposal: Arc<Proposal>,
    at: Duration,
    used: u64,
    /// How many alerts of the type there had been.
    seen: u64,
    category: Category,
}

#[derive(Default)]
struct Cache {
    known: HashMap<String, Remembered>,
    uses: u64,
    hits: u64,
    lookups: u64,
    counts: BTreeMap<(&'static str, &'static str), u64>,
}

/// The predictor and what it proposed.
pub struct Propositions {
    predictor: Mutex<Learner>,
    cache: Mutex<Cache>,
    most: usize,
    /// Told of types that are forgotten.
    forgotten: OnceLock<Tell>,
}

/// Is told of a type.
type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// The predictor, and how many alerts of each type it saw.
struct Learner {
    predictor: Predictor,
    seen: watchfire_judge::statistics::BoundedMap<u64, u64>,
}

/// Types whose alerts are counted.
const TYPES: usize = 16_384;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Learner {
    fn observe(&mut self, seen: &Seen<'_>) {
        self.predictor.observe(seen);
        *self.seen.entry(watchfire_judge::propositions::rule_id(seen.rule), || 0) += 1;
    }

    fn times(&self, rule: &str) -> u64 {
        self.seen.get(&watchfire_judge::propositions::rule_id(rule)).copied().unwrap_or_default()
    }
}

impl Propositions {
    /// Learns from what the store has: the latest alerts and choices.
    pub(super) fn open(store: &Store, most: usize) -> Result<Self, EngineError> {
        let mut learner = Learner {
            predictor: Predictor::new(),
            seen: watchfire_judge::statistics::BoundedMap::new(TYPES),
        };
        let (mut alerts, mut after) = (Vec::new(), None);
        while alerts.len() < LEARNED {
            let page = store.search(&Search::default(), after, 2000)?;
            let Some(last) = page.last() else { break };
            after = Some(last.place);
            alerts.extend(page);
        }
        for alert in alerts.iter().rev() {
            let description: serde_json::Value = serde_json::from_str(&alert.description).unwrap_or_default();
            let text =
                |key: &str| description.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
            let actor = actor_of(text("asset"), alert.source.as_deref().or(alert.user.as_deref()));
            learner.observe(&Seen {
                time: alert.place.0,
                entity: entity(text("asset"), actor),
                rule: text("rule_key"),
                name: text("rule"),
                techniques: &[],
                hostile: Verdict::from_id(alert.verdict).is_some_and(Verdict::is_hostile),
            });
        }
        let propositions = Self {
            predictor: Mutex::new(learner),
            cache: Mutex::default(),
            most,
            forgotten: OnceLock::new(),
        };
        propositions.learn_choices(store)?;
        Ok(propositions)
    }

    /// Learns anew what analysts chose.
    fn learn_choices(&self, store: &Store) -> Result<(), EngineError> {
        let (mut rows, mut after) = (Vec::new(), None);
        while rows.len() < CHOICES {
            let page = store.choices(&ChoiceSearch::default(), after, 2000)?;
            let Some(last) = page.last() else { break };
            after = Some((last.at, last.id));
            rows.extend(page);
        }
        let mut learner = lock(&self.predictor);
        for row in rows.iter().rev() {
            with_choice(store, row, |choice| learner.predictor.chosen(choice))?;
        }
        Ok(())
    }

    /// Takes in an alert, in order.
    pub(crate) fn observe(&self, seen: &Seen<'_>) {
        lock(&self.predictor).observe(seen);
    }

    /// Takes in what somebody chose; what is remembered of the type and its category is forgotten.
    pub fn chosen(&self, store: &Store, row: &ChoiceRow) -> Result<(), EngineError> {
        with_choice(store, row, |choice| {
            lock(&self.predictor).predictor.chosen(choice);
            self.forget(choice.rule, choice.category);
        })
    }

    /// Takes back what somebody had chosen, or what was said of it.
    pub fn taken_back(&self, store: &Store, row: &ChoiceRow) -> Result<(), EngineError> {
        with_choice(store, row, |choice| {
            lock(&self.predictor).predictor.taken_back(choice);
            self.forget(choice.rule, choice.category);
        })
    }

    /// Whom to tell of types that are forgotten because somebody chose something about them. The first who is named stays.
    pub fn tell_forgotten(&self, tell: impl Fn(&str) + Send + Sync + 'static) {
        self.forgotten.get_or_init(|| Box::new(tell));
    }

    /// Counts a question about a type that was answered elsewhere, and whether the answer was kept there.
    pub fn looked(&self, was_kept: bool) {
        let mut cache = lock(&self.cache);
        cache.lookups += 1;
        cache.hits += u64::from(was_kept);
    }

    fn forget(&self, rule: &str, category: Category) {
        if let Some(tell) = self.forgotten.get() {
            tell(rule);
        }
        lock(&self.cache).known.retain(|kind, known| kind != rule && known.category != category);
    }

    /// What is proposed about this very alert, on its machine.
    pub fn about(&self, about: &About) -> Arc<Proposal> {
        Arc::new(self.ask(about, about.entity))
    }

    /// What is remembered of this type. `now` is any clock that does not go back.
    pub fn recall(&self, about: &About, now: Duration) -> Option<Arc<Proposal>> {
        let seen = lock(&self.predictor).times(&about.rule);
        let mut cache = lock(&self.cache);
        cache.lookups += 1;
        cache.uses += 1;
        let used = cache.uses;
        let known = cache.known.get_mut(&about.rule)?;
        if now.saturating_sub(known.at) >= LIFE || seen > known.seen + known.seen / 2 + 1 {
            return None;
        }
        known.used = used;
        let proposal = Arc::clone(&known.proposal);
        cache.hits += 1;
        Some(proposal)
    }

    /// Remembers what is proposed about alerts of this type.
    pub fn remember(&self, about: &About, proposal: &Arc<Proposal>, now: Duration) {
        let seen = lock(&self.predictor).times(&about.rule);
        let mut cache = lock(&self.cache);
        if cache.known.len() >= self.most && !cache.known.contains_key(&about.rule) {
            let oldest = cache.known.iter().min_by_key(|(_, known)| known.used).map(|(kind, _)| kind.clone());
            if let Some(oldest) = oldest {
                cache.known.remove(&oldest);
            }
        }
        let used = cache.uses;
        let proposal = Arc::clone(proposal);
        let remembered = Remembered { proposal, at: now, used, seen, category: about.category };
        cache.known.insert(about.rule.clone(), remembered);
    }

    /// What the predictor proposes about any alert of this type.
    pub fn about_any(&self, about: &About) -> Arc<Proposal> {
        Arc::new(self.ask(about, [0, 0]))
    }

    fn ask(&self, about: &About, entity: [u64; 2]) -> Proposal {
        lock(&self.predictor).predictor.propose(&Question {
            now: about.time,
            entity,
            rule: &about.rule,
            techniques: &about.techniques,
            category: about.category,
        })
    }

    /// Counts an answer.
    pub fn count(&self, status: &'static str, from: &'static str) {
        *lock(&self.cache).counts.entry((status, from)).or_default() += 1;
    }

    /// Answers so far, by status and where they came from.
    pub fn counts(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        lock(&self.cache).counts.clone()
    }

    /// Types that are remembered.
    pub fn len(&self) -> usize {
        lock(&self.cache).known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Share of questions about a type that were answered from memory; 0 if there were none.
    pub fn hit_rate(&self) -> f64 {
        let cache = lock(&self.cache);
        if cache.lookups == 0 { 0.0 } else { cache.hits as f64 / cache.lookups as f64 }
    }
}

/// Whoever acted, unless that is the machine itself.
fn actor_of<'a>(asset: &str, actor: Option<&'a str>) -> &'a str {
    actor.filter(|actor| *actor != asset).unwrap_or_default()
}

/// Hands out a row as the predictor takes it; rows about patterns that are gone teach nothing.
fn with_choice(store: &Store, row: &ChoiceRow, mut take: impl FnMut(&Choice<'_>)) -> Result<(), EngineError> {
    let Some(description) = store.pattern_description(row.pattern)? else { return Ok(()) };
    let description: serde_json::Value = serde_json::from_str(&description).unwrap_or_default();
    let category = description.get("category").and_then(serde_json::Value::as_str).unwrap_or_default();
    let verdict = Verdict::from_id(row.verdict).unwrap_or(Verdict::Unknown);
    // Where nothing else was said to be done, the verdict is all that was chosen.
    let action = if row.chosen == verdict.name() { "" } else { row.chosen.as_str() };
    take(&Choice {
        rule: &row.kind,
        category: Category::from_name(category).unwrap_or_default(),
        verdict,
        action,
        ending: row.outcome.as_deref().and_then(Ending::from_name),
    });
    Ok(())
}

/// What is asked about a stored alert; `None` if there is none of that id.
pub(super) fn about(store: &Store, id: &str) -> Result<Option<About>, EngineError> {
    let (Some(stored), Some(found)) = (store.alert(id)?, store.found(id)?) else { return Ok(None) };
    let description: serde_json::Value =
        serde_json::from_str(&stored.pattern_description).unwrap_or_default();
    let text = |key: &str| description.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let detail = crate::archive::decision_from_row(&stored.decision).map(|decision| decision.detail);
    let actor = actor_of(text("asset"), found.source.as_deref().or(found.user.as_deref()));
    Ok(Some(About {
        time: stored.time,
        entity: entity(text("asset"), actor),
        rule: rule_of(&stored.pattern_description),
        techniques: detail.as_ref().map(|detail| detail.techniques.clone()).unwrap_or_default(),
        category: detail.map(|detail| detail.category).unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::{About, LIFE, Propositions};
    use std::sync::Arc;
    use std::time::Duration;
    use watchfire_judge::Category;
    use watchfire_judge::propositions::{Proposal, Seen};
    use watchfire_store::{Location, Store};

    fn about(rule: &str) -> About {
        About {
            time: 0,
            entity: [1, 2],
            rule: rule.to_owned(),
            techniques: Vec::new(),
            category: Category::default(),
        }
    }

    fn propositions(most: usize) -> Propositions {
        Propositions::open(&Store::open(&Location::Memory).unwrap(), most).unwrap()
    }

    #[test]
    fn the_type_that_was_not_asked_about_longest_goes_first() {
        let propositions = propositions(2);
        let (now, proposal) = (Duration::ZERO, Arc::new(Proposal::default()));
        for rule in ["a", "b"] {
            assert!(propositions.recall(&about(rule), now).is_none());
            propositions.remember(&about(rule), &proposal, now);
        }
        assert!(propositions.recall(&about("a"), now).is_some(), "now b was not used longest");
        assert!(propositions.recall(&about("c"), now).is_none());
        propositions.remember(&about("c"), &proposal, now);
        assert!(propositions.recall(&about("a"), now).is_some());
        assert!(propositions.recall(&about("b"), now).is_none());
        assert_eq!((propositions.len(), propositions.hit_rate()), (2, 2.0 / 6.0));
    }

    #[test]
    fn what_is_remembered_ends_with_its_day_and_when_much_more_was_seen() {
        let propositions = propositions(10);
        let proposal = Arc::new(Proposal::default());
        propositions.remember(&about("a"), &proposal, Duration::ZERO);
        assert!(propositions.recall(&about("a"), LIFE.saturating_sub(Duration::from_secs(1))).is_some());
        assert!(propositions.recall(&about("a"), LIFE).is_none());
        let seen = Seen { time: 0, entity: [1, 2], rule: "a", name: "", techniques: &[], hostile: false };
        propositions.observe(&seen);
        assert!(propositions.recall(&about("a"), Duration::ZERO).is_some());
        propositions.observe(&seen);
        assert!(propositions.recall(&about("a"), Duration::ZERO).is_none(), "of none it saw two");
    }
}
