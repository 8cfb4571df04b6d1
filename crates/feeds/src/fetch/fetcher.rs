//! The edge where fetching meets the network.

use super::exchange::{Ask, Exchange};
use super::hosts::Hosts;
use super::outcome::{Failure, Fetched, Outcome, Refusal};
use super::robots::Robots;
use super::robots_cache::{Heard, RobotsCache};
use super::source::{FetchSettings, Source};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use url::Url;
use watchfire_flow::Clock;
use watchfire_http::{Client, Http, HttpError, Pool, Reach, Request, Response, destination};

/// How many redirects of a robots.txt are followed: RFC 9309, section 2.3.1.2.
const ROBOTS_HOPS: usize = 5;

/// What requests go through.
struct Clients {
    public: Arc<dyn Http>,
    anywhere: Arc<dyn Http>,
}

impl Clients {
    fn new(settings: &FetchSettings) -> Result<Self, HttpError> {
        let pool = Pool {
            // Feeds are polled minutes apart, so that an open connection is of no use.
            idle: 1,
            idle_timeout: Duration::from_secs(10),
            max_body: settings.max_body,
            read_timeout: settings.idle,
            ..Pool::default()
        };
        let client = |reach| Client::reaching(&pool, reach).map(|client| Arc::new(client) as Arc<dyn Http>);
        Ok(Self { public: client(Reach::PublicWeb)?, anywhere: client(Reach::Anywhere)? })
    }
}

/// Fetches feeds and articles. One for all, since it knows who has just been asked.
pub struct Fetcher {
    /// Made when the first request is: they hold the system's certificates, and whoever has no feeds needs none.
    clients: OnceLock<Result<Clients, HttpError>>,
    clock: Arc<dyn Clock>,
    settings: FetchSettings,
    hosts: Hosts,
    robots: RobotsCache,
}

impl Fetcher {
    /// A fetcher with clients of its own. Where they can't be made, because the system's certificates can't be read, every
    /// fetch fails and says so.
    pub fn new(settings: FetchSettings, clock: Arc<dyn Clock>) -> Self {
        let robots = RobotsCache::new(settings.robots_age, settings.robots_retry);
        Self { clients: OnceLock::new(), clock, settings, hosts: Hosts::default(), robots }
    }

    /// A fetcher over other people's clients: one that reaches public addresses only ([`Reach::PublicWeb`]), and one for the
    /// sources that may be private. It is up to them to keep to the settings' greatest body and idle time.
    pub fn over(
        public: Arc<dyn Http>,
        anywhere: Arc<dyn Http>,
        settings: FetchSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let fetcher = Self::new(settings, clock);
        // Nobody else has it yet.
        drop(fetcher.clients.set(Ok(Clients { public, anywhere })));
        fetcher
    }

    /// The bounds.
    pub fn settings(&self) -> &FetchSettings {
        &self.settings
    }

    /// Fetches this source once. It may wait long for its turn at a busy host; so many can be on their way at once.
    ///
    /// Dropping this ends the request that is on its way. The server may have seen it.
    pub async fn fetch(&self, source: &Source) -> Fetched {
        let mut exchange = match Exchange::new(source, &self.settings) {
            Ok(exchange) => exchange,
            Err(refusal) => return Outcome::Refused(refusal).into(),
        };
        let mut left = self.settings.total;
        loop {
            let ask = match exchange.ask() {
                Ok(ask) => ask,
                Err(refusal) => return Outcome::Refused(refusal).into(),
            };
            if let Some(until_ms) = self.hosts.held(ask.host(), self.clock.unix_millis()) {
                return Outcome::Later { until_ms }.into();
            }
            let answer = match self.rules_for(&exchange, &ask).await {
                Ok(Rules::Pause(pause)) => self.send(&ask, pause, &mut left).await,
                Ok(Rules::Disallowed) => {
                    return Outcome::Refused(Refusal::Robots(ask.host().to_owned())).into();
                }
                Ok(Rules::Unknown { until_ms }) => return Outcome::Later { until_ms }.into(),
                Err(error) => Err(error),
            };
            let told_to_wait = matches!(&answer, Ok(response) if response.status == 429);
            if let Some(fetched) = exchange.answered(self.clock.unix_millis(), answer) {
                if let (true, Outcome::Later { until_ms }) = (told_to_wait, &fetched.outcome) {
                    self.hosts.hold(ask.host(), *until_ms);
                }
                return fetched;
            }
            if left.is_zero() {
                let late = HttpError::Timeout(self.settings.total);
                return Outcome::Failed(Failure::NoAnswer(late)).into();
            }
        }
    }

