//! How each strike is done, and undone.

use super::{STEP, Storm};
use crate::error::OracleError;
use crate::links::End;
use crate::process::Signal;
use crate::proxy::Link;
use crate::servers::Server;
use crate::strike::Strike;
use rand::RngExt;
use std::time::Duration;
use tokio::time::Instant;

impl Storm {
    /// Does it and undoes it.
    pub(super) async fn strike(&mut self, strike: Strike) -> Result<(), OracleError> {
        match strike {
            Strike::Fall => self.kill().await.map(drop),
            Strike::Kill => {
                let name = self.kill().await?;
                let pause = Duration::from_millis(self.chance.random_range(0..3000));
                self.wait(pause).await?;
                let name = name.filter(|_| self.chance.random_range(0..2_u32) == 0);
                self.fleet.start(name).await.map(drop)
            }
            Strike::Hang => self.hang().await,
            Strike::Add => self.add().await,
            Strike::Leave => self.leave().await,
            Strike::Outage(server) => {
                self.servers.hold(server)?;
                self.servers.kill(server)?;
                let away = self.away();
                self.wait(away).await?;
                self.servers.release(server)?;
                self.servers.back(server).await
            }
            Strike::Restart(server) => {
                self.servers.kill(server)?;
                self.wait(STEP).await?;
                self.servers.back(server).await
            }
            Strike::Apart(server) => {
                let away = self.away();
                self.links(None, End::Server(server), Link::Cut);
                self.wait(away).await?;
                self.links(None, End::Server(server), Link::Open);
                Ok(())
            }
            Strike::Cut => self.one_link(Link::Cut).await,
            Strike::Silence => self.one_link(Link::Hung).await,
        }
    }

    /// How long something is away: as long as was asked for by a script, else up to that.
    fn away(&mut self) -> Duration {
        if self.plan.strikes_are_scripted {
            return self.plan.away;
        }
        self.plan.away.mul_f64(self.chance.random_range(0.1..=1.0))
    }

    /// Waits, while workers that fall are raised.
    async fn wait(&mut self, time: Duration) -> Result<(), OracleError> {
        let start = Instant::now();
        while start.elapsed() < time {
            self.step().await?;
        }
        Ok(())
    }

    /// A worker by chance; `None` if there is none.
    fn any_worker(&mut self) -> Option<usize> {
        let workers = self.fleet.workers.len();
        (workers > 0).then(|| self.chance.random_range(0..workers))
    }

    async fn kill(&mut self) -> Result<Option<String>, OracleError> {
        let Some(index) = self.any_worker() else { return Ok(None) };
        let name = self.fleet.kill(index).await?;
        self.told.say(format_args!("{name} is killed"));
        Ok(Some(name))
    }

    /// Stands still for longer than its session, so that others have its partitions when it goes on.
    async fn hang(&mut self) -> Result<(), OracleError> {
        let Some(index) = self.any_worker() else { return Ok(()) };
        let worker = &mut self.fleet.workers[index];
        worker.signal(Signal::STOP)?;
        let name = worker.name.clone();
        let time = self.plan.session.mul_f64(self.chance.random_range(1.1..1.8));
        self.told.say(format_args!("{name} stands still for {:.1} s", time.as_secs_f64()));
        self.wait(time).await?;
        for worker in self.fleet.workers.iter_mut().filter(|worker| worker.name == name) {
            worker.signal(Signal::CONT)?;
        }
        Ok(())
    }

    /// One more; where there are many already, one less.
    async fn add(&mut self) -> Result<(), OracleError> {
        let many = self.fleet.workers.len() >= self.plan.workers + 2;
        if many || !self.fleet.has_place() {
            return self.end_one().await;
        }
        self.fleet.start(None).await.map(drop)
    }

    /// One less; where there are few already, one more.
    async fn leave(&mut self) -> Result<(), OracleError> {
        if self.fleet.workers.len() <= 1.max(self.plan.workers.saturating_sub(1)) {
            return self.fleet.start(None).await.map(drop);
        }
        self.end_one().await
    }

    async fn end_one(&mut self) -> Result<(), OracleError> {
        let Some(index) = self.any_worker() else { return Ok(()) };
        let name = self.fleet.end(index, &mut self.findings).await?;
        self.told.say(format_args!("{name} has ended"));
        Ok(())
    }

    /// One worker's link to one of its ends.
    async fn one_link(&mut self, link: Link) -> Result<(), OracleError> {
        let Some(index) = self.any_worker() else { return Ok(()) };
        let (place, name) = (self.fleet.workers[index].place, self.fleet.workers[index].name.clone());
        let Some(ends) = self.fleet.links().get(place).map(crate::links::Links::ends) else { return Ok(()) };
        let end = ends[self.chance.random_range(0..ends.len())];
        // A link to the broker that is silent for longer than a session costs the worker its partitions, a shorter one not.
        let longest = if link == Link::Hung && end == End::Server(Server::Kafka) {
            self.plan.session.mul_f64(1.5).max(self.plan.away)
        } else {
            self.plan.away
        };
        let time = longest.mul_f64(self.chance.random_range(0.1..=1.0));
        let how = if link == Link::Cut { "cut" } else { "silent" };
        self.told.say(format_args!(
            "{name}'s link to {} is {how} for {:.1} s",
            end.name(),
            time.as_secs_f64()
        ));
        self.links(Some(place), end, link);
        self.wait(time).await?;
        // What a silent link holds arrives late, or never.
        if link == Link::Hung && self.chance.random_range(0..2_u32) == 0 {
            self.links(Some(place), end, Link::Cut);
            self.wait(STEP).await?;
        }
        self.links(Some(place), end, Link::Open);
        Ok(())
    }

    fn links(&self, place: Option<usize>, end: End, link: Link) {
        for (known, links) in self.fleet.links().iter().enumerate() {
            if place.is_none_or(|place| place == known) {
                links.set(end, link);
            }
        }
    }
}
