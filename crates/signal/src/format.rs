//! The formats that alerts come in.

/// Which reader read a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Format {
    /// Suricata's `eve.json`.
    SuricataEve,
    /// Wazuh 4's `alerts.json`.
    Wazuh4,
    /// Elastic Common Schema: Wazuh 5 findings and Elastic Security alerts.
    Ecs,
    /// OCSF Detection Finding, class 2004.
    Ocsf,
    /// Zeek's JSON logs, of which `notice` are alerts.
    Zeek,
    /// Falco's JSON output.
    Falco,
    /// Hayabusa's JSON and JSONL timelines.
    Hayabusa,
    /// Chainsaw's `hunt --json`.
    Chainsaw,
    /// AWS GuardDuty findings.
    GuardDuty,
    /// AWS CloudTrail events.
    CloudTrail,
    /// Prometheus Alertmanager's webhook, version 4.
    Alertmanager,
    /// ArcSight Common Event Format, bare or in syslog.
    Cef,
    /// Anything else, through a mapping file.
    Mapped,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 13] = [
        Self::SuricataEve,
        Self::Wazuh4,
        Self::Ecs,
        Self::Ocsf,
        Self::Zeek,
        Self::Falco,
        Self::Hayabusa,
        Self::Chainsaw,
        Self::GuardDuty,
        Self::CloudTrail,
        Self::Alertmanager,
        Self::Cef,
        Self::Mapped,
    ];

    /// The name used in outputs and in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuricataEve => "suricata",
            Self::Wazuh4 => "wazuh4",
            Self::Ecs => "ecs",
            Self::Ocsf => "ocsf",
            Self::Zeek => "zeek",
            Self::Falco => "falco",
            Self::Hayabusa => "hayabusa",
            Self::Chainsaw => "chainsaw",
            Self::GuardDuty => "guardduty",
            Self::CloudTrail => "cloudtrail",
            Self::Alertmanager => "alertmanager",
            Self::Cef => "cef",
            Self::Mapped => "mapped",
        }
    }

    /// The format of that name, or `None`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}
