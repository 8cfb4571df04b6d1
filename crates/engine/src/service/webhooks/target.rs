//! Who is told, of what, and how.

use std::fmt;
use watchfire_http::{BadAddress, Reach, destination};
use watchfire_signal::Severity;

/// What a body looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A message as Slack's incoming webhooks take it, and what understands those.
    Slack,
    /// Watchfire's own object: a line of NDJSON.
    Generic,
    /// An OCSF Detection Finding.
    Ocsf,
}

impl Kind {
    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Generic => "generic",
            Self::Ocsf => "ocsf",
        }
    }
}

/// When somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// When a pattern is decided to be hostile, not again for its alerts while that holds.
    NewPatterns,
    /// For every hostile alert.
    Alerts,
}

impl Occasion {
    /// Its name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewPatterns => "new_patterns",
            Self::Alerts => "alerts",
        }
    }
}

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The least length, in bytes: a shorter one can be guessed from one request.
    pub const LEAST: usize = 16;

    /// A secret; `None` if it is too short.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        Some(text.into()).filter(|text| text.len() >= Self::LEAST).map(Self)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Somebody who is told.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name in the settings.
    pub name: String,
    /// Where it is. A secret with many receivers, and never shown.
    pub url: String,
    /// What bodies look like.
    pub kind: Kind,
    /// Less severe verdicts are not told of.
    pub min_severity: Severity,
    /// When it is told.
    pub on: Occasion,
    /// What requests are signed with, if they are.
    pub secret: Option<Secret>,
    /// Whether it may be somewhere that is not public, without TLS.
    pub allow_private: bool,
}

impl Target {
    /// How far a client may go for it.
    pub fn reach(&self) -> Reach {
        if self.allow_private { Reach::Anywhere } else { Reach::Public }
    }

    /// Its host and port: all of the address that may be shown.
    pub fn host(&self) -> Result<String, BadAddress> {
        destination(&self.url, self.reach())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} at {})", self.name, self.kind.name(), self.host().unwrap_or_default())
    }
}
