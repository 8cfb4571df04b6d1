//! The starter rules, one file per category.

/// File names and texts.
pub(super) const FILES: [(&str, &str); 19] = [
    ("anomaly.yml", include_str!("../../rules/anomaly.yml")),
    ("availability.yml", include_str!("../../rules/availability.yml")),
    ("brute_force.yml", include_str!("../../rules/brute_force.yml")),
    ("command_and_control.yml", include_str!("../../rules/command_and_control.yml")),
    ("credential_access.yml", include_str!("../../rules/credential_access.yml")),
    ("defense_evasion.yml", include_str!("../../rules/defense_evasion.yml")),
    ("execution.yml", include_str!("../../rules/execution.yml")),
    ("exfiltration.yml", include_str!("../../rules/exfiltration.yml")),
    ("exploitation.yml", include_str!("../../rules/exploitation.yml")),
    ("impact.yml", include_str!("../../rules/impact.yml")),
    ("impossible_travel.yml", include_str!("../../rules/impossible_travel.yml")),
    ("lateral_movement.yml", include_str!("../../rules/lateral_movement.yml")),
    ("malware.yml", include_str!("../../rules/malware.yml")),
    ("noise.yml", include_str!("../../rules/noise.yml")),
    ("persistence.yml", include_str!("../../rules/persistence.yml")),
    ("policy.yml", include_str!("../../rules/policy.yml")),
    ("privilege_escalation.yml", include_str!("../../rules/privilege_escalation.yml")),
    ("scanning.yml", include_str!("../../rules/scanning.yml")),
    ("web_attack.yml", include_str!("../../rules/web_attack.yml")),
];
