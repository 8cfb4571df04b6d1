//! GuardDuty findings, as they are exported to a bucket.
//!
//! Source: GuardDuty user guide, *Finding types* and *Finding details*. A finding that goes on comes again with the same
//! `id`, a later `updatedAt` and a higher `service.count`. The severities are the documented defaults.

use crate::company::{CLOUD_ACCOUNT, CLOUD_REGION};
use crate::dice::Dice;
use crate::json::Object;
use crate::moment::Moment;
use crate::record::{Product, Record};

/// What a finding is about.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// An IAM user's credentials.
    AccessKey {
        /// The user's name.
        user: &'a str,
    },
    /// An instance.
    Instance {
        /// Its id.
        id: &'a str,
        /// Its private address.
        ip: &'a str,
    },
}

/// What was done, and from where.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// An API call.
    ApiCall {
        /// The call.
        api: &'a str,
        /// The service.
        service: &'a str,
        /// Where it came from.
        remote: &'a str,
    },
    /// A connection from outside.
    Connection {
        /// Where it came from.
        remote: &'a str,
        /// The port that it went to, and its name.
        port: (u16, &'a str),
    },
    /// Probes of a port by several addresses.
    Probe {
        /// The addresses.
        remotes: &'a [String],
        /// The port, and its name.
        port: (u16, &'a str),
    },
}

/// What a finding says.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// Its type, such as `Recon:EC2/PortProbeUnprotectedPort`.
    pub kind: &'static str,
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// Its severity, 0–10.
    pub severity: f64,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// What it is about.
    pub resource: Resource<'a>,
    /// What was done.
    pub action: Action<'a>,
    /// How often it has been seen.
    pub count: u32,
    /// When it was seen first.
    pub first_seen: Moment,
}

/// A finding as it stands at a moment.
pub fn finding(dice: &mut Dice, at: Moment, finding: Finding<'_>) -> Record {
    let at = at.millis();
    let seen = at.plus(-dice.between(30, 240));
    let seen = if seen < finding.first_seen { finding.first_seen } else { seen };
    let service = Object::new()
        .with("serviceName", "guardduty")
        .with("detectorId", DETECTOR)
        .with("action", action(dice, finding.action))
        .with("resourceRole", "TARGET")
        .with("eventFirstSeen", finding.first_seen.rfc3339())
        .with("eventLastSeen", seen.rfc3339())
        .with("archived", false)
        .with("count", finding.count);
    let arn = format!(
        "arn:aws:guardduty:{CLOUD_REGION}:{CLOUD_ACCOUNT}:detector/{DETECTOR}/finding/{}",
        finding.id
    );
    let record = Object::new()
        .with("schemaVersion", "2.0")
        .with("accountId", CLOUD_ACCOUNT)
        .with("region", CLOUD_REGION)
        .with("partition", "aws")
        .with("id", finding.id)
        .with("arn", arn)
        .with("type", finding.kind)
        .with("resource", resource(dice, finding.resource))
        .with("service", service)
        .with("severity", finding.severity)
        .with("createdAt", finding.first_seen.plus(180).millis().min(at).rfc3339())
        .with("updatedAt", at.rfc3339())
        .with("title", finding.title)
        .with("description", finding.description);
    Record::new(Product::GuardDuty, at, record.line())
}

const DETECTOR: &str = "4ac1f0e27bd94c53a8a6d2f1b07e9c35";

fn resource(dice: &mut Dice, resource: Resource<'_>) -> Object {
    match resource {
        Resource::AccessKey { user } => Object::new().with("resourceType", "AccessKey").with(
            "accessKeyDetails",
            Object::new()
                .with("accessKeyId", access_key(dice))
                .with("principalId", principal(user))
                .with("userType", "IAMUser")
                .with("userName", user),
        ),
        Resource::Instance { id, ip } => Object::new().with("resourceType", "Instance").with(
            "instanceDetails",
            Object::new()
                .with("instanceId", id)
                .with("instanceType", "t3.medium")
                .with("availabilityZone", format!("{CLOUD_REGION}a"))
                .with("networkInterfaces", vec![Object::new().with("privateIpAddress", ip)]),
        ),
    }
}

fn action(dice: &mut Dice, action: Action<'_>) -> Object {
    match action {
        Action::ApiCall { api, service, remote } => Object::new().with("actionType", "AWS_API_CALL").with(
            "awsApiCallAction",
            Object::new()
                .with("api", api)
                .with("serviceName", service)
                .with("callerType", "Remote IP")
                .with("remoteIpDetails", remote_ip(remote)),
        ),
        Action::Connection { remote, port } => Object::new().with("actionType", "NETWORK_CONNECTION").with(
            "networkConnectionAction",
            Object::new()
                .with("connectionDirection", "INBOUND")
                .with("protocol", "TCP")
                .with("remoteIpDetails", remote_ip(remote))
                .with("remotePortDetails", Object::new().with("port", dice.port()))
                .with("localPortDetails", named_port(port))
                .with("blocked", false),
        ),
        Action::Probe { remotes, port } => {
            let details: Vec<_> = remotes
                .iter()
                .map(|remote| {
                    Object::new()
                        .with("localPortDetails", named_port(port))
                        .with("remoteIpDetails", remote_ip(remote))
                })
                .collect();
            Object::new().with("actionType", "PORT_PROBE").with(
                "portProbeAction",
                Object::new().with("blocked", false).with("portProbeDetails", details),
            )
        }
    }
}

fn named_port((port, name): (u16, &str)) -> Object {
    Object::new().with("port", port).with("portName", name)
}

fn remote_ip(address: &str) -> Object {
    let key = if address.contains(':') { "ipAddressV6" } else { "ipAddressV4" };
    Object::new()
        .with(key, address)
        .with("organization", Object::new().with("asn", "64496").with("asnOrg", "Example Transit"))
        .with("country", Object::new().with("countryName", "Exampleland"))
}

/// The id of a random long-lived access key.
pub fn access_key(dice: &mut Dice) -> String {
    format!("AKIA{}", dice.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))
}

/// The principal id of a user: always the same for the same name.
pub fn principal(user: &str) -> String {
    let mut id = String::from("AIDA");
    for byte in user.bytes().filter(u8::is_ascii_alphanumeric).cycle().take(17) {
        id.push(char::from(byte.to_ascii_uppercase()));
    }
    id
}
