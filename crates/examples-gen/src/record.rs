//! One record, and what the reader of the guide is told about it.

use crate::moment::Moment;

/// A line of output and the time it prints.
#[derive(Debug, Clone)]
pub struct Record {
    /// The time that the line prints, at the line's own precision.
    pub at: Moment,
    /// The record without its line break.
    pub line: String,
    /// The product that writes such records.
    pub product: Product,
    /// The part it plays in an attack, if it plays one.
    pub told: Option<Told>,
}

impl Record {
    /// A record that is part of no attack.
    pub const fn new(product: Product, at: Moment, line: String) -> Self {
        Self { at, line, product, told: None }
    }

    /// The same record as a part of an attack.
    pub const fn telling(mut self, story: Story, host: &'static str, what: &'static str) -> Self {
        self.told = Some(Told { story, host, what });
        self
    }
}

/// A record's part in an attack.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    /// Which attack.
    pub story: Story,
    /// Where it happens.
    pub host: &'static str,
    /// What happens, in a few words.
    pub what: &'static str,
}

/// What the day hides: attacks, pranks, and what only looks like an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Story {
    /// A sprayed password, then the cloud account.
    Spraying,
    /// The shop's server, from the first scan to the beacon.
    WebShell,
    /// A phished workstation, then the file server.
    Lateral,
    /// Data leaving in DNS queries.
    Tunnel,
    /// A server made ready for encryption.
    Ransom,
    /// Texts aimed at whoever, or whatever, reads the alerts.
    Mischief,
    /// No attack: single alerts that look like one.
    Harmless,
}

impl Story {
    /// Every story, in the order of the guide.
    pub const ALL: [Self; 7] = [
        Self::Spraying,
        Self::WebShell,
        Self::Lateral,
        Self::Tunnel,
        Self::Ransom,
        Self::Mischief,
        Self::Harmless,
    ];

    /// Its heading in the guide.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Spraying => "A sprayed password opens the VPN, then the cloud account",
            Self::WebShell => "The shop server: scan, exploit, web shell, reverse shell, beacon",
            Self::Lateral => "A phished workstation: credentials dumped, then the file server",
            Self::Tunnel => "A lab computer leaks through DNS, hours apart",
            Self::Ransom => "A server is made ready for encryption",
            Self::Mischief => "Texts aimed at the reader of alerts",
            Self::Harmless => "Looks bad, and is not",
        }
    }
}

/// The products whose records the day holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Product {
    /// Suricata EVE.
    Suricata,
    /// Wazuh 4.
    Wazuh,
    /// Zeek.
    Zeek,
    /// Falco.
    Falco,
    /// Hayabusa.
    Hayabusa,
    /// GuardDuty.
    GuardDuty,
    /// CloudTrail.
    CloudTrail,
    /// Alertmanager.
    Alertmanager,
    /// OCSF Detection Finding.
    Ocsf,
    /// Elastic Security.
    Elastic,
    /// CEF in syslog.
    Cef,
}

impl Product {
    /// Every product, in the order of the guide.
    pub const ALL: [Self; 11] = [
        Self::Suricata,
        Self::Wazuh,
        Self::Zeek,
        Self::Falco,
        Self::Hayabusa,
        Self::GuardDuty,
        Self::CloudTrail,
        Self::Alertmanager,
        Self::Ocsf,
        Self::Elastic,
        Self::Cef,
    ];

    /// Its name in the guide.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suricata => "Suricata EVE",
            Self::Wazuh => "Wazuh 4",
            Self::Zeek => "Zeek",
            Self::Falco => "Falco",
            Self::Hayabusa => "Hayabusa",
            Self::GuardDuty => "GuardDuty",
            Self::CloudTrail => "CloudTrail",
            Self::Alertmanager => "Alertmanager",
            Self::Ocsf => "OCSF 2004",
            Self::Elastic => "Elastic Security (ECS)",
            Self::Cef => "CEF in syslog",
        }
    }
}