    /// Sends one request when it is its turn, within the time that is left, and takes off what it needed.
    async fn send(&self, ask: &Ask, pause: Duration, left: &mut Duration) -> Result<Response, HttpError> {
        let turn = self.hosts.turn(ask.host(), pause).await;
        let began = Instant::now();
        let clients = self.clients.get_or_init(|| Clients::new(&self.settings)).as_ref();
        let clients = clients.map_err(Clone::clone)?;
        let http = match ask.reach {
            Reach::Anywhere => &clients.anywhere,
            Reach::Public | Reach::PublicWeb => &clients.public,
        };
        let sending = http.send(ask.request.clone().timeout(*left));
        let answer = timeout(*left, sending).await.unwrap_or(Err(HttpError::Timeout(self.settings.total)));
        drop(turn);
        *left = left.saturating_sub(began.elapsed());
        answer
    }

    /// What the host says about asking for this.
    async fn rules_for(&self, exchange: &Exchange<'_>, ask: &Ask) -> Result<Rules, HttpError> {
        if !self.settings.robots {
            return Ok(Rules::Pause(self.settings.host_pause));
        }
        let origin = ask.url.origin().ascii_serialization();
        // What is read where private addresses are allowed is not told to those for whom they aren't.
        let key = format!("{:?} {origin}", ask.reach);
        let now_ms = self.clock.unix_millis();
        let known = self.robots.of(&key, now_ms, || self.ask_for_robots(exchange, &ask.url)).await?;
        let Some(rules) = known.rules else { return Ok(Rules::Unknown { until_ms: known.until_ms }) };
        let path = &ask.url[url::Position::BeforePath..url::Position::AfterQuery];
        if rules.allows(path) { Ok(Rules::Pause(self.pause(&rules))) } else { Ok(Rules::Disallowed) }
    }

    fn pause(&self, rules: &Robots) -> Duration {
        let asked = rules.delay().unwrap_or_default().min(self.settings.longest_crawl_delay);
        asked.max(self.settings.host_pause)
    }

    /// Asks for a robots.txt. The only error is that it is not in the public network, which the source isn't either then.
    async fn ask_for_robots(&self, exchange: &Exchange<'_>, of: &Url) -> Result<Heard, HttpError> {
        let Ok(mut at) = of.join("/robots.txt") else { return Ok(Heard::None) };
        let mut left = self.settings.total;
        for _ in 0..=ROBOTS_HOPS {
            let reach = exchange.reach_of(&at);
            if destination(at.as_str(), reach).is_err() {
                return Ok(Heard::OutOfReach);
            }
            let request = Request::get(at.as_str())
                .header("user-agent", self.settings.user_agent())
                .header("accept", "text/plain, */*;q=0.5");
            let ask = Ask { url: at.clone(), reach, request };
            let response = match self.send(&ask, self.settings.host_pause, &mut left).await {
                Ok(response) => response,
                Err(error @ HttpError::NotPublic { .. }) if at.origin() == of.origin() => return Err(error),
                Err(_) => return Ok(Heard::OutOfReach),
            };
            match response.status {
                200..=299 => return Ok(Heard::File(response.body)),
                429 => return Ok(Heard::OutOfReach),
                301 | 302 | 303 | 307 | 308 => {
                    let Some(next) = response.header("location").and_then(|to| at.join(to).ok()) else {
                        return Ok(Heard::None);
                    };
                    at = next;
                }
                300..=499 => return Ok(Heard::None),
                _ => return Ok(Heard::OutOfReach),
            }
        }
        Ok(Heard::None)
    }
}

/// What a host says about asking for something.
enum Rules {
    /// It may be asked for, with this pause before the next.
    Pause(Duration),
    Disallowed,
    /// The host's rules are out of reach.
    Unknown {
        until_ms: i64,
    },
}
