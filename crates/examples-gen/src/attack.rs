//! The ATT&CK techniques that the records name, with the names that products print beside the ids.
//!
//! Source: MITRE ATT&CK for Enterprise, v16. A technique of several tactics stands under the one that the day uses it
//! for.

/// A technique.
#[derive(Debug, Clone, Copy)]
pub struct Technique {
    /// Its id, such as `T1110.003`.
    pub id: &'static str,
    /// Its name, without the parent's.
    pub name: &'static str,
    /// The tactic's id, such as `TA0006`.
    pub tactic_id: &'static str,
    /// The tactic's name.
    pub tactic: &'static str,
}

const UNKNOWN: Technique = technique("T0000", "", "", "");

const TECHNIQUES: [Technique; 44] = [
    technique("T1003", "OS Credential Dumping", "TA0006", "Credential Access"),
    technique("T1003.001", "LSASS Memory", "TA0006", "Credential Access"),
    technique("T1021", "Remote Services", "TA0008", "Lateral Movement"),
    technique("T1021.002", "SMB/Windows Admin Shares", "TA0008", "Lateral Movement"),
    technique("T1021.004", "SSH", "TA0008", "Lateral Movement"),
    technique("T1033", "System Owner/User Discovery", "TA0007", "Discovery"),
    technique("T1039", "Data from Network Shared Drive", "TA0009", "Collection"),
    technique("T1040", "Network Sniffing", "TA0006", "Credential Access"),
    technique("T1046", "Network Service Discovery", "TA0007", "Discovery"),
    technique("T1048", "Exfiltration Over Alternative Protocol", "TA0010", "Exfiltration"),
    technique("T1052", "Exfiltration Over Physical Medium", "TA0010", "Exfiltration"),
    technique("T1052.001", "Exfiltration over USB", "TA0010", "Exfiltration"),
    technique("T1053", "Scheduled Task/Job", "TA0003", "Persistence"),
    technique("T1053.005", "Scheduled Task", "TA0003", "Persistence"),
    technique("T1059", "Command and Scripting Interpreter", "TA0002", "Execution"),
    technique("T1059.001", "PowerShell", "TA0002", "Execution"),
    technique("T1059.004", "Unix Shell", "TA0002", "Execution"),
    technique("T1069", "Permission Groups Discovery", "TA0007", "Discovery"),
    technique("T1069.002", "Domain Groups", "TA0007", "Discovery"),
    technique("T1070", "Indicator Removal", "TA0005", "Defense Evasion"),
    technique("T1070.001", "Clear Windows Event Logs", "TA0005", "Defense Evasion"),
    technique("T1071", "Application Layer Protocol", "TA0011", "Command and Control"),
    technique("T1071.001", "Web Protocols", "TA0011", "Command and Control"),
    technique("T1071.004", "DNS", "TA0011", "Command and Control"),
    technique("T1078", "Valid Accounts", "TA0001", "Initial Access"),
    technique("T1078.004", "Cloud Accounts", "TA0001", "Initial Access"),
    technique("T1110", "Brute Force", "TA0006", "Credential Access"),
    technique("T1110.001", "Password Guessing", "TA0006", "Credential Access"),
    technique("T1110.003", "Password Spraying", "TA0006", "Credential Access"),
    technique("T1133", "External Remote Services", "TA0001", "Initial Access"),
    technique("T1136.001", "Local Account", "TA0003", "Persistence"),
    technique("T1190", "Exploit Public-Facing Application", "TA0001", "Initial Access"),
    technique("T1204.002", "Malicious File", "TA0002", "Execution"),
    technique("T1486", "Data Encrypted for Impact", "TA0040", "Impact"),
    technique("T1489", "Service Stop", "TA0040", "Impact"),
    technique("T1490", "Inhibit System Recovery", "TA0040", "Impact"),
    technique("T1505.003", "Web Shell", "TA0003", "Persistence"),
    technique("T1543.003", "Windows Service", "TA0003", "Persistence"),
    technique("T1547", "Boot or Logon Autostart Execution", "TA0003", "Persistence"),
    technique("T1547.001", "Registry Run Keys / Startup Folder", "TA0003", "Persistence"),
    technique("T1548.003", "Sudo and Sudo Caching", "TA0004", "Privilege Escalation"),
    technique("T1565.001", "Stored Data Manipulation", "TA0040", "Impact"),
    technique("T1569.002", "Service Execution", "TA0002", "Execution"),
    technique("T1570", "Lateral Tool Transfer", "TA0008", "Lateral Movement"),
];

const fn technique(
    id: &'static str,
    name: &'static str,
    tactic_id: &'static str,
    tactic: &'static str,
) -> Technique {
    Technique { id, name, tactic_id, tactic }
}

/// The technique of that id. One that the table lacks comes out as `T0000`, which a test looks for.
pub fn technique_of(id: &str) -> Technique {
    TECHNIQUES.into_iter().find(|technique| technique.id == id).unwrap_or(UNKNOWN)
}

/// The technique that a sub-technique belongs to; a technique is its own.
pub fn parent_of(technique: Technique) -> Technique {
    technique.id.split_once('.').map_or(technique, |(parent, _)| technique_of(parent))
}
