//! What is fetched, and within which bounds.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;
use url::Url;

/// What a server said its answer can be recognised by (RFC 9110, section 8.8). They are good for one address only: what a
/// redirect led to the last time need not be where it leads now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The address that gave them.
    pub url: String,
    /// The entity tag as it stood there, with its quotes, and with `W/` if it is weak. At most 1024 bytes.
    pub etag: Option<String>,
    /// The date as it stood there: it is sent back to the letter. At most 64 bytes.
    pub last_modified: Option<String>,
}

/// What is asked for, which is told to the server and otherwise makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// A feed in any format.
    #[default]
    Feed,
    /// An article.
    Page,
}

/// Something that is fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Its address, `http` or `https`.
    pub url: String,
    /// What the last answer is recognised by.
    pub validators: Option<Validators>,
    /// Whether its host may be in a network that is not public. Holds for that host and all its ports, not for what it
    /// redirects to. Whoever holds the name can then lead it to anything that this machine reaches.
    pub allow_private: bool,
    /// Whether a redirect may lead from `https` to `http`.
    pub allow_downgrade: bool,
    /// The value of the `Authorization` header. It goes to the scheme, host and port of `url`, and nowhere else.
    pub authorization: Option<String>,
    /// What is asked for.
    pub wanted: Wanted,
}

impl Source {
    /// A public feed.
    pub fn feed(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            validators: None,
            allow_private: false,
            allow_downgrade: false,
            authorization: None,
            wanted: Wanted::Feed,
        }
    }

    /// An article that a feed names. It may be private only where its feed is and may be; the feed's authorisation goes with
    /// it only to the feed's own scheme, host and port.
    pub fn article(url: impl Into<String>, feed: &Self) -> Self {
        let url = url.into();
        let (ours, theirs) = (Url::parse(&url).ok(), Url::parse(&feed.url).ok());
        let (allow_private, same_origin) = match (&ours, &theirs) {
            (Some(ours), Some(theirs)) => {
                (feed.allow_private && ours.host() == theirs.host(), ours.origin() == theirs.origin())
            }
            _ => (false, false),
        };
        Self {
            allow_private,
            authorization: feed.authorization.clone().filter(|_| same_origin),
            wanted: Wanted::Page,
            ..Self::feed(url)
        }
    }

    /// With what the last answer is recognised by.
    #[must_use]
    pub fn known(mut self, validators: Option<Validators>) -> Self {
        self.validators = validators;
        self
    }

    /// Where private addresses are allowed.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.allow_private = true;
        self
    }
}

/// Shows neither the query, where keys stand, nor the authorisation.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.wanted, self.url.split(['?', '#']).next().unwrap_or_default())
    }
}

/// The bounds of fetching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchSettings {
    /// How the operator can be reached: an address of mail or of a page. Stands in the user agent.
    pub contact: String,
    /// The largest answer that is read, in bytes after decompression.
    pub max_body: usize,
    /// How long all requests of one fetch may take together. Waiting for a turn at a host does not count.
    pub total: Duration,
    /// How long an answer that has begun may pause.
    pub idle: Duration,
    /// How many redirects are followed.
    pub max_hops: usize,
    /// A wait that a server asks for is at least this long,
    pub least_wait: Duration,
    /// and at most this long.
    pub longest_wait: Duration,
    /// The pause between two requests to the same host.
    pub host_pause: Duration,
    /// A longer `Crawl-delay` counts as this.
    pub longest_crawl_delay: Duration,
    /// Whether robots.txt is read.
    pub robots: bool,
    /// How long a robots.txt is good for.
    pub robots_age: Duration,
    /// How long nothing is asked of a host whose robots.txt is out of reach.
    pub robots_retry: Duration,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            contact: String::new(),
            max_body: 10 << 20,
            total: Duration::from_secs(30),
            idle: Duration::from_secs(10),
            max_hops: 5,
            least_wait: Duration::from_secs(60),
            longest_wait: Duration::from_secs(24 * 3600),
            host_pause: Duration::from_secs(1),
            longest_crawl_delay: Duration::from_secs(30),
            robots: true,
            robots_age: Duration::from_secs(24 * 3600),
            robots_retry: Duration::from_secs(30 * 60),
        }
    }
}

impl FetchSettings {
    /// What the user agent is: `Watchfire/<version> (+<contact>)`. Of the contact, what can't stand in a comment of a header
    /// is left out.
    pub fn user_agent(&self) -> String {
        let agent = concat!("Watchfire/", env!("CARGO_PKG_VERSION"));
        let fits = |c: &char| c.is_ascii_graphic() && !matches!(c, '(' | ')' | '\\');
        let contact: String = self.contact.chars().filter(fits).take(200).collect();
        if contact.is_empty() { agent.to_owned() } else { format!("{agent} (+{contact})") }
    }
}
