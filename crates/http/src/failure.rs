//! Why there was no answer.

use std::time::Duration;

/// A call that ended without an answer. Whether the service counted it is told by [`HttpError::was_sent`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// The request can't be made: a bad address or header.
    #[error("the request can't be made: {0}")]
    Unusable(String),
    /// No connection came about.
    #[error("can't connect to {host}: {reason}")]
    Connect {
        /// The host that was asked.
        host: String,
        /// What the system said.
        reason: String,
    },
    /// It leads to where this client doesn't go, so that nothing was sent.
    #[error("won't connect to {host}: {reason}")]
    NotPublic {
        /// The host that was asked.
        host: String,
        /// What it leads to.
        reason: String,
    },
    /// There was no whole answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection broke off.
    #[error("the connection broke off: {0}")]
    Broken(String),
    /// The answer is larger than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl HttpError {
    /// Whether the service may have seen the request.
    pub fn was_sent(&self) -> bool {
        match self {
            Self::Unusable(_) | Self::Connect { .. } | Self::NotPublic { .. } => false,
            Self::Timeout(_) | Self::Broken(_) | Self::TooLarge(_) => true,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unusable(_) | Self::TooLarge(_) => false,
            // A name may lead elsewhere the next time.
            Self::Connect { .. } | Self::NotPublic { .. } | Self::Timeout(_) | Self::Broken(_) => true,
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unusable(_) => "check the service's base URL and key in the settings",
            Self::Connect { .. } => "check the service's base URL, the network and the proxy settings",
            Self::NotPublic { .. } => {
                "only public addresses are allowed here: allow private ones in the settings if meant"
            }
            Self::Timeout(_) => "the service is slow: raise its timeout, or ask again later",
            Self::Broken(_) => "ask again later",
            Self::TooLarge(_) => "this is no answer that the service documents: check its base URL",
        }
    }
}
