//! What to ask next, and what an answer means: the whole of a fetch without its input and output.
//!
//! Redirects are followed here and not by the client, because each hop has to be judged again: its scheme, how far it may go,
//! whether it takes a conditional request or an authorisation along. Whoever drives this sends what [`Exchange::ask`] says
//! and hands the answer to [`Exchange::answered`], until that gives an end.

use super::headers::{fresh_for, retry_after};
use super::outcome::{Document, Failure, Fetched, Outcome, Refusal};
use super::source::{FetchSettings, Source, Validators, Wanted};
use url::Url;
use watchfire_http::{BadAddress, HttpError, Reach, Request, Response, destination};

/// A longer address is not asked for.
const MAX_URL: usize = 8 << 10;
/// A longer entity tag is not kept.
const MAX_ETAG: usize = 1 << 10;
/// A longer date is not kept.
const MAX_DATE: usize = 64;
/// Of a longer content type the rest is not kept.
const MAX_CONTENT_TYPE: usize = 256;

/// One request of a fetch.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Where it goes.
    pub url: Url,
    /// How far it may go.
    pub reach: Reach,
    /// The request, whose timeout is the driver's to set.
    pub request: Request,
}

impl Ask {
    /// The name of the host, in lower case.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// A fetch on its way.
#[derive(Debug)]
pub struct Exchange<'a> {
    source: &'a Source,
    settings: &'a FetchSettings,
    start: Url,
    at: Url,
    hops: usize,
    /// Whether every redirect so far was a permanent one.
    permanent: bool,
}

impl<'a> Exchange<'a> {
    /// A fetch of this source. Fails if there is nothing that could be asked.
    pub fn new(source: &'a Source, settings: &'a FetchSettings) -> Result<Self, Refusal> {
        if source.url.len() > MAX_URL {
            return Err(Refusal::LongAddress(MAX_URL));
        }
        let mut start = Url::parse(source.url.trim())
            .map_err(|_| Refusal::Address { url: shown(&source.url), reason: BadAddress::Unreadable })?;
        start.set_fragment(None);
        Ok(Self { source, settings, at: start.clone(), start, hops: 0, permanent: true })
    }

    /// What to send now.
    pub fn ask(&self) -> Result<Ask, Refusal> {
        let reach = self.reach_of(&self.at);
        destination(self.at.as_str(), reach)
            .map_err(|reason| Refusal::Address { url: shown(self.at.as_str()), reason })?;
        let accept = match self.source.wanted {
            Wanted::Feed => {
                "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, \
                 application/json;q=0.8, */*;q=0.5"
            }
            Wanted::Page => "text/html, application/xhtml+xml;q=0.9, */*;q=0.5",
        };
        let mut request = Request::get(self.at.as_str())
            .header("user-agent", self.settings.user_agent())
            .header("accept", accept);
        if let Some(validators) = self.validators() {
            if let Some(etag) = &validators.etag {
                request = request.header("if-none-match", etag);
            }
            if let Some(date) = &validators.last_modified {
                request = request.header("if-modified-since", date);
            }
        }
        if let Some(authorization) = &self.source.authorization
            && self.at.origin() == self.start.origin()
        {
            request = request.header("authorization", authorization);
        }
        Ok(Ask { url: self.at.clone(), reach, request })
    }

    /// How far a request to this address may go.
    pub fn reach_of(&self, url: &Url) -> Reach {
        if self.source.allow_private && url.host() == self.start.host() {
            Reach::Anywhere
        } else {
            Reach::PublicWeb
        }
    }

