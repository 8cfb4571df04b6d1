//! The field sets of ECS that an alert's cells go into.

use crate::write::ndjson::cell::{self, HashKind, Present};
use crate::{Alert, Field};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
pub(super) struct Name<'a> {
    pub(super) name: &'a str,
}

#[derive(Serialize)]
pub(super) struct Id<'a> {
    pub(super) id: &'a str,
}

#[derive(Serialize)]
pub(super) struct Original<'a> {
    pub(super) original: &'a str,
}

#[derive(Serialize)]
pub(super) struct Dns<'a> {
    pub(super) question: Name<'a>,
}

/// `source` and `destination`.
#[derive(Serialize)]
pub(super) struct Endpoint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo: Option<Geo<'a>>,
}

/// A country by its code, or by its name.
#[derive(Serialize)]
struct Geo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    country_iso_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_name: Option<&'a str>,
}

impl<'a> Endpoint<'a> {
    pub(super) fn source(alert: &'a Alert<'_>) -> Option<Self> {
        let geo = alert.get(Field::SourceCountry).map(|text| {
            let code = cell::is_country_code(text).then_some(text);
            Geo { country_iso_code: code, country_name: if code.is_none() { Some(text) } else { None } }
        });
        Self { geo, ..Self::at(alert, Field::SourceIp, Field::SourcePort, Field::SourceDomain) }.filled()
    }

    pub(super) fn destination(alert: &'a Alert<'_>) -> Option<Self> {
        Self::at(alert, Field::DestinationIp, Field::DestinationPort, Field::DestinationDomain).filled()
    }

    fn at(alert: &'a Alert<'_>, ip: Field, port: Field, domain: Field) -> Self {
        let (ip, domain) = (alert.get(ip), alert.get(domain));
        Self {
            address: ip.or(domain),
            ip: ip.filter(|text| cell::is_address(text)),
            port: cell::number(alert, port),
            domain,
            geo: None,
        }
    }

    fn filled(self) -> Option<Self> {
        (self.address.is_some() || self.port.is_some() || self.geo.is_some()).then_some(self)
    }
}

#[derive(Serialize)]
pub(super) struct Network<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<Lower<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Lower<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<&'static str>,
}

/// The direction, if it is one of the values that ECS expects.
pub(super) fn direction(text: &str) -> Option<&'static str> {
    const DIRECTIONS: [&str; 7] =
        ["ingress", "egress", "inbound", "outbound", "internal", "external", "unknown"];
    DIRECTIONS.into_iter().find(|word| word.eq_ignore_ascii_case(text))
}

impl<'a> Network<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let network = Self {
            transport: alert.get(Field::Transport).map(Lower),
            protocol: alert.get(Field::Protocol).map(Lower),
            direction: alert.get(Field::Direction).and_then(direction),
        };
        let filled = network.transport.is_some() || network.protocol.is_some() || network.direction.is_some();
        filled.then_some(network)
    }
}

/// ECS wants these in lower case, so that they can be searched for.
struct Lower<'a>(&'a str);

impl Serialize for Lower<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.bytes().any(|byte| byte.is_ascii_uppercase()) {
            serializer.serialize_str(&self.0.to_ascii_lowercase())
        } else {
            serializer.serialize_str(self.0)
        }
    }
}

#[derive(Serialize)]
pub(super) struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Name<'a>>,
}

impl<'a> User<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let name = alert.get(Field::User);
        let target = alert.get(Field::TargetUser).map(|name| Name { name });
        (name.is_some() || target.is_some()).then_some(Self { name, target })
    }
}

#[derive(Serialize)]
pub(super) struct Process<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executable: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command_line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Parent<'a>>,
}

#[derive(Serialize)]
struct Parent<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    executable: Option<&'a str>,
}

impl<'a> Process<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let (process, command_line) = (alert.get(Field::Process), alert.get(Field::CommandLine));
        let parent = alert.get(Field::ProcessParent);
        let known = process.is_some() || command_line.is_some() || parent.is_some();
        known.then(|| Self {
            name: process.map(cell::last_part),
            executable: process.filter(|text| cell::is_path(text)),
            command_line,
            parent: parent.map(|parent| Parent {
                name: cell::last_part(parent),
                executable: Some(parent).filter(|text| cell::is_path(text)),
            }),
        })
    }
}

