//! A store in memory that misbehaves as real ones do.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use watchfire_store::measurements::{MeasurementStore, StoredUser, UserFailure, UserWrite, Waiting};

/// How often it fails, each as a share of calls or users.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trouble {
    pub throttled: f64,
    pub failed: f64,
    /// Done, but the answer is lost.
    pub lost_after: f64,
    /// Not done, and the answer is lost.
    pub lost_before: f64,
    /// Answers for a part of the users only.
    pub half: f64,
    /// Milliseconds that a call takes at most.
    pub slow_ms: u64,
    /// Never answers.
    pub hangs: f64,
}

impl Trouble {
    pub const ALL: Self = Self {
        throttled: 0.1,
        failed: 0.05,
        lost_after: 0.1,
        lost_before: 0.05,
        half: 0.1,
        slow_ms: 20,
        hangs: 0.02,
    };
}

pub struct TestStore {
    inner: Mutex<Inner>,
    trouble: Trouble,
    /// Users that are throttled or refused whatever happens.
    pub always: Mutex<BTreeMap<String, UserFailure>>,
    /// Users that get on in one call; the rest is throttled.
    pub most_at_once: usize,
}

struct Inner {
    users: BTreeMap<String, StoredUser>,
    chance: ChaCha8Rng,
    loads: usize,
    saves: usize,
}

impl TestStore {
    pub fn new(seed: u64, trouble: Trouble) -> Self {
        let chance = ChaCha8Rng::seed_from_u64(seed);
        let inner = Inner { users: BTreeMap::new(), chance, loads: 0, saves: 0 };
        Self { inner: Mutex::new(inner), trouble, always: Mutex::default(), most_at_once: usize::MAX }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn value(&self, user: &str) -> Option<Vec<u8>> {
        self.inner().users.get(user).map(|stored| stored.value.clone())
    }

    pub fn put(&self, user: &str, value: Vec<u8>) {
        self.inner().users.insert(user.to_owned(), StoredUser { version: 1, value });
    }

    /// Calls to read and to write.
    pub fn calls(&self) -> (usize, usize) {
        let inner = self.inner();
        (inner.loads, inner.saves)
    }

    async fn be_slow(&self) {
        let (wait, hangs) = {
            let mut inner = self.inner();
            (
                inner.chance.random_range(0..=self.trouble.slow_ms),
                inner.chance.random_bool(self.trouble.hangs),
            )
        };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if hangs {
            std::future::pending::<()>().await;
        }
    }

    /// A failure for this user before anything is done.
    fn before(&self, user: &str) -> Option<UserFailure> {
        if let Some(failure) = self.always.lock().unwrap().get(user) {
            return Some(failure.clone());
        }
        let chance = &mut self.inner().chance;
        if chance.random_bool(self.trouble.throttled) {
            let after = chance.random_bool(0.5).then(|| Duration::from_millis(chance.random_range(0..50)));
            return Some(UserFailure::Throttled { after });
        }
        if chance.random_bool(self.trouble.failed) {
            return Some(UserFailure::Failed("on purpose".to_owned()));
        }
        chance.random_bool(self.trouble.lost_before).then(|| UserFailure::Lost("before".to_owned()))
    }

    fn shortened<T>(&self, mut answers: Vec<T>) -> Vec<T> {
        let chance = &mut self.inner().chance;
        if chance.random_bool(self.trouble.half) {
            answers.truncate(chance.random_range(0..=answers.len()));
        }
        answers
    }

    fn save_one(&self, place: usize, write: &UserWrite) -> Result<u64, UserFailure> {
        if place >= self.most_at_once {
            return Err(UserFailure::Throttled { after: None });
        }
        if let Some(failure) = self.before(&write.user) {
            return Err(failure);
        }
        let mut inner = self.inner();
        let stored = inner.users.get(&write.user);
        let version = stored.map_or(0, |stored| stored.version);
        let done = version == write.from + 1 && stored.is_some_and(|stored| stored.value == write.value);
        if version != write.from && !done {
            return Err(UserFailure::Conflict);
        }
        let stored = StoredUser { version: write.from + 1, value: write.value.clone() };
        inner.users.insert(write.user.clone(), stored);
        if inner.chance.random_bool(self.trouble.lost_after) {
            return Err(UserFailure::Lost("after".to_owned()));
        }
        Ok(write.from + 1)
    }
}

impl MeasurementStore for TestStore {
    fn name(&self) -> &'static str {
        "test"
    }

    fn load<'a>(&'a self, users: &'a [String]) -> Waiting<'a, Vec<Result<Option<StoredUser>, UserFailure>>> {
        Box::pin(async move {
            self.inner().loads += 1;
            self.be_slow().await;
            let load = |user: &String| match self.before(user) {
                Some(failure) => Err(failure),
                None => Ok(self.inner().users.get(user).cloned()),
            };
            let answers = users.iter().map(load).collect();
            self.shortened(answers)
        })
    }

    fn save<'a>(&'a self, writes: &'a [UserWrite]) -> Waiting<'a, Vec<Result<u64, UserFailure>>> {
        Box::pin(async move {
            self.inner().saves += 1;
            let mut answers = Vec::new();
            let middle = writes.len() / 2;
            for (place, write) in writes.iter().enumerate() {
                // A call that is dropped in its middle has done a part of its work.
                if place == 0 || place == middle {
                    self.be_slow().await;
                }
                answers.push(self.save_one(place, write));
            }
            self.be_slow().await;
            self.shortened(answers)
        })
    }

    fn users(
        &self,
        _after: Option<String>,
        _limit: usize,
    ) -> Waiting<'_, Result<(Vec<String>, Option<String>), UserFailure>> {
        Box::pin(async move { Ok((self.inner().users.keys().cloned().collect(), None)) })
    }

    fn remove<'a>(&'a self, user: &'a str) -> Waiting<'a, Result<bool, UserFailure>> {
        Box::pin(async move { Ok(self.inner().users.remove(user).is_some()) })
    }
}
