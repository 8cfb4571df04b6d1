//! The names of the cells of an [`Alert`](crate::Alert).
//!
//! One list serves the rules (Sigma's `detection` names these fields), mapping files (they fill them), the table of
//! material fields, the columns of CSV output, and the evidence that a reason cites. The names are those of the
//! Elastic Common Schema, which most Sigma users and most SIEMs already know.

/// One text cell of an alert, named as in the Elastic Common Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    /// The vendor's own id of this alert.
    EventId,
    /// What the sensor or system did: `allowed`, `blocked`, an API call's name…
    EventAction,
    /// `success` or `failure`.
    EventOutcome,
    /// The vendor's severity, verbatim.
    EventSeverity,
    /// The vendor's rule id, such as a Suricata signature id.
    RuleId,
    /// The vendor's rule name.
    RuleName,
    /// The vendor's class for the rule.
    RuleCategory,
    /// Address that acted (not merely the packet's direction).
    SourceIp,
    /// Port it acted from.
    SourcePort,
    /// Name of the machine that acted, where there is no address or besides it.
    SourceDomain,
    /// ISO code or name of the country that the source is in, if the vendor says so.
    SourceCountry,
    /// Address acted upon.
    DestinationIp,
    /// Port acted upon.
    DestinationPort,
    /// Name of the machine acted upon.
    DestinationDomain,
    /// `tcp`, `udp`, `icmp`…
    Transport,
    /// `http`, `dns`, `ssh`…
    Protocol,
    /// `inbound`, `outbound`, `internal`…, as the vendor says it.
    Direction,
    /// The account that acted, or was used.
    User,
    /// The account acted upon.
    TargetUser,
    /// The machine the alert is about, as its owner names it.
    Host,
    /// URL or URL path.
    Url,
    /// HTTP method.
    HttpMethod,
    /// HTTP status.
    HttpStatus,
    /// HTTP user agent.
    UserAgent,
    /// Name asked for in DNS, or in a TLS handshake.
    DnsQuestion,
    /// A file's name or path.
    FilePath,
    /// A file's hash (MD5, SHA-1 or SHA-256, in hex).
    FileHash,
    /// Name or path of the process.
    Process,
    /// Name or path of its parent.
    ProcessParent,
    /// Its command line.
    CommandLine,
    /// Cloud account.
    CloudAccount,
    /// Cloud region.
    CloudRegion,
    /// CVE id.
    Vulnerability,
    /// Free text that says what happened.
    Message,
    /// Whose alert it is, where one installation serves several organisations.
    Tenant,
}

impl Field {
    /// How many fields there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Every field, in declaration order.
    pub const ALL: [Self; 35] = [
        Self::EventId,
        Self::EventAction,
        Self::EventOutcome,
        Self::EventSeverity,
        Self::RuleId,
        Self::RuleName,
        Self::RuleCategory,
        Self::SourceIp,
        Self::SourcePort,
        Self::SourceDomain,
        Self::SourceCountry,
        Self::DestinationIp,
        Self::DestinationPort,
        Self::DestinationDomain,
        Self::Transport,
        Self::Protocol,
        Self::Direction,
        Self::User,
        Self::TargetUser,
        Self::Host,
        Self::Url,
        Self::HttpMethod,
        Self::HttpStatus,
        Self::UserAgent,
        Self::DnsQuestion,
        Self::FilePath,
        Self::FileHash,
        Self::Process,
        Self::ProcessParent,
        Self::CommandLine,
        Self::CloudAccount,
        Self::CloudRegion,
        Self::Vulnerability,
        Self::Message,
        Self::Tenant,
    ];

    /// The field's ECS name, such as `source.ip`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventId => "event.id",
            Self::EventAction => "event.action",
            Self::EventOutcome => "event.outcome",
            Self::EventSeverity => "event.severity",
            Self::RuleId => "rule.id",
            Self::RuleName => "rule.name",
            Self::RuleCategory => "rule.category",
            Self::SourceIp => "source.ip",
            Self::SourcePort => "source.port",
            Self::SourceDomain => "source.domain",
            Self::SourceCountry => "source.geo.country_iso_code",
            Self::DestinationIp => "destination.ip",
            Self::DestinationPort => "destination.port",
            Self::DestinationDomain => "destination.domain",
            Self::Transport => "network.transport",
            Self::Protocol => "network.protocol",
            Self::Direction => "network.direction",
            Self::User => "user.name",
            Self::TargetUser => "user.target.name",
            Self::Host => "host.name",
            Self::Url => "url.full",
            Self::HttpMethod => "http.request.method",
            Self::HttpStatus => "http.response.status_code",
            Self::UserAgent => "user_agent.original",
            Self::DnsQuestion => "dns.question.name",
            Self::FilePath => "file.path",
            Self::FileHash => "file.hash",
            Self::Process => "process.name",
            Self::ProcessParent => "process.parent.name",
            Self::CommandLine => "process.command_line",
            Self::CloudAccount => "cloud.account.id",
            Self::CloudRegion => "cloud.region",
            Self::Vulnerability => "vulnerability.id",
            Self::Message => "message",
            Self::Tenant => "organization.id",
        }
    }

    /// The field of that name, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn a_field_is_found_again_by_its_name() {
        for (index, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field as usize, index);
            assert_eq!(Field::from_name(field.name()), Some(field));
        }
        assert_eq!(Field::from_name("source.ipv4"), None);
    }
}
