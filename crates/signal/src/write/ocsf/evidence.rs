//! What was seen: the objects that a finding's evidence is made of.
//!
//! Each builder gives nothing rather than an object that the schema would refuse.

use crate::write::ndjson::cell::{self, HashKind, Present};
use crate::{Alert, Field, Format};
use serde::{Serialize, Serializer};

/// One alert is one piece of evidence.
#[derive(Serialize)]
pub(super) struct Evidence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) src_endpoint: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dst_endpoint: Option<Endpoint<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_info: Option<Connection<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor: Option<Actor<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) process: Option<Process<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<Query<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<Url<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) http_request: Option<HttpRequest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_response: Option<HttpResponse>,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(id: &'a str, alert: &'a Alert<'_>) -> Option<Self> {
        let http_request = HttpRequest::of(alert);
        let http_response = cell::number(alert, Field::HttpStatus).map(|code| HttpResponse { code });
        let over_http = http_request.is_some() || http_response.is_some();
        let evidence = Self {
            src_endpoint: Endpoint::source(alert),
            dst_endpoint: Endpoint::destination(alert),
            connection_info: Connection::of(alert, over_http),
            actor: alert.get(Field::User).map(|name| Actor { user: Named { name } }),
            user: alert.get(Field::TargetUser).map(|name| Named { name }),
            process: Process::of(id, alert),
            file: File::of(alert),
            query: alert.get(Field::DnsQuestion).map(|hostname| Query { hostname }),
            url: Url::of(alert),
            http_request,
            http_response,
        };
        // HTTP alone would not do, but it never comes without a connection.
        let filled = evidence.src_endpoint.is_some()
            || evidence.dst_endpoint.is_some()
            || evidence.connection_info.is_some()
            || evidence.actor.is_some()
            || evidence.user.is_some()
            || evidence.process.is_some()
            || evidence.file.is_some()
            || evidence.query.is_some()
            || evidence.url.is_some();
        filled.then_some(evidence)
    }
}

/// Anything that has a name and nothing else: a user, a resource.
#[derive(Serialize, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
}

#[derive(Serialize)]
pub(super) struct Actor<'a> {
    pub(super) user: Named<'a>,
}

#[derive(Serialize)]
pub(super) struct Query<'a> {
    pub(super) hostname: &'a str,
}

#[derive(Serialize)]
pub(super) struct Endpoint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hostname: Option<&'a str>,
    /// What was given for an address and is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    country: &'a str,
}

impl<'a> Endpoint<'a> {
    fn source(alert: &'a Alert<'_>) -> Option<Self> {
        let country = alert.get(Field::SourceCountry).filter(|text| cell::is_country_code(text));
        let location = country.map(|country| Location { country });
        Self { location, ..Self::at(alert, Field::SourceIp, Field::SourcePort, Field::SourceDomain) }.known()
    }

    fn destination(alert: &'a Alert<'_>) -> Option<Self> {
        Self::at(alert, Field::DestinationIp, Field::DestinationPort, Field::DestinationDomain).known()
    }

    fn at(alert: &'a Alert<'_>, ip: Field, port: Field, domain: Field) -> Self {
        let address = alert.get(ip);
        let ip = address.filter(|text| cell::is_address(text));
        Self {
            ip,
            port: cell::number(alert, port),
            hostname: alert.get(domain),
            name: if ip.is_none() { address } else { None },
            location: None,
        }
    }

    /// A port or a country alone is no endpoint.
    fn known(self) -> Option<Self> {
        (self.ip.is_some() || self.hostname.is_some() || self.name.is_some()).then_some(self)
    }
}

#[derive(Serialize)]
struct Connection<'a> {
    direction_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_name: Option<&'a str>,
}

impl<'a> Connection<'a> {
    fn of(alert: &'a Alert<'_>, over_http: bool) -> Option<Self> {
        let (direction, protocol_name) = (alert.get(Field::Direction), alert.get(Field::Transport));
        if direction.is_none() && protocol_name.is_none() && !over_http {
            return None;
        }
        let is = |words: &[&str]| {
            direction.is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
        };
        let (direction_id, direction) = match direction {
            None => (0, None),
            Some(_) if is(&["inbound", "ingress", "incoming", "in"]) => (1, Some("Inbound")),
            Some(_) if is(&["outbound", "egress", "outgoing", "out"]) => (2, Some("Outbound")),
            Some(_) if is(&["lateral", "internal"]) => (3, Some("Lateral")),
            Some(_) if is(&["unknown"]) => (0, Some("Unknown")),
            Some(text) => (99, Some(text)),
        };
        Some(Self { direction_id, direction, protocol_name })
    }
}

#[derive(Serialize)]
pub(super) struct Process<'a> {
    uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cmd_line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_process: Option<Parent<'a>>,
}

