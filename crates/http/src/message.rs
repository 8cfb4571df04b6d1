//! Requests and responses, as plain data.

use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// What is asked of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Write.
    Post,
    /// Take away.
    Delete,
}

impl Method {
    /// Its name in HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked.
    pub method: Method,
    /// The whole address, with its query.
    pub url: String,
    /// Names in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// How long the call may take, from the connection to the last byte of the answer.
    pub timeout: Duration,
}

impl Request {
    /// A request without a body that may take half a minute.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: Duration::from_secs(30),
        }
    }

    /// A request with a JSON body that may take half a minute.
    pub fn post_json(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method: Method::Post, body: body.into(), ..Self::get(url) }
            .header("content-type", "application/json")
    }

    /// Adds a header. `name` is in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets how long the call may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

/// Shows neither header values nor the query, because keys stand there.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        write!(f, "{:?} {url} ({} bytes)", self.method, self.body.len())
    }
}

/// A response, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status, 100–599.
    pub status: u16,
    /// Names in lower case, and values; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The body, decompressed.
    pub body: Bytes,
}

impl Response {
    /// The first header of that name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// Whether the status is 200–299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// How long the service asks to wait: `retry-after-ms`, or `retry-after` in seconds (RFC 9110, section 10.2.3). A
    /// date is not understood here, because it would need a clock that agrees with the service's.
    pub fn retry_after(&self) -> Option<Duration> {
        let number = |name, per_second: f64| {
            let value: f64 = self.header(name)?.parse().ok()?;
            Duration::try_from_secs_f64(value / per_second).ok()
        };
        number("retry-after-ms", 1000.0).or_else(|| number("retry-after", 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, Response};
    use bytes::Bytes;
    use std::time::Duration;

    fn response(headers: &[(&str, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status: 429, headers, body: Bytes::new() }
    }

    #[test]
    fn the_wait_is_read_in_both_units_and_nonsense_is_none() {
        assert_eq!(response(&[("retry-after", "2")]).retry_after(), Some(Duration::from_secs(2)));
        let both = response(&[("retry-after", "2"), ("retry-after-ms", "1500")]);
        assert_eq!(both.retry_after(), Some(Duration::from_millis(1500)));
        for nonsense in ["-1", "NaN", "inf", "1e300", "soon", "", "Fri, 31 Dec 1999 23:59:59 GMT"] {
            assert_eq!(response(&[("retry-after", nonsense)]).retry_after(), None, "{nonsense}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let request = Request::get("https://example.org/v1?key=secret").header("x-api-key", "secret");
        assert!(!format!("{request:?}").contains("secret"));
    }
}
