//! What kind of thing an alert is about.

/// The kind of an alert. Rules name it; it picks the material fields of the pattern.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Category {
    /// Guessing passwords.
    BruteForce,
    /// Taking credentials.
    CredentialAccess,
    /// One account in two places.
    ImpossibleTravel,
    /// Malicious software.
    Malware,
    /// Talking to an attacker's server.
    CommandAndControl,
    /// Attacks on web applications.
    WebAttack,
    /// Exploiting a vulnerability.
    Exploitation,
    /// Looking around from outside or inside.
    Scanning,
    /// Moving to other machines.
    LateralMovement,
    /// Gaining rights.
    PrivilegeEscalation,
    /// Running code.
    Execution,
    /// Staying.
    Persistence,
    /// Hiding.
    DefenseEvasion,
    /// Taking data out.
    Exfiltration,
    /// Destroying or denying.
    Impact,
    /// Against the rules of the house, not an attack in itself.
    Policy,
    /// Something is down or full.
    Availability,
    /// A detector saw something new.
    Anomaly,
    /// Nothing.
    Noise,
    /// No rule knows.
    #[default]
    Other,
}

impl Category {
    /// Every category, the most telling first: where several rules match, the first one listed wins.
    pub const ALL: [Self; 20] = [
        Self::Impact,
        Self::Exfiltration,
        Self::CommandAndControl,
        Self::Malware,
        Self::LateralMovement,
        Self::CredentialAccess,
        Self::PrivilegeEscalation,
        Self::DefenseEvasion,
        Self::Persistence,
        Self::Execution,
        Self::ImpossibleTravel,
        Self::Exploitation,
        Self::WebAttack,
        Self::BruteForce,
        Self::Scanning,
        Self::Policy,
        Self::Availability,
        Self::Anomaly,
        Self::Noise,
        Self::Other,
    ];

    /// The name in rules, settings and outputs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BruteForce => "brute_force",
            Self::CredentialAccess => "credential_access",
            Self::ImpossibleTravel => "impossible_travel",
            Self::Malware => "malware",
            Self::CommandAndControl => "command_and_control",
            Self::WebAttack => "web_attack",
            Self::Exploitation => "exploitation",
            Self::Scanning => "scanning",
            Self::LateralMovement => "lateral_movement",
            Self::PrivilegeEscalation => "privilege_escalation",
            Self::Execution => "execution",
            Self::Persistence => "persistence",
            Self::DefenseEvasion => "defense_evasion",
            Self::Exfiltration => "exfiltration",
            Self::Impact => "impact",
            Self::Policy => "policy",
            Self::Availability => "availability",
            Self::Anomaly => "anomaly",
            Self::Noise => "noise",
            Self::Other => "other",
        }
    }

    /// The category of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }

    /// Whether it is an attempt that anybody can make from outside, and that says nothing about its success.
    pub const fn is_attempt(self) -> bool {
        matches!(self, Self::BruteForce | Self::WebAttack | Self::Exploitation | Self::Scanning)
    }

    /// The step of an intrusion that it shows, if it shows one: attempts are all one step, what an intruder does once
    /// inside are different ones.
    pub const fn step(self) -> Option<u8> {
        Some(match self {
            Self::BruteForce | Self::WebAttack | Self::Exploitation | Self::Scanning => 0,
            Self::ImpossibleTravel => 1,
            Self::Execution => 2,
            Self::Persistence => 3,
            Self::PrivilegeEscalation => 4,
            Self::DefenseEvasion => 5,
            Self::CredentialAccess => 6,
            Self::LateralMovement => 7,
            Self::Malware => 8,
            Self::CommandAndControl => 9,
            Self::Exfiltration => 10,
            Self::Impact => 11,
            Self::Policy | Self::Availability | Self::Anomaly | Self::Noise | Self::Other => return None,
        })
    }

    /// How many steps there are.
    pub const STEPS: usize = 12;

    /// Its place in [`Category::ALL`]: the lower, the more telling.
    pub fn rank(self) -> usize {
        Self::ALL.iter().position(|&category| category == self).unwrap_or(Self::ALL.len())
    }
}