#[derive(Serialize)]
pub(super) struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<Hash<'a>>,
}

#[derive(Serialize)]
enum Hash<'a> {
    #[serde(rename = "md5")]
    Md5(&'a str),
    #[serde(rename = "sha1")]
    Sha1(&'a str),
    #[serde(rename = "sha256")]
    Sha256(&'a str),
}

impl<'a> File<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let path = alert.get(Field::FilePath);
        let hash = alert.get(Field::FileHash).and_then(|text| {
            Some(match HashKind::of(text)? {
                HashKind::Md5 => Hash::Md5(text),
                HashKind::Sha1 => Hash::Sha1(text),
                HashKind::Sha256 => Hash::Sha256(text),
            })
        });
        (path.is_some() || hash.is_some()).then(|| Self {
            name: path.map(cell::last_part),
            path: path.filter(|text| cell::is_path(text)),
            hash,
        })
    }
}

/// `original` is what was seen, be it a URL or its path; the others are one of the two.
#[derive(Serialize)]
pub(super) struct Url<'a> {
    original: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    full: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

impl<'a> Url<'a> {
    pub(super) fn of(original: &'a str) -> Self {
        let full = original.contains("://").then_some(original);
        // `url.path` holds no query.
        let path = original.starts_with('/').then(|| original.split(['?', '#']).next().unwrap_or(original));
        Self { original, full, path }
    }
}

#[derive(Serialize)]
pub(super) struct Http<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
}

#[derive(Serialize)]
struct Request<'a> {
    method: &'a str,
}

#[derive(Serialize)]
struct Response {
    status_code: u16,
}

impl<'a> Http<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let request = alert.get(Field::HttpMethod).map(|method| Request { method });
        let response = cell::number(alert, Field::HttpStatus).map(|status_code| Response { status_code });
        (request.is_some() || response.is_some()).then_some(Self { request, response })
    }
}

#[derive(Serialize)]
pub(super) struct Cloud<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
}

impl<'a> Cloud<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let account = alert.get(Field::CloudAccount).map(|id| Id { id });
        let region = alert.get(Field::CloudRegion);
        (account.is_some() || region.is_some()).then_some(Self { account, region })
    }
}

/// What to pivot on, wherever in the document it stands.
#[derive(Serialize)]
pub(super) struct Related<'a> {
    #[serde(skip_serializing_if = "Present::is_empty")]
    ip: Present<&'a str, 2>,
    #[serde(skip_serializing_if = "Present::is_empty")]
    user: Present<&'a str, 2>,
    #[serde(skip_serializing_if = "Present::is_empty")]
    hosts: Present<&'a str, 3>,
    #[serde(skip_serializing_if = "Present::is_empty")]
    hash: Present<&'a str, 1>,
}

impl<'a> Related<'a> {
    pub(super) fn of(alert: &'a Alert<'_>) -> Option<Self> {
        let address = |field| alert.get(field).filter(|text| cell::is_address(text));
        let related = Self {
            ip: Present(distinct([address(Field::SourceIp), address(Field::DestinationIp)])),
            user: Present(distinct([alert.get(Field::User), alert.get(Field::TargetUser)])),
            hosts: Present(distinct([
                alert.get(Field::Host),
                alert.get(Field::SourceDomain),
                alert.get(Field::DestinationDomain),
            ])),
            hash: Present([alert.get(Field::FileHash).filter(|text| HashKind::of(text).is_some())]),
        };
        let filled = !related.ip.is_empty()
            || !related.user.is_empty()
            || !related.hosts.is_empty()
            || !related.hash.is_empty();
        filled.then_some(related)
    }
}

/// The same texts, each once.
fn distinct<const N: usize>(mut texts: [Option<&str>; N]) -> [Option<&str>; N] {
    for index in 1..N {
        if texts[..index].contains(&texts[index]) {
            texts[index] = None;
        }
    }
    texts
}
