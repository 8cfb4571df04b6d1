//! What keeps a budget in step with the script: one request at a time, so that what is known is one thing after another.

use super::server_clock::ServerClock;
use super::standing::{Standing, Times};
use super::wire::{Limits, Reply, Request, WireAsk, WireEnded, WireLog, millis, millis_at_least};
use super::{Mode, Status};
use crate::connection::{Connection, Message};
use crate::settings::{RedisError, RedisSettings};
use redis::Script;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use watchfire_flow::governed::{Ended, Governor, How, Log, Said, Told, Wanted};
use watchfire_flow::{BudgetConfig, Clock, ColdStart, Quota};

/// Asked for in one request at most.
const MOST_ASKED: usize = 64;
/// Ends that are told in one request at most.
const MOST_ENDED: usize = 512;
/// Between tries to connect, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What was asked and not answered.
#[derive(Debug, Default)]
struct Unanswered {
    seq: u64,
    ended: usize,
    asked: Vec<u64>,
}

pub(super) struct Driver {
    pub(super) governor: Governor,
    pub(super) settings: RedisSettings,
    pub(super) clock: Arc<ServerClock>,
    pub(super) status: Arc<Status>,
    me: String,
    config: BudgetConfig,
    limits: Limits,
    times: Times,
    keys: Vec<String>,
    channel: String,
    script: Script,
    standing: Standing,
    generation: u64,
    seq: u64,
    joining: u64,
    /// Ends that the script has not been told of, oldest first.
    ended: Vec<Ended>,
    said: Said,
    unanswered: Option<Unanswered>,
    /// All that calls hold, to be told to a memory that does not know; and of which memory it is to be told.
    log: Option<(String, Log, bool)>,
}

/// Why a stretch of steps is over.
#[derive(Debug)]
enum Over {
    /// The connection, or the server.
    Failed(RedisError),
    /// The script says that this has to begin anew.
    Refused(String),
    /// The budget is closed, and everything is told.
    Left,
}

impl From<RedisError> for Over {
    fn from(error: RedisError) -> Self {
        Self::Failed(error)
    }
}

impl Driver {
    pub(super) fn new(
        governor: Governor,
        settings: RedisSettings,
        me: String,
        name: &str,
        config: &BudgetConfig,
        clock: Arc<ServerClock>,
        status: Arc<Status>,
    ) -> Self {
        let limits = Limits::new(config);
        let key = |part: &str| settings.key("budget", name, part);
        let mut keys: Vec<_> = ["state", "flights", "lost", "members"].map(key).into();
        keys.extend((1..=limits.quotas.len()).map(|place| key(&format!("held{place}"))));
        let times = Times {
            flight: config.longest_flight + settings.timeout * 2,
            longest: Duration::from_millis(limits.longest),
            lease: settings.lease,
            timeout: settings.timeout,
            fall_back_for: settings.fall_back_for,
        };
        Self {
            governor,
            clock,
            status,
            me,
            config: config.clone(),
            channel: key("woken"),
            keys,
            script: Script::new(include_str!("budget.lua")),
            standing: Standing::new(times),
            times,
            limits,
            settings,
            generation: 0,
            seq: 0,
            joining: 0,
            ended: Vec::new(),
            said: Said::default(),
            unanswered: None,
            log: None,
        }
    }

    /// Keeps the budget in step until it has left.
    pub(super) async fn run(mut self) {
        let mut pause = RETRY.0;
        loop {
            let over = match self.connect().await {
                Ok((connection, mut messages)) => self.member(&connection, &mut messages).await,
                Err(error) => Over::Failed(error),
            };
            if self.status.mode() == Mode::Shared {
                pause = RETRY.0;
                self.status.set(Mode::Away);
                match &over {
                    Over::Failed(error) => {
                        tracing::warn!(reason = %error, "the shared budget is out of reach: nobody gets a slot before it is back, or \
                                        this worker's share may be used");
                    }
                    Over::Refused(_) | Over::Left => {}
                }
            }
            match over {
                Over::Left => return self.status.set(Mode::Left),
                Over::Refused(why) if why == "shape" => {
                    if pause < RETRY.1 {
                        tracing::warn!(
                            "others use this budget with other limits: nobody gets a slot before they are gone"
                        );
                    }
                    pause = RETRY.1;
                }
                Over::Refused(_) | Over::Failed(_) => {}
            }
            if self.away(Instant::now() + pause).await {
                return self.status.set(Mode::Left);
            }
            pause = (pause * 2).min(RETRY.1);
        }
    }