    /// Takes the answer to what was asked. `None` means that there is more to ask.
    pub fn answered(&mut self, now_ms: i64, answer: Result<Response, HttpError>) -> Option<Fetched> {
        let response = match answer {
            Ok(response) => response,
            Err(HttpError::NotPublic { host, reason }) => {
                return Some(Outcome::Refused(Refusal::NotPublic { host, reason }).into());
            }
            Err(HttpError::TooLarge(bound)) => {
                return Some(Outcome::Refused(Refusal::TooLarge(bound)).into());
            }
            Err(error) => return Some(Outcome::Failed(Failure::NoAnswer(error)).into()),
        };
        let status = response.status;
        let failed = |failure| Some(Fetched::from(Outcome::Failed(failure)));
        match status {
            200 | 203 => {
                let validators = self.given(&response);
                let content_type = response.header("content-type").map(|text| {
                    // Text of a header is ASCII, so that any place is one between characters.
                    text.get(..MAX_CONTENT_TYPE).unwrap_or(text).to_owned()
                });
                Some(self.arrived(&response, |bytes, final_url| {
                    Outcome::New(Document { bytes, content_type, final_url, validators })
                }))
            }
            304 => {
                let Some(known) = self.validators().cloned() else { return failed(Failure::Unconditional) };
                // A server may leave out what it said before.
                let given = self.given(&response);
                let (etag, last_modified) =
                    given.map_or((None, None), |given| (given.etag, given.last_modified));
                let validators = Validators {
                    url: known.url,
                    etag: etag.or(known.etag),
                    last_modified: last_modified.or(known.last_modified),
                };
                Some(self.arrived(&response, |_, _| Outcome::NotModified { validators }))
            }
            301 | 302 | 303 | 307 | 308 => match self.follow(&response) {
                Ok(true) => None,
                Ok(false) => failed(Failure::Nowhere(status)),
                Err(refusal) => Some(Outcome::Refused(refusal).into()),
            },
            410 if self.permanent => Some(Outcome::Gone.into()),
            429 | 503 => {
                let FetchSettings { least_wait, longest_wait, .. } = *self.settings;
                match retry_after(&response, now_ms, least_wait, longest_wait) {
                    Some(wait) => {
                        let until_ms = now_ms.saturating_add(wait.as_millis() as i64);
                        Some(Outcome::Later { until_ms }.into())
                    }
                    None => failed(Failure::Status(status)),
                }
            }
            _ => failed(Failure::Status(status)),
        }
    }

    /// What this address is known by, if there is something.
    fn validators(&self) -> Option<&Validators> {
        self.source.validators.as_ref().filter(|known| {
            known.url == self.at.as_str() && (known.etag.is_some() || known.last_modified.is_some())
        })
    }

    /// What the answer can be recognised by.
    fn given(&self, response: &Response) -> Option<Validators> {
        let of = |name, most| {
            response.header(name).filter(|text| !text.is_empty() && text.len() <= most).map(str::to_owned)
        };
        let (etag, last_modified) = (of("etag", MAX_ETAG), of("last-modified", MAX_DATE));
        (etag.is_some() || last_modified.is_some()).then(|| Validators {
            url: self.at.as_str().to_owned(),
            etag,
            last_modified,
        })
    }

    /// The end of a chain that led somewhere.
    fn arrived(&self, response: &Response, outcome: impl FnOnce(bytes::Bytes, String) -> Outcome) -> Fetched {
        let here = self.at.as_str().to_owned();
        Fetched {
            moved_to: (self.permanent && self.at != self.start).then(|| here.clone()),
            fresh_for: fresh_for(response),
            outcome: outcome(response.body.clone(), here),
        }
    }

    /// Goes where a redirect leads; whether it leads anywhere.
    fn follow(&mut self, response: &Response) -> Result<bool, Refusal> {
        let Some(location) = response.header("location").filter(|location| !location.is_empty()) else {
            return Ok(false);
        };
        if location.len() > MAX_URL {
            return Err(Refusal::LongAddress(MAX_URL));
        }
        let Ok(mut next) = self.at.join(location) else { return Ok(false) };
        next.set_fragment(None);
        if next.as_str().len() > MAX_URL {
            return Err(Refusal::LongAddress(MAX_URL));
        }
        if self.hops == self.settings.max_hops {
            return Err(Refusal::TooManyRedirects(self.settings.max_hops));
        }
        if self.at.scheme() == "https" && next.scheme() == "http" && !self.source.allow_downgrade {
            return Err(Refusal::Downgrade(shown(next.as_str())));
        }
        self.hops += 1;
        self.permanent &= matches!(response.status, 301 | 308);
        self.at = next;
        Ok(true)
    }
}

/// What may be shown of an address: neither user and password nor the query, and not all of a long one.
fn shown(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let bare = match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) =
                rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            format!("{scheme}://{host}/{path}")
        }
        None => bare.to_owned(),
    };
    bare.chars().filter(|c| !c.is_control()).take(200).collect()
}