#[derive(Serialize)]
pub(super) struct Parent<'a> {
    uid: ParentId<'a>,
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

struct ParentId<'a>(&'a str);

impl Serialize for ParentId<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}:parent", self.0))
    }
}

impl<'a> Process<'a> {
    fn of(id: &'a str, alert: &'a Alert<'_>) -> Option<Self> {
        let (process, cmd_line) = (alert.get(Field::Process), alert.get(Field::CommandLine));
        let parent = alert.get(Field::ProcessParent);
        let known = process.is_some() || cmd_line.is_some() || parent.is_some();
        known.then(|| Self {
            uid: id,
            name: process.map(cell::last_part),
            path: process.filter(|text| cell::is_path(text)),
            cmd_line,
            parent_process: parent.map(|parent| Parent {
                uid: ParentId(id),
                name: cell::last_part(parent),
                path: Some(parent).filter(|text| cell::is_path(text)),
            }),
        })
    }
}

#[derive(Serialize)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    type_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<&'a str>,
    #[serde(skip_serializing_if = "Present::is_empty")]
    hashes: Present<Fingerprint<'a>, 1>,
}

#[derive(Serialize)]
struct Fingerprint<'a> {
    algorithm_id: u8,
    algorithm: &'static str,
    value: &'a str,
}

impl<'a> File<'a> {
    fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let path = alert.get(Field::FilePath);
        let hash = alert.get(Field::FileHash).and_then(|text| Some((HashKind::of(text)?, text)));
        Some(Self {
            name: path.map(cell::last_part).or(hash.map(|(_, text)| text))?,
            type_id: 0,
            path: path.filter(|text| cell::is_path(text)),
            hashes: Present([hash.map(|(kind, value)| {
                let (algorithm_id, algorithm) = match kind {
                    HashKind::Md5 => (1, "MD5"),
                    HashKind::Sha1 => (2, "SHA-1"),
                    HashKind::Sha256 => (3, "SHA-256"),
                };
                Fingerprint { algorithm_id, algorithm, value }
            })]),
        })
    }

    /// The hash, if it has one.
    pub(super) fn hash(&self) -> Option<&'a str> {
        self.hashes.0[0].as_ref().map(|fingerprint| fingerprint.value)
    }
}

/// The schema wants the path alone where there is no more.
#[derive(Serialize)]
pub(super) struct Url<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url_string: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

impl<'a> Url<'a> {
    fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let text = alert.get(Field::Url)?;
        let path = text.starts_with('/').then_some(text);
        Some(Self { url_string: if path.is_none() { Some(text) } else { None }, path })
    }
}

#[derive(Serialize)]
pub(super) struct HttpRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    http_method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<&'a str>,
}

impl<'a> HttpRequest<'a> {
    fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let http_method = alert.get(Field::HttpMethod).and_then(http_method);
        let user_agent = alert.get(Field::UserAgent);
        (http_method.is_some() || user_agent.is_some()).then_some(Self { http_method, user_agent })
    }
}

#[derive(Serialize)]
struct HttpResponse {
    code: u16,
}

/// The method as the schema's enumeration has it.
pub(super) fn http_method(text: &str) -> Option<&'static str> {
    const METHODS: [&str; 9] =
        ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(text))
}

/// The machine the finding is about.
#[derive(Serialize)]
pub(super) struct Device<'a> {
    type_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hostname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ip: Option<&'a str>,
}

impl<'a> Device<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let host = alert.get(Field::Host)?;
        let ip = cell::is_address(host).then_some(host);
        Some(Self { type_id: 0, hostname: if ip.is_none() { Some(host) } else { None }, ip })
    }
}

/// Where in the cloud; part of the cloud profile, which wants a provider.
#[derive(Serialize)]
pub(super) struct Cloud<'a> {
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
}

#[derive(Serialize)]
struct Account<'a> {
    uid: &'a str,
}

impl<'a> Cloud<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let (account, region) = (alert.get(Field::CloudAccount), alert.get(Field::CloudRegion));
        let provider = match alert.format {
            Format::GuardDuty | Format::CloudTrail => "AWS",
            _ => "Unknown",
        };
        (account.is_some() || region.is_some()).then_some(Self {
            provider,
            account: account.map(|uid| Account { uid }),
            region,
        })
    }
}

#[derive(Serialize)]
pub(super) struct Vulnerability<'a> {
    pub(super) cve: Cve<'a>,
}

#[derive(Serialize)]
pub(super) struct Cve<'a> {
    pub(super) uid: &'a str,
}

impl<'a> Vulnerability<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        alert.get(Field::Vulnerability).map(|uid| Self { cve: Cve { uid } })
    }
}