    /// Passes the time until then, and begins to use the share when that may be. True if there is nothing left to do.
    async fn away(&mut self, until: Instant) -> bool {
        loop {
            self.consider_share();
            self.gather();
            if self.status.is_leaving() && self.governor.count().1 == 0 {
                // Leases end by themselves.
                return true;
            }
            let alone =
                self.standing.alone().map(|(from, _)| from).filter(|_| self.status.mode() == Mode::Away);
            let next = alone.map_or(until, |from| from.min(until));
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.status.stirred() => {}
            }
            if Instant::now() >= until {
                self.consider_share();
                return false;
            }
        }
    }

    /// Begins or ends to use the share alone.
    fn consider_share(&mut self) {
        let now = Instant::now();
        let alone = self.status.mode() == Mode::Alone;
        let may = self.standing.alone().filter(|&(from, until)| now >= from && now < until);
        let may = may.filter(|_| self.status.members() > 0);
        if let (Some((_, until)), false) = (may, alone) {
            let since = self.clock.unix_millis();
            self.standing.alone_since.get_or_insert(since);
            self.log = None;
            self.governor.fall_back(self.standing.share, since, until);
            self.status.set(Mode::Alone);
            tracing::warn!("the shared budget stays out of reach: this worker goes on with its share");
        }
        if may.is_none() && alone {
            self.governor.govern();
            self.status.set(Mode::Away);
        }
    }

    /// Takes over what has happened since.
    fn gather(&mut self) {
        let (ended, said) = self.governor.news();
        self.ended.extend(ended);
        self.said.paused_until = self.said.paused_until.max(said.paused_until);
        if let Some(factor) = said.slowed {
            self.said.slowed = Some(self.said.slowed.map_or(factor, |slowed| slowed.min(factor)));
        }
        for period in said.exhausted {
            if !self.said.exhausted.contains(&period) {
                self.said.exhausted.push(period);
            }
        }
    }

    async fn connect(&self) -> Result<(Connection, mpsc::Receiver<Message>), RedisError> {
        let (connection, messages) = Connection::open(&self.settings).await?;
        connection.subscribe(&self.channel).await?;
        Ok((connection, messages))
    }

    /// Joins, and takes steps until something is wrong.
    async fn member(&mut self, connection: &Connection, messages: &mut mpsc::Receiver<Message>) -> Over {
        loop {
            let over = match self.join(connection).await {
                Ok(()) => match self.steps(connection, messages).await {
                    Ok(()) => Over::Left,
                    Err(over) => over,
                },
                Err(over) => over,
            };
            match over {
                // On the same connection everything may be well the next time.
                Over::Refused(why) if why != "shape" => {
                    tracing::debug!(why, "the shared budget is joined again");
                    self.status.rejoined.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(RETRY.0).await;
                    self.consider_share();
                }
                over => return over,
            }
        }
    }

    async fn join(&mut self, connection: &Connection) -> Result<(), Over> {
        self.generation += 1;
        let hello = self.request(connection, "hello", Vec::new(), 0).await?;
        let received = Instant::now();
        if let Some(why) = hello.no {
            return Err(Over::Refused(why));
        }
        self.clock.hear(hello.now);
        let another = hello.epoch != self.standing.epoch;
        if let Some(unanswered) = self.unanswered.take() {
            // What was asked and not answered was given to nobody.
            let now = Instant::now();
            let unsent = |id| Ended { id, how: How::Unsent, at: now };
            if !another && hello.seq >= unanswered.seq {
                self.ended.drain(..unanswered.ended);
            }
            self.ended.extend(unanswered.asked.into_iter().map(unsent));
        }
        let remembers = self.standing.remembers(received);
        let told = self.log.as_ref().is_some_and(|(epoch, ..)| *epoch == hello.epoch);
        if !told && (self.standing.alone_since.is_some() || another) {
            self.joining += 1;
            // From here on nothing is used without asking; all that ended before is in the log.
            let log = self.governor.govern_and_log();
            self.ended.clear();
            self.log = Some((hello.epoch.clone(), log, another && remembers));
        } else {
            self.governor.govern();
        }
        if self.status.mode() == Mode::Alone {
            self.status.set(Mode::Away);
        }
        if another {
            self.standing.begin(&hello.epoch);
        }
        self.standing.hear(hello.now, received);
        self.step(connection, "join").await?;
        self.log = None;
        self.standing.alone_since = None;
        self.status.set(Mode::Shared);
        Ok(())
    }

    /// Steps whenever there is a reason to.
    async fn steps(
        &mut self,
        connection: &Connection,
        messages: &mut mpsc::Receiver<Message>,
    ) -> Result<(), Over> {
        let beat = self.settings.lease / 3;
        let mut told = self.step(connection, "beat").await?;
        loop {
            let beat_at = told.at + beat;
            let next = told.next.map_or(beat_at, |next| next.min(beat_at));
            let mut woken = told.more;
            while !woken {
                tokio::select! {
                    () = sleep_until(next) => woken = true,
                    () = self.status.stirred() => woken = true,
                    () = self.governor.changed() => {
                        self.gather();
                        let head = self.governor.wanted(1).first().copied();
                        // Whoever is told when to come need not ask because somebody stands behind.
                        woken = head != told.refused || !self.ended.is_empty() || self.said != Said::default();
                    }
                    message = messages.recv() => match message {
                        Some(Message::Said(_)) => {
                            while let Ok(Message::Said(_)) = messages.try_recv() {}
                            woken = true;
                        }
                        Some(Message::Gone) | None => {
                            let problem = "the connection is gone".to_owned();
                            return Err(Over::Failed(RedisError::Answer { problem }));
                        }
                    },
                }
            }
            self.gather();
            if self.status.is_leaving() && self.governor.count().1 == 0 {
                while !self.ended.is_empty() {
                    self.step(connection, "beat").await?;
                }
                self.step(connection, "leave").await?;
                return Ok(());
            }
            told = self.step(connection, "beat").await?;
        }
    }

    /// One step as a member, and what it means for those who wait.
    async fn step(&mut self, connection: &Connection, op: &'static str) -> Result<Stepped, Over> {
        self.gather();
        let wanted = if op == "beat" { self.governor.wanted(MOST_ASKED) } else { Vec::new() };
        let tell = self.ended.len().min(MOST_ENDED);
        let (rv, waited) = (self.standing.rv, wanted.len());
        self.seq += 1;
        self.unanswered =
            Some(Unanswered { seq: self.seq, ended: tell, asked: wanted.iter().map(|ask| ask.id).collect() });
        let reply = self.request(connection, op, wanted.clone(), tell).await?;
        let at = Instant::now();
        if let Some(why) = reply.no {
            // Nothing was done.
            self.unanswered = None;
            return Err(Over::Refused(why));
        }
        self.unanswered = None;
        self.ended.drain(..tell);
        self.said = Said::default();
        self.clock.hear(reply.now);
        self.standing.take(&reply, at);
        let milliseconds = |value: f64| Duration::from_millis(value.clamp(0.0, 1e13).ceil() as u64);
        let next = reply.next.map(milliseconds);
        let granted: Vec<_> = reply.granted.iter().filter_map(|id| self.number(id)).collect();
        for id in granted {
            if !self.governor.grant(id) {
                self.ended.push(Ended { id, how: How::Unsent, at });
            }
        }
        for (id, place) in &reply.never {
            if let Some(id) = self.number(id) {
                self.governor.refuse(id, place.saturating_sub(1));
            }
        }
        self.governor.heard(Told {
            next: next.or(Some(milliseconds(reply.cold))),
            paused: milliseconds(reply.paused),
            allowance: reply.allow.parse().unwrap_or(1.0),
        });
        self.status.live.store(reply.live, Ordering::Relaxed);
        self.status.steps.fetch_add(1, Ordering::Relaxed);
        let refused =
            if reply.waits { wanted.get(reply.granted.len() + reply.never.len()).copied() } else { None };
        Ok(Stepped {
            at,
            next: next.map(|next| at + next),
            refused,
            more: !self.ended.is_empty() || rv != reply.rv || (!reply.waits && waited == MOST_ASKED),
        })
    }

    async fn request(
        &mut self,
        connection: &Connection,
        op: &'static str,
        wanted: Vec<Wanted>,
        tell: usize,
    ) -> Result<Reply, Over> {
        let now = Instant::now();
        self.set_periods();
        let name = |id: u64| format!("{}:{id}", self.me);
        let wire = self.log.as_ref().filter(|_| op == "join").map(|(_, log, with_roster)| {
            let roster = with_roster.then(|| self.standing.roster.clone());
            WireLog::new(log, &self.standing.used, self.standing.alone_since, roster, name)
        });
        let keep = if op == "beat" { self.governor.longer_than(self.times.flight / 2) } else { Vec::new() };
        let paused = self.said.paused_until.map_or(0, |until| millis(until.saturating_duration_since(now)));
        let exhausted = self.config.quotas.iter().enumerate().filter(|(_, quota)| {
            matches!(quota, Quota::Aligned { period, .. } if self.said.exhausted.contains(period))
        });
        let request = Request {
            op,
            me: &self.me,
            generation: self.generation,
            seq: self.seq,
            epoch: &self.standing.epoch,
            run: connection.run(),
            shape: &self.limits.shape,
            t: self.standing.told_at,
            share: self.standing.share,
            n: self.status.members(),
            rv: self.standing.rv,
            joining: self.joining,
            quotas: &self.limits.quotas,
            flight: millis_at_least(self.times.flight),
            longest: self.limits.longest,
            lease: millis(self.times.lease),
            silence: millis_at_least(self.settings.silence),
            absence: millis_at_least(self.times.absence()),
            expire: 40 * 86_400_000,
            grace: millis_at_least(self.times.lease),
            trust: self.config.cold_start == ColdStart::Trust,
            asks: wanted
                .iter()
                .map(|ask| WireAsk {
                    id: name(ask.id),
                    t: ask.tokens.min(super::wire::MOST),
                    m: ask.micro_usd.min(super::wire::MOST),
                })
                .collect(),
            ended: self
                .ended
                .iter()
                .take(tell)
                .map(|ended| WireEnded::new(name(ended.id), ended, now.saturating_duration_since(ended.at)))
                .collect(),
            keep: keep.into_iter().map(name).collect(),
            pause: paused,
            slowed: self.said.slowed,
            exhausted: exhausted.map(|(place, _)| place + 1).collect(),
            log: wire.as_ref(),
        };
        let problem = |error: serde_json::Error| RedisError::Answer { problem: error.to_string() };
        let text = serde_json::to_string(&request).map_err(problem)?;
        let arguments = [text.as_bytes(), self.channel.as_bytes()];
        let answer: String = connection.run_script(&self.script, &self.keys, &arguments).await?;
        Ok(serde_json::from_str(&answer).map_err(problem)?)
    }

    fn number(&self, id: &str) -> Option<u64> {
        id.strip_prefix(&self.me)?.strip_prefix(':')?.parse().ok()
    }

    /// Which days and months it is, by the server's clock.
    fn set_periods(&mut self) {
        if !self.limits.has_aligned {
            return;
        }
        let periods = self.governor.periods(self.clock.unix_millis());
        for (quota, period) in self.limits.quotas.iter_mut().zip(periods) {
            if let Some((current, then_ends)) = period {
                quota.set_periods(current, then_ends);
            }
        }
    }
}

struct Stepped {
    at: Instant,
    /// When to come again.
    next: Option<Instant>,
    /// Who was first of those who have to wait.
    refused: Option<Wanted>,
    /// There is more to tell at once.
    more: bool,
}
